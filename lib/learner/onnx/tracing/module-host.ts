import type { Context } from '../../python/context.js';
import type { Builtin, Instance, Kwargs, NativeClass, Value } from '../../python/values.js';
import type { Module } from '../../torch/module.js';
import type { TensorValue } from '../torch-ops/tensor-value.js';

/** The functions that methods of modules need from their program. */
export interface ModuleHost {
  /** The module of the file for an instance. */
  moduleOf(ctx: Context, self: Value): Module;
  instanceOf(module: Module): Instance;
  /** A parameter or buffer; undefined if it is None. */
  tensorOf(module: Module, name: string): TensorValue | null;
  /** The forward of a class with a lowering. */
  knownForward(className: string): Builtin;
  /** `reset()` of fastai's classes that keep a state. */
  readonly knownReset: Builtin;
  /** The effect of `nn.Softmax(dim=1)` in code; undefined if unknown. */
  constructorOf(className: string): NativeClass | undefined;
  /** A `Sequential` or `ModuleList` of modules: part of another, or made by code. */
  listOf(ctx: Context, className: string, modules: readonly Value[]): Value;
  /** `module(...)`: hooks and forward. */
  call(ctx: Context, self: Instance, args: readonly Value[], kwargs: Kwargs): Value;
  /** `module.name = value`. */
  write(ctx: Context, self: Instance, name: string, value: Value): void;
}
