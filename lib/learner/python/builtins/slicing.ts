import type { Context } from '../context.js';
import type { Slice } from '../values.js';
import { toCount } from './define.js';

/** `slice.indices(length)`. */
export function sliceIndices(
  ctx: Context,
  slice: Slice,
  length: number,
): { readonly start: number; readonly stop: number; readonly step: number } {
  const step = slice.step === null ? 1 : toCount(ctx.index(slice.step));
  if (step === 0) throw ctx.raise('ValueError', 'slice step cannot be zero');
  const low = step < 0 ? -1 : 0;
  const high = step < 0 ? length - 1 : length;
  const place = (value: Slice['start'], absent: number): number => {
    if (value === null) return absent;
    const index = toCount(ctx.index(value));
    return index < 0 ? Math.max(index + length, low) : Math.min(index, high);
  };
  return {
    start: place(slice.start, step < 0 ? high : low),
    stop: place(slice.stop, step < 0 ? low : high),
    step,
  };
}
