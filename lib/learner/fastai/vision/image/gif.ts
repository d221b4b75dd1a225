import { DamagedImageError } from '../../errors.js';
import { ByteReader } from './byte-reader.js';
import { lzwDecode } from './lzw.js';
import { checkSize, type ImageLimits } from './limits.js';
import { Palette } from './palette.js';
import type { Raster, RasterMode } from './raster.js';

const EXTENSION = 0x21;
const IMAGE = 0x2c;
const TRAILER = 0x3b;
const GRAPHIC_CONTROL = 0xf9;

/**
 * The first frame on its canvas, as in PIL: uncovered pixels have the transparent index, or else
 * index 0; transparency itself is dropped.
 */
export function decodeGif(bytes: Uint8Array, mode: RasterMode, limits: ImageLimits): Raster {
  const reader = new ByteReader(bytes, 'GIF', 6);
  const canvas = { width: reader.u16(), height: reader.u16() };
  const flags = reader.u8();
  reader.skip(2);
  const globalPalette = flags & 0x80 ? readPalette(reader, flags) : undefined;
  let transparent: number | undefined;
  for (;;) {
    const kind = reader.u8();
    if (kind === EXTENSION) transparent = readExtension(reader) ?? transparent;
    else if (kind === TRAILER) throw new DamagedImageError('GIF', 'it contains no frame');
    else if (kind === IMAGE) break;
  }
  const [left, top, width, height] = [reader.u16(), reader.u16(), reader.u16(), reader.u16()];
  const frameFlags = reader.u8();
  const palette = frameFlags & 0x80 ? readPalette(reader, frameFlags) : globalPalette;
  const canvasWidth = Math.max(canvas.width, left + width);
  const canvasHeight = Math.max(canvas.height, top + height);
  checkSize(canvasWidth, canvasHeight, limits);
  const minimumBits = reader.u8();
  const pixels = lzwDecode(subBlocks(reader), minimumBits, width * height);
  const indices = new Uint8Array(canvasWidth * canvasHeight).fill(transparent ?? 0);
  const rows = frameFlags & 0x40 ? interlacedRows(height) : undefined;
  for (let y = 0; y < height; y++) {
    const row = top + (rows?.[y] ?? y);
    indices.set(pixels.subarray(y * width, (y + 1) * width), row * canvasWidth + left);
  }
  return (palette ?? Palette.greys()).apply(indices, canvasWidth, canvasHeight, mode);
}

/** Width and height of the canvas, from the header. */
export function gifSize(bytes: Uint8Array): { width: number; height: number } {
  const reader = new ByteReader(bytes, 'GIF', 6);
  return { width: reader.u16(), height: reader.u16() };
}

function readPalette(reader: ByteReader, flags: number): Palette {
  const palette = new Palette();
  const size = 1 << ((flags & 7) + 1);
  for (let i = 0; i < size; i++) palette.set(i, reader.u8(), reader.u8(), reader.u8());
  return palette;
}

/** The transparent index of a graphic control extension. */
function readExtension(reader: ByteReader): number | undefined {
  const label = reader.u8();
  let transparent: number | undefined;
  for (let first = true, size = reader.u8(); size > 0; size = reader.u8(), first = false) {
    const block = reader.take(size);
    if (first && label === GRAPHIC_CONTROL && (block[0]! & 1) === 1) transparent = block[3];
  }
  return transparent;
}

/** The image's data, block by block; a file that ends within it gives the part before. */
function* subBlocks(reader: ByteReader): Generator<Uint8Array> {
  while (!reader.atEnd) {
    const size = reader.u8();
    // By the standard an empty block ends the data; PIL reads on until it has all pixels.
    if (size > 0) yield reader.take(size);
  }
}

/** Rows come in four passes: every 8th, those between, every 4th, every 2nd. */
function interlacedRows(height: number): number[] {
  const rows: number[] = [];
  for (const [start, step] of [
    [0, 8],
    [4, 8],
    [2, 4],
    [1, 2],
  ] as const) {
    for (let y = start; y < height; y += step) rows.push(y);
  }
  return rows;
}
