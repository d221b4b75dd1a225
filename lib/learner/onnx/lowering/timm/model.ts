import type { Lowering } from '../context.js';
import type { Expression } from '../expression.js';
import { forward } from '../forward.js';
import type { Scope } from '../scope.js';

/** Names of children that are called in turn, or a computation. */
export type Stage = string | ((m: Scope, x: Expression) => Expression);

/** A whole model, and the part of it to which fastai adds its own head. */
export interface TimmModel extends Lowering {
  readonly features: Stage;
}

export function runStage(m: Scope, x: Expression, stage: Stage): Expression {
  return typeof stage === 'function' ? stage(m, x) : m.run(x, stage);
}

export function model(features: Stage, head: Stage): TimmModel {
  const whole = forward((m, x) => runStage(m, runStage(m, x, features), head));
  return Object.assign(whole, { features });
}

/** The mean over the positions after the tokens, or the first token. */
export function tokenOrMean(m: Scope, x: Expression, tokens?: number): Expression {
  // Before timm 0.5, this was the only way.
  const kind = m.attr('global_pool') ?? 'token';
  if (kind === 'token') return x.select(1, 0);
  m.require(kind === 'avg', `it pools by "${String(kind)}"`);
  const prefix = tokens ?? m.int('num_prefix_tokens');
  return (prefix > 0 ? x.slice(1, prefix) : x).mean([1]);
}

/** That, and the head. */
export const tokenHead = (m: Scope, x: Expression): Expression => m.run(tokenOrMean(m, x), 'head');

/** A head over the mean of some dimensions, the only supported pooling. */
export const meanHead =
  (...axes: readonly number[]) =>
  (m: Scope, x: Expression): Expression => {
    m.expectAttrs({ global_pool: 'avg' });
    return m.run(x.mean(axes), 'head');
  };
