import { scratch as visionScratch, type Scratch } from '../kernels/scratch.js';
import { NotRenderedError, type TakeBand } from './pixel-source.js';
import { blank, channelsOf, type Raster } from './raster.js';
import { alongColumns, alongRows, PIECE } from './stages.js';
import type { View } from './view.js';

/** The pixels of a view. @throws NotRenderedError */
export function toRaster(view: View): Raster {
  const out = blank(view.mode, view.width, view.height);
  const channels = channelsOf(view.mode);
  const done = rendered(view, ({ kernels }) => {
    let to = 0;
    return ({ planes, stride, rows }) => {
      const memory = new Uint8Array(kernels.memory.buffer);
      for (let row = 0; row < rows; row++) {
        for (let x = 0; x < view.width; x++) {
          for (let c = 0; c < channels; c++) {
            out.data[to++] = memory[(planes[c] ?? planes[0]!) + row * stride + x]!;
          }
        }
      }
    };
  });
  return done ? out : reference(view);
}

/**
 * Writes the pixels of a view to `out` as floats, one plane per channel.
 *
 * @param tables 256 floats for each channel, one for each byte. If a view has fewer channels, all
 * come from its first one.
 * @throws NotRenderedError
 */
export function toPlanes(view: View, tables: Float32Array, out: Float32Array): void {
  const { width, height } = view;
  const channels = tables.length / 256;
  const done = rendered(view, (scratch) => {
    const { kernels } = scratch;
    const floats = scratch.take(PIECE * width * 4);
    const table = scratch.take(tables.byteLength);
    new Float32Array(kernels.memory.buffer, table, tables.length).set(tables);
    let y = 0;
    return ({ planes, stride, rows }) => {
      for (let row = 0; row < rows; row += PIECE) {
        const pixels = Math.min(PIECE, rows - row) * width;
        const made = new Float32Array(kernels.memory.buffer, floats, pixels);
        for (let c = 0; c < channels; c++) {
          const from = (planes[c] ?? planes[0]!) + row * stride;
          kernels.toFloats(from, stride, pixels / width, width, table + c * 1024, floats);
          out.set(made, (c * height + y) * width);
        }
        y += pixels / width;
      }
    };
  });
  if (!done) planesOf(reference(view), tables, out);
}

/** Whether the kernels did it. */
function rendered(view: View, sinkOf: (scratch: Scratch) => TakeBand): boolean {
  const scratch = visionScratch();
  const axes = view.axes;
  if (!scratch || !axes) return false;
  const { box, source } = view;
  const { columns, rows } = axes;
  const mark = scratch.mark();
  try {
    const sink = sinkOf(scratch);
    const { planes } = source;
    const width = columns.high - columns.low;
    const take = view.columnsFirst
      ? alongColumns(scratch, rows, width, planes, alongRows(scratch, columns, planes, sink))
      : alongRows(
          scratch,
          columns,
          planes,
          alongColumns(scratch, rows, columns.size, planes, sink),
        );
    const used = {
      left: box.left + columns.low,
      top: box.top + rows.low,
      right: box.left + columns.high,
      bottom: box.top + rows.high,
    };
    source.read(used, scratch, take);
    return true;
  } catch (error) {
    // More memory than the kernels may use.
    if (error instanceof RangeError) return false;
    throw error;
  } finally {
    scratch.release(mark);
  }
}

function reference(view: View): Raster {
  const { raster } = view.source;
  if (!raster) throw new NotRenderedError();
  return view.stepByStep(raster);
}

function planesOf({ mode, data }: Raster, tables: Float32Array, out: Float32Array): void {
  const stored = channelsOf(mode);
  const pixels = data.length / stored;
  const channels = tables.length / 256;
  for (let channel = 0; channel < channels; channel++) {
    const table = tables.subarray(channel * 256, (channel + 1) * 256);
    let from = stored === 1 ? 0 : channel;
    for (let i = channel * pixels; i < (channel + 1) * pixels; i++, from += stored) {
      out[i] = table[data[from]!]!;
    }
  }
}
