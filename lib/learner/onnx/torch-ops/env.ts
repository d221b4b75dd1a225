import type { Context } from '../../python/context.js';
import type { Kwargs, Tuple, Value } from '../../python/values.js';
import type { RawArray } from '../dtype.js';
import type { Value as GraphValue } from '../graph.js';
import type { GraphBuilder } from '../graph-builder.js';
import type { DeviceValue } from './dtypes.js';
import type { Operand } from './promotion.js';
import type { Size } from './size.js';
import type { TensorValue, TorchDType } from './tensor-value.js';

/** The functions that an operation of the tables may use. */
export interface TorchEnv {
  readonly ctx: Context;
  readonly graph: GraphBuilder;
  /**
   * A tensor with a value of the graph. The value is cast if its type is not the one that
   * represents `dtype`.
   */
  tensor(value: GraphValue, dtype: TorchDType): TensorValue;
  /** A tensor with the given elements. */
  constant(
    data: RawArray | readonly number[],
    dtype: TorchDType,
    dims: readonly number[],
  ): TensorValue;
  /** An operation of the tables by its qualified name: `torch.add`, `Tensor.view`. */
  apply(name: string, args: readonly Value[], kwargs?: Kwargs): Value;
  /** The same for an operation that returns one tensor. */
  tensorOf(name: string, args: readonly Value[], kwargs?: Kwargs): TensorValue;
  /** Whether the tables have an operation with that name. */
  knows(name: string): boolean;

  isOperand(value: Value | undefined): value is Operand;
  /**
   * A tensor, or a Python number as a value of rank 0, in the type that represents `dtype`.
   * Elementwise operations use it for their operands, once `resultType(...)` gave the type.
   */
  operand(value: Operand, dtype: TorchDType): GraphValue;
  /** The tensor's value as another type, converted as in torch. */
  cast(tensor: TensorValue, dtype: TorchDType): TensorValue;

  sizeOf(tensor: TensorValue, axis: number): Size;
  sizes(tensor: TensorValue): Size[];
  /** `x.shape`. */
  sizeTuple(tensor: TensorValue): Tuple;
  /** An int64 vector of the graph for a shape. It keeps -1 and known sizes. */
  shape(sizes: readonly Size[]): GraphValue;
  /** As an int64 value of rank 0. */
  sizeScalar(size: Size): GraphValue;
  /**
   * `Reshape`, with sizes that are known afterwards; one may be -1. Also works on a value of
   * another dtype.
   */
  reshape(value: GraphValue, sizes: readonly Size[]): GraphValue;
  /** `Expand` to the given sizes, without any -1. */
  expand(value: GraphValue, sizes: readonly Size[]): GraphValue;
  /** The value with the sizes that the caller knows. */
  withSizes(value: GraphValue, sizes: readonly Size[]): GraphValue;

  /** `x[key]`. */
  getItem(tensor: TensorValue, key: Value): Value;
  /** `x[key] = value`. */
  setItem(tensor: TensorValue, key: Value, value: Value): void;

  /** Whether a frozen tensor may be written to, because it is set again before each call. */
  mayWrite?(tensor: TensorValue): boolean;

  /** `cpu`. */
  readonly device: DeviceValue;
}
