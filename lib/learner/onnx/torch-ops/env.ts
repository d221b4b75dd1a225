import type { Context } from '../../python/context.js';
import type { Kwargs, Tuple, Value } from '../../python/values.js';
import type { RawArray } from '../dtype.js';
import type { Value as GraphValue } from '../graph.js';
import type { GraphBuilder } from '../graph-builder.js';
import type { DeviceValue } from './dtypes.js';
import type { Operand } from './promotion.js';
import type { Size } from './size.js';
import type { TensorValue, TorchDType } from './tensor-value.js';

/** What an operation of the tables may use. */
export interface TorchEnv {
  readonly ctx: Context;
  readonly graph: GraphBuilder;
  /** A tensor of a graph's value, which is cast where its type is not the one that stands for `dtype`. */
  tensor(value: GraphValue, dtype: TorchDType): TensorValue;
  /** A tensor of given elements. */
  constant(
    data: RawArray | readonly number[],
    dtype: TorchDType,
    dims: readonly number[],
  ): TensorValue;
  /** An operation of the tables by its qualified name: `torch.add`, `Tensor.view`. */
  apply(name: string, args: readonly Value[], kwargs?: Kwargs): Value;
  /** The same where it gives one tensor. */
  tensorOf(name: string, args: readonly Value[], kwargs?: Kwargs): TensorValue;
  /** Whether the tables have an operation of that name. */
  knows(name: string): boolean;

  isOperand(value: Value | undefined): value is Operand;
  /**
   * A tensor, or a number of Python as a value of rank 0, of the type that stands for `dtype`:
   * operands of an elementwise operation after `resultType(...)` was asked.
   */
  operand(value: Operand, dtype: TorchDType): GraphValue;
  /** The tensor's value as another type, converted as torch does. */
  cast(tensor: TensorValue, dtype: TorchDType): TensorValue;

  sizeOf(tensor: TensorValue, axis: number): Size;
  sizes(tensor: TensorValue): Size[];
  /** `x.shape`. */
  sizeTuple(tensor: TensorValue): Tuple;
  /** An int64 vector of the graph for a shape; -1 and known sizes as they are. */
  shape(sizes: readonly Size[]): GraphValue;
  /** As an int64 value of rank 0. */
  sizeScalar(size: Size): GraphValue;
  /** `Reshape`, with the sizes known afterwards; one may be -1. Of another dtype's value too. */
  reshape(value: GraphValue, sizes: readonly Size[]): GraphValue;
  /** `Expand` to sizes, all given. */
  expand(value: GraphValue, sizes: readonly Size[]): GraphValue;
  /** The value with the sizes that its maker knows. */
  withSizes(value: GraphValue, sizes: readonly Size[]): GraphValue;

  /** `x[key]`. */
  getItem(tensor: TensorValue, key: Value): Value;
  /** `x[key] = value`. */
  setItem(tensor: TensorValue, key: Value, value: Value): void;

  /** `cpu`. */
  readonly device: DeviceValue;
}
