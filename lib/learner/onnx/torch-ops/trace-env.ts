import type { Context } from '../../python/context.js';
import { NO_KWARGS, Tuple, type Kwargs, type Value } from '../../python/values.js';
import type { RawArray } from '../dtype.js';
import type { GraphBuilder } from '../graph-builder.js';
import type { Dim, Value as GraphValue } from '../graph.js';
import { CPU } from './dtypes.js';
import type { TorchEnv } from './env.js';
import { graphDType, isFloating, isOperand, type Operand } from './promotion.js';
import { SymFloat, SymSize, valueOf, type Size } from './size.js';
import { applyOperation, knowsOperation } from './tables.js';
import { getItem, setItem } from './indexing.js';
import { TensorValue, type TorchDType } from './tensor-value.js';

/** The operations on one graph. */
export class TraceEnv implements TorchEnv {
  readonly device = CPU;
  mayWrite?: (tensor: TensorValue) => boolean;
  /** Sizes by the names that they have in shapes. */
  readonly #named = new Map<string, SymSize>();

  constructor(
    readonly ctx: Context,
    readonly graph: GraphBuilder,
  ) {}

  tensor(value: GraphValue, dtype: TorchDType): TensorValue {
    const wanted = graphDType(dtype);
    const cast = value.dtype === wanted ? value : this.graph.op('Cast', [value], { to: wanted });
    return new TensorValue(this.#named_(cast), dtype, this);
  }

  /** Names the unknown sizes, so that values computed from it refer to them. */
  #named_(value: GraphValue): GraphValue {
    const { shape } = value;
    if (!shape?.includes(null)) return value;
    return this.graph.assume(
      value,
      shape.map((dim, axis) => dim ?? `${value.name}.${axis}`),
    );
  }

  constant(
    data: RawArray | readonly number[],
    dtype: TorchDType,
    dims: readonly number[],
  ): TensorValue {
    return this.tensor(this.graph.constant(data, graphDType(dtype), dims), dtype);
  }

  apply(name: string, args: readonly Value[], kwargs: Kwargs = NO_KWARGS): Value {
    return applyOperation(this, name, args, kwargs);
  }

  tensorOf(name: string, args: readonly Value[], kwargs: Kwargs = NO_KWARGS): TensorValue {
    const result = this.apply(name, args, kwargs);
    if (result instanceof TensorValue) return result;
    throw this.ctx.unsupported(`${name} does not return a tensor`);
  }

  knows(name: string): boolean {
    return knowsOperation(name);
  }

  isOperand(value: Value | undefined): value is Operand {
    return isOperand(value);
  }

  operand(value: Operand, dtype: TorchDType): GraphValue {
    const { graph } = this;
    const wanted = graphDType(dtype);
    if (value instanceof TensorValue) return this.cast(value, dtype).value;
    if (value instanceof SymFloat) {
      const scalar = graph.op('Squeeze', [value.emit(), graph.axes(0)]);
      return wanted === 'float64' ? scalar : graph.op('Cast', [scalar], { to: wanted });
    }
    if (value instanceof SymSize) {
      const scalar = this.sizeScalar(value);
      return wanted === 'int64' ? scalar : graph.op('Cast', [scalar], { to: wanted });
    }
    const number = Number(value);
    if (dtype === 'bool') return graph.scalar(Number(number !== 0), 'bool');
    return graph.scalar(isFloating(dtype) ? number : Math.trunc(number), wanted);
  }

  cast(tensor: TensorValue, dtype: TorchDType): TensorValue {
    if (tensor.dtype === dtype) return tensor;
    const { graph } = this;
    const { value } = tensor;
    const wanted = graphDType(dtype);
    if (value.known && value.known.length <= 16) {
      const elements = value.known.map((element) => converted(element, dtype));
      return this.constant(elements, dtype, value.shape as number[]);
    }
    if (dtype === 'int16' && tensor.dtype !== 'int8' && tensor.dtype !== 'uint8') {
      if (tensor.dtype !== 'bool') throw this.ctx.unsupported(`a cast of ${tensor.dtype} to int16`);
    }
    return this.tensor(
      value.dtype === wanted ? value : graph.op('Cast', [value], { to: wanted }),
      dtype,
    );
  }

  sizeOf(tensor: TensorValue, axis: number): Size {
    const { rank } = tensor;
    const at = axis < 0 ? axis + rank : axis;
    if (at < 0 || at >= rank) {
      throw this.ctx.raise(
        'IndexError',
        `Dimension out of range (expected to be in range of [${-rank}, ${rank - 1}], but got ${axis})`,
      );
    }
    return this.#sizeOf(tensor.value, at);
  }

