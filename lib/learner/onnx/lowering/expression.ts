import type { Attributes } from '../graph-builder.js';
import type { Value } from '../graph.js';
import type { LoweringContext } from './context.js';
import { allKnown, withZeros } from './spatial.js';

/** The second operand of an operation: a tensor or a number. */
export type Operand = Expression | number;

/** Parts of a tensor, if their number is known. */
export type Pair = [Expression, Expression];
export type Triple = [Expression, Expression, Expression];
export type Quad = [Expression, Expression, Expression, Expression];
type Parts<N extends number> = N extends 2 ? Pair : N extends 3 ? Triple : Expression[];
type PartsOf<S> = { -readonly [K in keyof S]: Expression };

const times = <T>(count: number, item: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => item(index));

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/**
 * A value of the graph with torch's vocabulary, so a forward reads like its code. Sizes are those
 * that are known while the graph is built; the batch size never is.
 */
export class Expression {
  constructor(
    private readonly ctx: LoweringContext,
    readonly value: Value,
    /** Explains that a size is not known; `forward` adds the module that needs it. */
    private readonly unknownSize: () => Error,
  ) {}

  get rank(): number {
    if (this.value.rank === undefined) throw this.unknownSize();
    return this.value.rank;
  }

  /**
   * The size of a dimension that must be known: all except the batch, once images have one size.
   */
  size(axis: number): number {
    const size = this.value.shape?.at(axis);
    if (typeof size !== 'number') throw this.unknownSize();
    return size;
  }

  add(other: Operand): Expression {
    return this.#binary('Add', other);
  }

  sub(other: Operand): Expression {
    return this.#binary('Sub', other);
  }

  mul(other: Operand): Expression {
    return this.#binary('Mul', other);
  }

  div(other: Operand): Expression {
    return this.#binary('Div', other);
  }

  atMost(limit: number): Expression {
    return this.#binary('Min', limit);
  }

  atLeast(limit: number): Expression {
    return this.#binary('Max', limit);
  }

  matmul(other: Expression): Expression {
    return this.op('MatMul', {}, other);
  }

  relu(): Expression {
    return this.op('Relu');
  }

  sigmoid(): Expression {
    return this.op('Sigmoid');
  }

  exp(): Expression {
    return this.op('Exp');
  }

  sqrt(): Expression {
    return this.op('Sqrt');
  }

  softmax(axis = -1): Expression {
    return this.op('Softmax', { axis });
  }

  /** The mean over some dimensions. */
  mean(axes: readonly number[], keep = false): Expression {
    return this.op('ReduceMean', { axes, keepdims: Number(keep) });
  }

  max(axes: readonly number[], keep = false): Expression {
    return this.op('ReduceMax', { axes, keepdims: Number(keep) });
  }

  sum(axes: readonly number[], keep = false): Expression {
    const operands = [this.value, this.ctx.graph.axes(...axes)];
    return this.#op('ReduceSum', operands, { keepdims: Number(keep) });
  }

  /** F.normalize: divides each vector along `axis` by its length, which is at least 1e-12. */
  normalize(axis = -1): Expression {
    return this.div(this.op('ReduceL2', { axes: [axis], keepdims: 1 }).atLeast(1e-12));
  }

  /** 0 keeps a size, -1 means the rest. */
  reshape(...dims: readonly number[]): Expression {
    return this.#op('Reshape', [this.value, this.ctx.graph.axes(...this.#resolved(dims))]);
  }

  /** Dimensions from..to become one. */
  flatten(from = 1, to = -1): Expression {
    const last = to < 0 ? to + this.rank : to;
    const behind = times(this.rank - 1 - last, (i) => this.size(last + 1 + i));
    const merged = this.value.shape?.slice(from, last + 1) ?? [];
    const size = allKnown(merged) ? product(merged) : -1;
    return this.reshape(...times(from, () => 0), size, ...behind);
  }

  permute(...perm: readonly number[]): Expression {
    return this.op('Transpose', { perm });
  }

  /** Swaps two dimensions. */
  transpose(a: number, b: number): Expression {
    const perm = times(this.rank, (i) => i);
    const [first, second] = [perm.at(a)!, perm.at(b)!];
    [perm[first], perm[second]] = [second, first];
    return this.permute(...perm);
  }

  unsqueeze(axis: number): Expression {
    return this.#op('Unsqueeze', [this.value, this.ctx.graph.axes(axis)]);
  }

  squeeze(axis: number): Expression {
    return this.#op('Squeeze', [this.value, this.ctx.graph.axes(axis)]);
  }

