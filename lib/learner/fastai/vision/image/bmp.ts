import { DamagedImageError, UnsupportedImageError } from '../../errors.js';
import { ByteReader } from './byte-reader.js';
import { bmpRunLengths } from './bmp-rle.js';
import { checkSize, type ImageLimits } from './limits.js';
import { Palette } from './palette.js';
import { blank, convertRaster, type Raster, type RasterMode } from './raster.js';

const RAW = 0;
const RLE8 = 1;
const RLE4 = 2;
const BITFIELDS = 3;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: number;
  readonly compression: number;
  readonly colours: number;
  /** Bytes of a palette entry. */
  readonly entry: number;
  readonly masks: readonly number[];
}

/** A Windows or OS/2 bitmap, as PIL reads it. */
export function decodeBmp(bytes: Uint8Array, mode: RasterMode, limits: ImageLimits): Raster {
  const reader = new ByteReader(bytes, 'BMP', 10);
  const offset = reader.u32();
  const header = readHeader(reader);
  checkSize(header.width, header.height, limits);
  if (header.bits <= 8) return paletteImage(reader, header, offset, mode);
  return convertRaster(colourImage(reader, header, offset), mode);
}

/** Width and height, from the header. */
export function bmpSize(bytes: Uint8Array): { width: number; height: number } {
  return readHeader(new ByteReader(bytes, 'BMP', 14));
}

function readHeader(reader: ByteReader): Header {
  const start = reader.position;
  const size = reader.u32();
  if (size === 12) {
    const [width, height] = [reader.u16(), reader.u16()];
    reader.skip(2);
    const bits = reader.u16();
    const colours = 2 ** bits;
    return { width, height, topDown: false, bits, compression: RAW, colours, entry: 3, masks: [] };
  }
  if (![40, 52, 56, 64, 108, 124].includes(size)) {
    throw new UnsupportedImageError(`a BMP file with a header of ${size} bytes`);
  }
  const [width, height] = [reader.i32(), reader.i32()];
  reader.skip(2);
  const bits = reader.u16();
  const compression = reader.u32();
  reader.skip(12);
  const colours = reader.u32() || 2 ** bits;
  reader.position = start + 40;
  const masks = compression === BITFIELDS ? readMasks(reader, size) : [];
  reader.position = Math.max(reader.position, start + size);
  return {
    width,
    height: Math.abs(height),
    topDown: height < 0,
    bits,
    compression,
    colours,
    entry: 4,
    masks,
  };
}

/** Red, green, blue and alpha; the shortest header has no alpha. */
function readMasks(reader: ByteReader, size: number): number[] {
  const masks = [reader.u32(), reader.u32(), reader.u32()];
  return [...masks, size >= 56 ? reader.u32() : 0];
}

function paletteImage(
  reader: ByteReader,
  header: Header,
  offset: number,
  mode: RasterMode,
): Raster {
  const { width, height, bits, compression, colours, entry } = header;
  if (![1, 4, 8].includes(bits)) throw new UnsupportedImageError(`a BMP file of ${bits} bits`);
  if (colours > 256) throw new DamagedImageError('BMP', `its palette has ${colours} colours`);
  const paletteAt = reader.position;
  const palette = new Palette();
  for (let i = 0; i < colours; i++) {
    const [blue, green, red] = reader.take(entry);
    palette.set(i, red!, green!, blue!);
  }
  // Some files claim that the pixels begin where the palette does.
  const pixelsAt = offset === paletteAt ? paletteAt + entry * colours : offset;
  const indices = new Uint8Array(width * height);
  if (compression === RLE8 || compression === RLE4) {
    const rows = bmpRunLengths(reader.bytes, pixelsAt, width, height, compression === RLE4);
    copyRows(header, (y, row) => {
      indices.set(rows.subarray(y * width, (y + 1) * width), row * width);
    });
  } else {
    if (compression !== RAW) throw unsupportedCompression(compression);
    reader.position = pixelsAt;
    copyRows(header, (_, row) => {
      unpack(readRow(reader, header), bits, indices.subarray(row * width, (row + 1) * width));
    });
  }
  return palette.apply(indices, width, height, mode);
}

