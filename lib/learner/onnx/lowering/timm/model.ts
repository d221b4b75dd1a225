import type { Expression } from '../expression.js';
import type { Scope } from '../scope.js';
import type { LoweringFamily } from '../lowering.js';

/** Names of children that are called in turn, or a computation. */
export type Stage = readonly string[] | ((m: Scope, x: Expression) => Expression);

/** A model of timm: what fastai takes of it to put its own head on, and the rest. */
export interface TimmModel {
  /** Undefined for models whose features are no single tensor. */
  readonly features: Stage | undefined;
  readonly head: Stage;
}

/** Models and the blocks they are made of. */
export interface TimmFamily {
  readonly models: readonly (readonly [className: string, model: TimmModel])[];
  readonly blocks: LoweringFamily['lowerings'];
}

export function runStage(m: Scope, x: Expression, stage: Stage): Expression {
  return typeof stage === 'function' ? stage(m, x) : m.run(x, ...stage);
}

/** `timm.models.` names of classes of one module. */
export function modelNames(module: string, ...classes: readonly string[]): string[] {
  return classes.map((name) => `timm.models.${module}.${name}`);
}

/** `timm.models.<module>.<class>`. */
export function model(
  module: string,
  name: string,
  features: Stage,
  head: Stage,
): TimmFamily['models'][number] {
  return [`timm.models.${module}.${name}`, { features, head }];
}

/** A model whose features cannot be had without its head. */
export function wholeModel(
  module: string,
  name: string,
  compute: Stage,
): TimmFamily['models'][number] {
  return [`timm.models.${module}.${name}`, { features: undefined, head: compute }];
}