  /** Positions start..end of a dimension; negative ones count from its end. */
  slice(axis: number, start: number, end = Number.MAX_SAFE_INTEGER, step = 1): Expression {
    const bounds = [start, end, axis, step].map((bound) => this.ctx.graph.axes(bound));
    return this.#op('Slice', [this.value, ...bounds]);
  }

  /** One position of a dimension, which is removed. */
  select(axis: number, index: number): Expression {
    return this.#op('Gather', [this.value, this.ctx.graph.scalar(index, 'int64')], { axis });
  }

  /** All positions of the first dimension, if it has this size. */
  unstack<N extends number>(count: N): Parts<N> {
    return times(count, (i) => this.select(0, i)) as Parts<N>;
  }

  /** Positions of a dimension by a tensor of indices. */
  gather(axis: number, indices: Expression): Expression {
    return this.op('Gather', { axis }, indices);
  }

  /** Consecutive parts of the given sizes. */
  split<const S extends readonly number[]>(axis: number, sizes: S): PartsOf<S> {
    let start = 0;
    return sizes.map((size) => this.slice(axis, start, (start += size))) as PartsOf<S>;
  }

  /** Equal parts. */
  chunk<N extends number>(axis: number, pieces: N): Parts<N> {
    const size = this.size(axis) / pieces;
    if (!Number.isInteger(size)) throw this.unknownSize();
    return this.split(
      axis,
      times(pieces, () => size),
    ) as Parts<N>;
  }

  /** Concatenates this and the others along a dimension. */
  concat(axis: number, ...others: readonly Expression[]): Expression {
    return this.op('Concat', { axis }, ...others);
  }

  /** Like torch.roll: elements that leave at one end enter at the other. */
  roll(axis: number, shift: number): Expression {
    const size = this.size(axis);
    const by = ((shift % size) + size) % size;
    if (by === 0) return this;
    return this.slice(axis, size - by).concat(axis, this.slice(axis, 0, size - by));
  }

  /** Zeros before and after some dimensions. */
  pad(margins: Readonly<Record<number, readonly [before: number, behind: number]>>): Expression {
    const axes = times(this.rank, (i) => margins[i] ?? ([0, 0] as const));
    if (axes.every(([before, behind]) => before === 0 && behind === 0)) return this;
    const { graph } = this.ctx;
    const pads = graph.axes(...axes.map(([before]) => before), ...axes.map(([, end]) => end));
    return this.of(withZeros(graph.op('Pad', [this.value, pads, graph.scalar(0)])));
  }

  /** Repeats a single row for each row in the batch of `like`. */
  expandTo(like: Expression): Expression {
    const { graph } = this.ctx;
    const [, ...sizes] = this.value.shape as readonly number[];
    const batch = graph.op('Shape', [like.value], { start: 0, end: 1 });
    const shape = graph.op('Concat', [batch, graph.axes(...sizes)], { axis: 0 });
    const expanded = graph.op('Expand', [this.value, shape]);
    return this.of(graph.assume(expanded, [like.value.shape?.[0] ?? null, ...sizes]));
  }

  /** [batch, channels, height, width] with the channels last, and back. */
  channelsLast(): Expression {
    return this.permute(0, 2, 3, 1);
  }

  channelsFirst(): Expression {
    return this.permute(0, 3, 1, 2);
  }

  /** An operator without a separate method here. */
  op(op: string, attributes: Attributes = {}, ...others: readonly Expression[]): Expression {
    return this.#op(op, [this.value, ...others.map(({ value }) => value)], attributes);
  }

  /** Another value of the same graph. */
  of(value: Value): Expression {
    return new Expression(this.ctx, value, this.unknownSize);
  }

  #binary(op: string, other: Operand): Expression {
    const operand = typeof other === 'number' ? this.ctx.graph.scalar(other) : other.value;
    return this.#op(op, [this.value, operand]);
  }

  #op(op: string, inputs: readonly Value[], attributes?: Attributes): Expression {
    return this.of(this.ctx.graph.op(op, inputs, attributes));
  }

  /** With a fixed batch, the value of -1 does not depend on it. */
  #resolved(dims: readonly number[]): readonly number[] {
    const rest = this.value.shape?.slice(1) ?? [];
    const open = dims.indexOf(-1);
    if (dims[0] !== 0 || open < 1 || !allKnown(rest)) return dims;
    const sizes = dims.map((size, i) => (size === 0 && i > 0 ? rest[i - 1]! : size));
    const given = product(sizes.filter((_, i) => i !== 0 && i !== open));
    const left = product(rest) / given;
    return given > 0 && Number.isInteger(left) ? sizes.with(open, left) : dims;
  }
}
