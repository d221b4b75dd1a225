import { filters, type Resample } from './filters.js';
import { sourcePositions, type PadMode } from './frame.js';
import { nearestPositions, PRECISION, weightsFor, type Weights } from './weights.js';

/** The steps for an image along one axis, in order. */
export interface AxisPlan {
  /** Pixels of the image. */
  readonly source: number;
  /** Padding pixels at either end. */
  readonly before: number;
  readonly after: number;
  readonly padMode: PadMode;
  /** Pixels after resampling. */
  readonly size: number;
  readonly resample: Resample;
  /** The part of them that is kept: its first pixel, and the one after its last. */
  readonly from: number;
  readonly to: number;
}

/** How each kept pixel is computed from the image. */
export interface Axis {
  readonly size: number;
  /** The pixels of the image that matter: the first, and the one after the last. */
  readonly low: number;
  readonly high: number;
  /** Undefined if the pixels do not change. */
  readonly taps?: Taps;
}

/** Taps that the kernels process at once. */
export const GROUP = 8;

/** Weights in the kernels' form: a group's high halves, then its low halves. */
export interface Taps {
  /** For each pixel its first source, relative to `low`, and the number of its groups. */
  readonly entries: Int32Array;
  readonly weights: Int16Array;
  /** The number of sources of each pixel. */
  readonly count: Int32Array;
}

/** A pixel's sources and weights before packing. */
interface Row {
  readonly first: number;
  readonly weights: ArrayLike<number>;
}

/** A service sees few image sizes, and for a small image the weights take as long as the pixels. */
const kept = new Map<string, Axis>();
const MOST_KEPT = 16;
/** Halves of weights: 128 KiB. */
const MOST_HALVES = 65_536;

/** Undefined for weights that do not fit the kernels. */
export function axisOf(plan: AxisPlan): Axis | undefined {
  const { source, before, after, padMode, size, resample, from, to } = plan;
  const key = [source, before, after, padMode, size, resample, from, to].join();
  const known = kept.get(key);
  if (known) return known;
  const axis = computed(plan);
  if (axis && (axis.taps?.weights.length ?? 0) <= MOST_HALVES) {
    const [oldest] = kept.keys();
    if (kept.size === MOST_KEPT && oldest !== undefined) kept.delete(oldest);
    kept.set(key, axis);
  }
  return axis;
}

function computed(plan: AxisPlan): Axis | undefined {
  const { source, before, after, size, from, to } = plan;
  const padded = before + source + after;
  if (before === 0 && after === 0 && size === padded)
    return { size: to - from, low: from, high: to };
  const row = rowsOf(plan, padded);
  const rows: Row[] = [];
  for (let target = from; target < to; target++) rows.push(row(target));
  return packed(rows);
}

/** Padding adds no pixels here: the weights of padding pixels go to the pixels that they repeat. */
function rowsOf(plan: AxisPlan, padded: number): (target: number) => Row {
  const unpadded = resampling(plan, padded);
  if (plan.before === 0 && plan.after === 0) return unpadded;
  const positions = sourcePositions(plan.source, plan.before, padded, plan.padMode);
  return (target) => {
    const { first, weights } = unpadded(target);
    let low = Infinity;
    let high = -1;
    for (let i = 0; i < weights.length; i++) {
      const position = positions[first + i]!;
      if (position < 0) continue;
      low = Math.min(low, position);
      high = Math.max(high, position);
    }
    if (high < 0) return { first: 0, weights: [] };
    const merged = new Int32Array(high - low + 1);
    for (let i = 0; i < weights.length; i++) {
      const position = positions[first + i]!;
      if (position >= 0) merged[position - low] = merged[position - low]! + weights[i]!;
    }
    return { first: low, weights: merged };
  };
}

function resampling({ size, resample }: AxisPlan, padded: number): (target: number) => Row {
  if (size === padded) return (target) => ({ first: target, weights: ONE });
  if (resample === 'nearest') {
    const positions = nearestPositions(padded, size);
    return (target) => ({ first: positions[target]!, weights: ONE });
  }
  const { first, count, taps, values }: Weights = weightsFor(padded, size, filters[resample]);
  return (target) => ({
    first: first[target]!,
    weights: values.subarray(target * taps, target * taps + count[target]!),
  });
}

/** A pixel that copies one source. */
const ONE = Int32Array.of(1 << PRECISION);
/** Bits of a weight's low half, including the sign. */
const LOW_BITS = 11;
const HALF_LOW = 1 << (LOW_BITS - 1);

function packed(rows: readonly Row[]): Axis | undefined {
  const entries = new Int32Array(rows.length * 2);
  const count = Int32Array.from(rows, ({ weights }) => weights.length);
  const seen = rows.filter(({ weights }) => weights.length > 0);
  const low = seen.reduce((least, { first }) => Math.min(least, first), seen[0]?.first ?? 0);
  // At least one pixel, even if no part of the image is visible.
  const high = seen.reduce((most, { first, weights }) => Math.max(most, first + weights.length), 1);
  const groups = rows.reduce((sum, { weights }) => sum + Math.ceil(weights.length / GROUP), 0);
  const halves = new Int16Array(groups * GROUP * 2);
  let at = 0;
  for (const [target, { first, weights }] of rows.entries()) {
    entries[target * 2] = weights.length === 0 ? 0 : first - low;
    entries[target * 2 + 1] = Math.ceil(weights.length / GROUP);
    for (let i = 0; i < weights.length; i++) {
      const weight = weights[i]!;
      const low = ((weight + HALF_LOW) & (2 * HALF_LOW - 1)) - HALF_LOW;
      const high = (weight - low) >> LOW_BITS;
      if (high !== (high << 16) >> 16) return undefined;
      const to = at + (i >> 3) * GROUP * 2 + (i & 7);
      halves[to] = high;
      halves[to + GROUP] = low;
    }
    at += entries[target * 2 + 1]! * GROUP * 2;
  }
  return { size: rows.length, low, high, taps: { entries, weights: halves, count } };
}
