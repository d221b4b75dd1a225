import type { VisionKernels } from '../kernels/load.js';
import { scratch, type Scratch } from '../kernels/scratch.js';
import type { JpegHeader } from './jpeg-header.js';
import { readCoefficients, useHuffman, type Coefficients } from './jpeg-coefficients.js';
import { layoutOf, type Box, type JpegLayout } from './jpeg-layout.js';
import { EOI } from './jpeg-markers.js';
import type { RasterMode } from './raster.js';

export type { Box };

/** Some rows of a box, in the memory of the kernels. */
export interface JpegBand {
  /** Addresses of the rows' first bytes: of red, green and blue, or of grey. */
  readonly planes: readonly number[];
  /** Bytes from one row to the next: at least 16 more than the box's. */
  readonly stride: number;
  /** The first row, in image coordinates. */
  readonly top: number;
  readonly rows: number;
}

/** libvips decodes larger files: the memory of the kernels never shrinks. */
const MAX_BYTES = 1 << 25;

/**
 * Decodes the pixels of a box as PIL does, one band after another from the top; bands share their
 * memory. Returns false if the file is irregular: then the consumed rows are invalid, and libvips
 * must decode it.
 */
export function decodeJpeg(
  bytes: Uint8Array,
  header: JpegHeader,
  mode: RasterMode,
  box: Box,
  consume: (band: JpegBand) => void,
): boolean {
  const memory = scratch();
  if (!memory || bytes.length > MAX_BYTES) return false;
  const mark = memory.mark();
  try {
    return new JpegDecoder(memory, header, mode, box).run(bytes, consume);
  } catch (error) {
    // Not enough memory, or a trap.
    if (error instanceof RangeError || error instanceof WebAssembly.RuntimeError) return false;
    throw error;
  } finally {
    memory.release(mark);
  }
}

/** Samples of a component: the rows of some MCUs, after one row from the MCUs above. */
interface Plane {
  readonly first: number;
  readonly stride: number;
  readonly rows: number;
}

class JpegDecoder {
  private readonly kernels: VisionKernels;
  private readonly layout: JpegLayout;
  private readonly planes: readonly Plane[];
  private readonly colours: Plane;
  private readonly grey: Plane;
  private readonly work: number;

  constructor(
    private readonly memory: Scratch,
    private readonly header: JpegHeader,
    private readonly mode: RasterMode,
    private readonly box: Box,
  ) {
    const layout = layoutOf(header, box);
    const { across, down, block, chromaBlock, firstColumn, endColumn } = layout;
    this.kernels = memory.kernels;
    this.layout = layout;
    const plane = (width: number, rows: number, planes = 1): Plane => {
      const stride = Math.ceil((width * (endColumn - firstColumn) + 16) / 16) * 16;
      return { first: memory.take((rows + 1) * stride * planes) + stride, stride, rows };
    };
    this.planes = header.components.map((_, component) => {
      const [h, v, size] = component === 0 ? [across, down, block] : [1, 1, chromaBlock];
      return plane(h * size, v * size);
    });
    this.colours = plane(layout.mcuWidth, layout.mcuHeight + 1, 3);
    this.grey = plane(layout.mcuWidth, layout.mcuHeight + 1);
    this.work = memory.take(4 * this.colours.stride + 128);
  }

  run(bytes: Uint8Array, consume: (band: JpegBand) => void): boolean {
    const { box } = this;
    const { rows, firstRow, endRow, mcuHeight, context } = this.layout;
    const decodeRow = this.begin(bytes);
    if (!decodeRow) return false;
    for (let row = 0; row < endRow; row++) {
      if (row > firstRow) this.keepLastRows();
      if (!decodeRow(row)) return false;
      if (row < firstRow) continue;
      // The last rows wait for the rows below.
      const above = row === firstRow ? 0 : context;
      const below = row === rows - 1 ? 0 : context;
      const top = Math.max(box.top, row * mcuHeight - above);
      const bottom = Math.min(box.bottom, (row + 1) * mcuHeight - below);
      if (bottom > top) consume(this.band(row, top, bottom - top));
    }
    return this.header.isProgressive || this.kernels.jpegEnd(endRow === rows ? 1 : 0) !== 0;
  }

