import type { Context } from '../../python/context.js';
import type { Builtin, Instance, Kwargs, NativeClass, Value } from '../../python/values.js';
import type { Module } from '../../torch/module.js';
import type { TensorValue } from '../torch-ops/tensor-value.js';

/** What the methods of modules need of the program that they are in. */
export interface ModuleHost {
  /** The module of the file that an instance stands for. */
  moduleOf(ctx: Context, self: Value): Module;
  instanceOf(module: Module): Instance;
  /** A parameter or buffer; undefined where it is None. */
  tensorOf(module: Module, name: string): TensorValue | null;
  /** The forward of a class that has a lowering. */
  knownForward(className: string): Builtin;
  /** What `nn.Softmax(dim=1)` does in code; undefined where that is not known. */
  constructorOf(className: string): NativeClass | undefined;
  /** A `Sequential` or `ModuleList` of modules: a part of another, or made by code. */
  listOf(ctx: Context, className: string, modules: readonly Value[]): Value;
  /** `module(...)`: hooks and forward. */
  call(ctx: Context, self: Instance, args: readonly Value[], kwargs: Kwargs): Value;
  /** `module.name = value`. */
  write(ctx: Context, self: Instance, name: string, value: Value): void;
}