  #sizeOf(value: GraphValue, axis: number): Size {
    const dim = value.shape?.[axis] ?? null;
    if (typeof dim === 'number') return dim;
    const name = dim ?? `${value.name}.${axis}`;
    let size = this.#named.get(name);
    if (!size) {
      size = SymSize.of(this.graph, {
        key: name,
        dims: new Set([name]),
        least: this.graph.isInputDim(name) ? 1 : 0,
        emit: () => this.graph.op('Shape', [value], { start: axis, end: axis + 1 }),
      });
      this.#named.set(name, size);
    }
    return size;
  }

  sizes(tensor: TensorValue): Size[] {
    return Array.from({ length: tensor.rank }, (_, axis) => this.sizeOf(tensor, axis));
  }

  sizeTuple(tensor: TensorValue): Tuple {
    return new Tuple(this.sizes(tensor).map(valueOf));
  }

  shape(sizes: readonly Size[]): GraphValue {
    const { graph } = this;
    if (sizes.every((size) => typeof size === 'number')) return graph.axes(...sizes);
    const parts: GraphValue[] = [];
    let known: number[] = [];
    for (const size of sizes) {
      if (typeof size === 'number') {
        known.push(size);
        continue;
      }
      if (known.length > 0) parts.push(graph.axes(...known));
      known = [];
      parts.push(size.emit());
    }
    if (known.length > 0) parts.push(graph.axes(...known));
    return parts.length === 1 ? parts[0]! : graph.op('Concat', parts, { axis: 0 });
  }

  sizeScalar(size: Size): GraphValue {
    const { graph } = this;
    return typeof size === 'number'
      ? graph.scalar(size, 'int64')
      : graph.op('Squeeze', [size.emit(), graph.axes(0)]);
  }

  reshape(value: GraphValue, wanted: readonly Size[]): GraphValue {
    const { graph, ctx } = this;
    const from = value.shape?.map((_, axis) => this.#sizeOf(value, axis));
    const open = wanted.indexOf(-1);
    if (open !== wanted.lastIndexOf(-1)) {
      throw ctx.raise('RuntimeError', 'only one dimension can be inferred');
    }
    const sizes = [...wanted];
    const total = from && SymSize.product(from);
    if (open >= 0 && total !== undefined) {
      const rest = SymSize.product(sizes.filter((_, i) => i !== open));
      if (typeof rest === 'number' && typeof total === 'number') {
        if (rest === 0 || total % rest !== 0) throw this.#shapeError(sizes, total);
        sizes[open] = total / rest;
      } else if (rest !== 0) {
        sizes[open] = SymSize.floorDiv(total, rest);
      }
    }
    const exact = total !== undefined && SymSize.equal(total, SymSize.product(sizes));
    if (exact === false) throw this.#shapeError(wanted, total!);
    if (from && sameSizes(from, sizes)) return value;
    const target = this.#target(from, sizes, open, exact === true);
    // 0 keeps a size in `Reshape`; with `allowzero` it means a size of 0.
    const zero = sizes.includes(0) ? { allowzero: 1 } : {};
    const reshaped = graph.op('Reshape', [value, target], zero);
    return this.withSizes(reshaped, sizes);
  }

  #shapeError(sizes: readonly Size[], total: Size): Error {
    const text = sizes.map((size) => (typeof size === 'number' ? size : size.expression));
    const count = typeof total === 'number' ? total : total.expression;
    return this.ctx.raise(
      'RuntimeError',
      `shape '[${text.join(', ')}]' is invalid for input of size ${count}`,
    );
  }

  /** The target shape with as little to compute as possible: 0 keeps a size, and -1 is inferred. */
  #target(
    from: readonly Size[] | undefined,
    sizes: readonly Size[],
    open: number,
    exact: boolean,
  ): GraphValue {
    const zero = sizes.some((size) => size === 0);
    if (zero) return this.shape(sizes);
    const kept = sizes.map((size, i): Size => {
      const same = typeof size !== 'number' && from?.[i] !== undefined && equals(from[i], size);
      return same ? 0 : size;
    });
    // A size is inferred only if the others are known to divide the total.
    if (open >= 0) kept[open] = -1;
    else if (exact) {
      const unknown = kept.findIndex((size) => typeof size !== 'number');
      if (unknown >= 0) kept[unknown] = -1;
    }
    // 0 in a computed vector would mean a size of 0.
    return this.shape(kept);
  }

  expand(value: GraphValue, sizes: readonly Size[]): GraphValue {
    const from = value.shape?.map((_, axis) => this.#sizeOf(value, axis));
    if (from && sameSizes(from, sizes)) return value;
    const expanded = this.graph.op('Expand', [value, this.shape(sizes)]);
    return this.withSizes(expanded, sizes);
  }

  withSizes(value: GraphValue, sizes: readonly Size[]): GraphValue {
    const dims = sizes.map((size): Dim => {
      if (typeof size === 'number') return size < 0 ? null : size;
      const name = size.expression;
      if (!this.#named.has(name)) this.#named.set(name, size);
      return name;
    });
    return this.graph.assume(value, dims);
  }

  getItem(tensor: TensorValue, key: Value): Value {
    return getItem(this, tensor, key);
  }

  setItem(tensor: TensorValue, key: Value, value: Value): void {
    setItem(this, tensor, key, value);
  }
}

const equals = (a: Size, b: Size): boolean => SymSize.equal(a, b) === true;

function sameSizes(a: readonly Size[], b: readonly Size[]): boolean {
  return a.length === b.length && a.every((size, i) => equals(size, b[i]!));
}

function converted(element: number, dtype: TorchDType): number {
  if (dtype === 'bool') return Number(element !== 0);
  if (isFloating(dtype)) return element;
  const whole = Math.trunc(element);
  switch (dtype) {
    case 'uint8':
      return whole & 0xff;
    case 'int8':
      return (whole << 24) >> 24;
    case 'int16':
      return (whole << 16) >> 16;
    case 'int32':
      return whole | 0;
    default:
      return whole;
  }
}