  /**
   * Passes bytes and tables to the kernels. Returns a function that makes the samples of a row of
   * MCUs.
   */
  private begin(bytes: Uint8Array): ((row: number) => boolean) | undefined {
    const { kernels, memory, header, layout } = this;
    const { tables, components } = header;
    const from = memory.take(bytes.length);
    const top = memory.take(bytes.length) + bytes.length + 16;
    for (const [i, component] of components.entries()) {
      const data = new Uint8Array(kernels.memory.buffer);
      new Uint16Array(data.buffer, from, 64).set(tables.divisors[component.divisors]!);
      kernels.jpegDivisors(i, from);
    }
    new Uint8Array(kernels.memory.buffer).set(bytes, from);
    if (header.isProgressive) {
      const stores = readCoefficients(memory, bytes, from, top, header, layout);
      return stores && ((row) => this.transform(stores, row));
    }
    const { parts, at } = header.scan;
    const slots = new Set(parts.flatMap(({ dc, ac }) => [dc, 2 + ac]));
    for (const slot of slots) if (!useHuffman(memory, slot, tables.huffman[slot])) return undefined;
    const interval = tables.restartInterval;
    const marker = kernels.jpegScan(from + at, from + bytes.length, top, interval);
    if (interval === 0 ? marker !== EOI : marker === 0) return undefined;
    for (const [i, { component, dc, ac }] of parts.entries()) {
      const { first, stride } = this.planes[i]!;
      const { across, down, block, chromaBlock } = layout;
      const [h, v, size] = component === 0 ? [across, down, block] : [1, 1, chromaBlock];
      for (let y = 0; y < v; y++) {
        for (let x = 0; x < h; x++) {
          const to = first + size * (y * stride + x);
          kernels.jpegBlock(component, dc, 2 + ac, size, to, stride, h * size);
        }
      }
    }
    const { columns, firstColumn, endColumn, firstRow } = layout;
    return (row) =>
      kernels.jpegDecodeRow(columns, firstColumn, row < firstRow ? 0 : endColumn) !== 0;
  }

  /** Makes samples of a row of MCUs from kept coefficients. */
  private transform(stores: readonly Coefficients[], row: number): boolean {
    const { firstRow, firstColumn, endColumn, block, chromaBlock } = this.layout;
    if (row < firstRow) return true;
    for (const [i, { first, stride, across, down }] of stores.entries()) {
      const plane = this.planes[i]!;
      this.kernels.jpegSamples(
        first + row * down * stride + firstColumn * across * 128,
        stride,
        down,
        (endColumn - firstColumn) * across,
        plane.first,
        plane.stride,
        i === 0 ? block : chromaBlock,
      );
    }
    return true;
  }

  private keepLastRows(): void {
    if (this.layout.context === 0) return;
    const data = new Uint8Array(this.kernels.memory.buffer);
    for (const { first, stride, rows } of this.planes) {
      const from = first + (rows - 1) * stride;
      data.copyWithin(first - stride, from, from + stride);
    }
  }

  /** Pixels from `top` on, with the current MCUs from `mcuRow`. */
  private band(mcuRow: number, top: number, rows: number): JpegBand {
    const { kernels, header, layout, colours, grey } = this;
    const [luma, second] = this.planes as [Plane, Plane?];
    const column = this.box.left - layout.firstColumn * layout.mcuWidth;
    const y = luma.first + (top - mcuRow * layout.mcuHeight) * luma.stride;
    if (!second) {
      const planes = [y + column];
      if (this.mode === 'RGB') planes.push(y + column, y + column);
      return { planes, stride: luma.stride, top, rows };
    }
    // Stored red, green and blue are also one after another.
    const { stride } = colours;
    const first = header.isYcc ? colours.first : y;
    const plane = header.isYcc ? stride * colours.rows : second.first - luma.first;
    if (header.isYcc) this.convert(mcuRow, y, plane, top, rows);
    if (this.mode === 'RGB') {
      const at = first + column;
      return { planes: [at, at + plane, at + 2 * plane], stride, top, rows };
    }
    for (let i = 0; i < rows; i++) {
      kernels.jpegGrey(first + i * stride, plane, grey.first + i * stride, stride - 16);
    }
    return { planes: [grey.first + column], stride, top, rows };
  }

  private convert(mcuRow: number, y: number, plane: number, top: number, rows: number): void {
    const { kernels, layout, colours } = this;
    const { h, v, chromaBlock, firstColumn, endColumn } = layout;
    const [luma, cb, cr] = this.planes as [Plane, Plane, Plane];
    const chromaTop = mcuRow * chromaBlock * cb.stride;
    kernels.jpegColours(
      y,
      luma.stride,
      cb.first - chromaTop,
      cr.first - chromaTop,
      cb.stride,
      colours.first,
      plane,
      colours.stride,
      this.work,
      (endColumn - firstColumn) * layout.mcuWidth,
      Math.min(layout.chromaWidth, endColumn * chromaBlock) - firstColumn * chromaBlock,
      h,
      v,
      layout.isSmooth ? 1 : 0,
      top,
      rows,
      layout.chromaHeight - 1,
    );
  }
}
