import type { Module } from '../../torch/module.js';
import type { PyValue } from '../../torch/python.js';
import type { Dim, Value } from '../graph.js';
import { malformed } from './attributes.js';
import type { LoweringContext } from './context.js';

/** A size for each spatial dimension; torch takes one number for all, or a tuple. */
export function sizesAttr(
  module: Module,
  name: string,
  dims: number,
  absent?: number | null,
): number[] {
  const value = module.attr(name);
  const given = value === undefined || value === null ? absent : value;
  const sizes = toSizes(given as PyValue | undefined);
  if (sizes.length === 1 && dims > 1) return Array.from({ length: dims }, () => sizes[0]!);
  if (sizes.length !== dims || !sizes.every(Number.isSafeInteger)) {
    throw malformed(module, `its ${name} is not ${dims} sizes`);
  }
  return sizes;
}

function toSizes(value: PyValue | undefined): number[] {
  if (Array.isArray(value)) return value.map(Number);
  return typeof value === 'number' || typeof value === 'bigint' ? [Number(value)] : [];
}

/** The number in `Conv2d`, `MaxPool3d`, `AdaptiveAvgPool1d`. */
export function dimsOfClass(module: Module): number {
  const [, dims] = /([123])d$/.exec(module.className) ?? [];
  if (dims === undefined)
    throw malformed(module, 'the name of its class does not contain its dimensions');
  return Number(dims);
}

/** Spatial sizes of an image [batch, channels, ...]: numbers if they are known. */
export function spatialSizes(module: Module, ctx: LoweringContext, x: Value): Dim[] {
  if (!x.shape) throw ctx.unsupported(module, 'the rank of its input is unknown');
  return x.shape.slice(2);
}

/** The number of channels. */
export function channelsOf(module: Module, ctx: LoweringContext, x: Value): number {
  const channels = x.shape?.[1];
  if (typeof channels !== 'number') {
    throw ctx.unsupported(module, 'the number of channels of its input is unknown');
  }
  return channels;
}

/** `[top, left, bottom, right]` for the same margin at both ends of each dimension. */
export function bothEnds(margins: readonly number[]): number[] {
  return [...margins, ...margins];
}

/** `F.pad` over the spatial dimensions: begins, then ends. */
export function padImage(
  ctx: LoweringContext,
  x: Value,
  begins: readonly number[],
  ends: readonly number[],
  mode: 'constant' | 'reflect' | 'edge' = 'constant',
  value = 0,
): Value {
  if ([...begins, ...ends].every((margin) => margin === 0)) return x;
  const { graph } = ctx;
  const pads = graph.axes(0, 0, ...begins, 0, 0, ...ends);
  const operands = mode === 'constant' ? [x, pads, graph.scalar(value)] : [x, pads];
  const padded = graph.op('Pad', operands, { mode });
  return mode === 'constant' && value === 0 ? withZeros(padded) : padded;
}

const zeroPadded = new WeakSet<Value>();

/** Remembers that a Pad with zeros gave this value: see {@link maxPoolOperand}. */
export function withZeros(padded: Value): Value {
  zeroPadded.add(padded);
  return padded;
}

/**
 * The operand of a MaxPool. onnxruntime fuses a Pad with zeros and the following MaxPool. The
 * border of the fused node never wins, so zeros above a negative image are lost. An operation in
 * between keeps the two separate.
 */
export function maxPoolOperand(ctx: LoweringContext, x: Value): Value {
  return zeroPadded.has(x) ? ctx.graph.op('Max', [x, ctx.graph.scalar(LOWEST)]) : x;
}

const LOWEST = -3.4028234663852886e38;

/** Whether all sizes are numbers. */
export function allKnown(sizes: readonly Dim[]): sizes is readonly number[] {
  return sizes.every((size) => typeof size === 'number');
}

/** x expanded to this number of channels and the spatial sizes of `like`, which may be unknown. */
export function unflattened(ctx: LoweringContext, x: Value, channels: number, like: Value): Value {
  const { graph } = ctx;
  const sizes = like.shape?.slice(2) ?? [];
  const target = allKnown(sizes)
    ? graph.axes(0, channels, ...sizes)
    : graph.op('Concat', [graph.axes(0, channels), spatialShape(ctx, like)], { axis: 0 });
  const result = graph.op('Reshape', [x, target]);
  return graph.assume(result, [like.shape?.[0] ?? null, channels, ...sizes]);
}

/** The spatial sizes of a value as a vector, for graphs with a variable image size. */
export function spatialShape(ctx: LoweringContext, x: Value): Value {
  return ctx.graph.op('Shape', [x], { start: 2 });
}
