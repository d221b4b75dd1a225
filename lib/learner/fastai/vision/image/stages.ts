import type { Scratch } from '../kernels/scratch.js';
import { GROUP, type Axis, type Taps } from './axis.js';
import type { TakeBand } from './pixel-source.js';

/** Rows that a stage processes at once: few enough to stay in the cache for the next. */
export const PIECE = 16;

/** `length` bytes and at least 16 more that a kernel may read or write. */
function strideFor(length: number): number {
  return (length + 31) & ~15;
}

/** Resamples along rows. */
export function alongRows(
  scratch: Scratch,
  axis: Axis,
  channels: number,
  next: TakeBand,
): TakeBand {
  const { size, taps } = axis;
  if (!taps) return next;
  const { kernels } = scratch;
  const entries = put(scratch, taps.entries);
  const weights = put(scratch, taps.weights);
  const length = strideFor(size);
  const stride = length * channels;
  const out = scratch.take(PIECE * stride);
  const targets = Array.from({ length: channels }, (_, c) => out + c * length);
  return inPieces(({ planes, stride: from, rows }) => {
    for (let c = 0; c < channels; c++) {
      kernels.alongRows(planes[c]!, from, rows, entries, weights, size, targets[c]!, stride);
    }
    next({ planes: targets, stride, rows });
  });
}

/**
 * Resamples along columns of planes of `width`. A ring keeps rows while a later row needs them,
 * with the planes side by side.
 */
export function alongColumns(
  scratch: Scratch,
  axis: Axis,
  width: number,
  channels: number,
  next: TakeBand,
): TakeBand {
  const { size, taps } = axis;
  if (!taps) return next;
  const { kernels } = scratch;
  const { complete, kept, most } = schedule(taps);
  const length = strideFor(width);
  const stride = length * channels;
  const slots = kept + PIECE;
  const ring = scratch.take(slots * stride);
  const out = scratch.take(PIECE * stride);
  const addresses = scratch.take(most * GROUP * 4);
  const weights = put(scratch, taps.weights);
  const targets = Array.from({ length: channels }, (_, c) => out + c * length);
  let group = 0;
  let seen = 0;
  let made = 0;
  const make = (list: Int32Array): void => {
    const first = taps.entries[made * 2]!;
    const groups = taps.entries[made * 2 + 1]!;
    const last = taps.count[made]! - 1;
    // Taps that fill a group have weight zero, but are read.
    for (let i = 0; i < groups * GROUP; i++) {
      list[i] = ring + ((first + Math.min(i, last)) % slots) * stride;
    }
    const to = out + (made % PIECE) * stride;
    kernels.alongColumns(addresses, groups, weights + group * GROUP * 4, stride, to);
    group += groups;
    made++;
    if (made % PIECE === 0) next({ planes: targets, stride, rows: PIECE });
    else if (made === size) next({ planes: targets, stride, rows: made % PIECE });
  };
  return inPieces(({ planes, stride: from, rows }) => {
    const { buffer } = kernels.memory;
    const memory = new Uint8Array(buffer);
    for (let row = 0; row < rows; row++, seen++) {
      const to = ring + (seen % slots) * stride;
      for (let c = 0; c < channels; c++) {
        const start = planes[c]! + row * from;
        memory.copyWithin(to + c * length, start, start + width);
      }
    }
    const list = new Int32Array(buffer, addresses, most * GROUP);
    while (made < size && complete[made]! <= seen) make(list);
  });
}

/** When each row can be computed, in order, and how many rows must be kept until then. */
function schedule({ entries, count }: Taps) {
  const size = count.length;
  const complete = new Int32Array(size);
  let most = 0;
  for (let row = 0, sofar = 1; row < size; row++) {
    sofar = Math.max(sofar, entries[row * 2]! + count[row]!);
    complete[row] = sofar;
    most = Math.max(most, entries[row * 2 + 1]!);
  }
  let kept = 0;
  for (let row = size - 1, earliest = Infinity; row >= 0; row--) {
    if (count[row]! > 0) earliest = Math.min(earliest, entries[row * 2]!);
    kept = Math.max(kept, complete[row]! - earliest);
  }
  return { complete, kept, most };
}

function put(scratch: Scratch, array: Int16Array | Int32Array): number {
  const address = scratch.take(array.byteLength);
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  new Uint8Array(scratch.kernels.memory.buffer).set(bytes, address);
  return address;
}

function inPieces(take: TakeBand): TakeBand {
  return ({ planes, stride, rows }) => {
    for (let row = 0; row < rows; row += PIECE) {
      const from = planes.map((plane) => plane + row * stride);
      take({ planes: from, stride, rows: Math.min(PIECE, rows - row) });
    }
  };
}