/** Rows of the file, and their rows in the image. */
function copyRows({ height, topDown }: Header, copy: (y: number, row: number) => void): void {
  for (let y = 0; y < height; y++) copy(y, topDown ? y : height - 1 - y);
}

/** One row; the padding after the last may be missing. */
function readRow(reader: ByteReader, { width, bits }: Header): Uint8Array {
  const needed = Math.ceil((width * bits) / 8);
  const stride = ((width * bits + 31) >> 3) & ~3;
  const row = reader.take(needed);
  reader.position = Math.min(reader.bytes.length, reader.position + stride - needed);
  return row;
}

function unpack(row: Uint8Array, bits: number, to: Uint8Array): void {
  const mask = (1 << bits) - 1;
  const perByte = 8 / bits;
  for (let x = 0; x < to.length; x++) {
    const shift = 8 - bits * ((x % perByte) + 1);
    to[x] = (row[Math.floor(x / perByte)]! >> shift) & mask;
  }
}

function colourImage(reader: ByteReader, header: Header, offset: number): Raster {
  const { width, height } = header;
  const read = pixelReader(header);
  const out = blank('RGB', width, height);
  const step = header.bits / 8;
  reader.position = offset || reader.position;
  copyRows(header, (_, row) => {
    const source = readRow(reader, header);
    for (let x = 0, to = row * width * 3; x < width; x++, to += 3) {
      read(source, x * step, out.data, to);
    }
  });
  return out;
}

type PixelReader = (row: Uint8Array, from: number, out: Uint8Array, to: number) => void;

/** Byte offsets of red, green and blue. */
function ordered(red: number, green: number, blue: number): PixelReader {
  return (row, from, out, to) => {
    out[to] = row[from + red]!;
    out[to + 1] = row[from + green]!;
    out[to + 2] = row[from + blue]!;
  };
}

/** 16 bits with five or six bits of green; PIL scales by integer division. */
function packed(greenBits: 5 | 6): PixelReader {
  const most = (1 << greenBits) - 1;
  return (row, from, out, to) => {
    const pixel = row[from]! | (row[from + 1]! << 8);
    out[to] = Math.floor((((pixel >> (5 + greenBits)) & 31) * 255) / 31);
    out[to + 1] = Math.floor((((pixel >> 5) & most) * 255) / most);
    out[to + 2] = Math.floor(((pixel & 31) * 255) / 31);
  };
}

const blueFirst = ordered(2, 1, 0);

/** The layouts that PIL supports, by bits and masks. */
const layouts: ReadonlyMap<string, PixelReader> = new Map([
  ['32:ff0000,ff00,ff,0', blueFirst],
  ['32:ff000000,ff0000,ff00,0', ordered(3, 2, 1)],
  ['32:ff000000,ff00,ff,0', ordered(3, 1, 0)],
  ['32:ff000000,ff0000,ff00,ff', ordered(3, 2, 1)],
  ['32:ff,ff00,ff0000,ff000000', ordered(0, 1, 2)],
  ['32:ff0000,ff00,ff,ff000000', blueFirst],
  ['32:ff000000,ff00,ff,ff0000', ordered(3, 1, 0)],
  ['32:0,0,0,0', blueFirst],
  ['24:ff0000,ff00,ff', blueFirst],
  ['16:f800,7e0,1f', packed(6)],
  ['16:7c00,3e0,1f', packed(5)],
]);

function pixelReader({ bits, compression, masks }: Header): PixelReader {
  if (compression === BITFIELDS) {
    const hex = masks.slice(0, bits === 32 ? 4 : 3).map((mask) => mask.toString(16));
    const known = layouts.get(`${bits}:${hex.join()}`);
    if (!known) throw new UnsupportedImageError('a BMP file with an unsupported colour layout');
    return known;
  }
  if (compression !== RAW) throw unsupportedCompression(compression);
  if (bits === 16) return packed(5);
  if (bits === 24 || bits === 32) return blueFirst;
  throw new UnsupportedImageError(`a BMP file of ${bits} bits`);
}

function unsupportedCompression(compression: number): UnsupportedImageError {
  return new UnsupportedImageError(`a BMP file with compression ${compression}`);
}
