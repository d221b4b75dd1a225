import { APP0, readScan, readSegment, SOS, startsWith, withTable, word } from './jpeg-markers.js';
import type { JpegScan, JpegTables } from './jpeg-markers.js';
import type { RasterMode } from './raster.js';

/** A colour component of the file. */
interface JpegComponent {
  readonly id: number;
  /** Columns and rows of blocks in an MCU, the unit of a scan. */
  readonly h: number;
  readonly v: number;
  readonly divisors: number;
}

/** The factor by which decoding shrinks an image. */
export type JpegScale = 1 | 2 | 4 | 8;

/** The facts in the markers before the pixels, for a JPEG file that the kernels decode. */
export interface JpegHeader {
  /** The size of the decoded pixels. */
  readonly width: number;
  readonly height: number;
  readonly scale: JpegScale;
  /** The size of the stored pixels. */
  readonly stored: { readonly width: number; readonly height: number };
  /** The file's mode: L for one component, RGB for three. */
  readonly mode: RasterMode;
  /** Whether the components are luma and chroma rather than red, green and blue. */
  readonly isYcc: boolean;
  readonly components: readonly JpegComponent[];
  readonly tables: JpegTables;
  /** Whether this is only the first of many scans, each with a part of the coefficients. */
  readonly isProgressive: boolean;
  readonly scan: JpegScan;
}

const SOF0 = 0xc0;
const SOF2 = 0xc2;
const APP14 = 0xee;

/** libjpeg's limit. */
const MAX_SIDE = 65_500;

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: JpegComponent[];
  readonly isProgressive: boolean;
}

/**
 * The header of a JPEG file of the common kinds: Huffman codes, 8 bits, one component or three,
 * sequential in one scan or progressive, with chroma halved or not. Undefined for all other or
 * irregular files: libvips decodes them, or explains the error.
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined;
  let tables: JpegTables | undefined = { divisors: [], huffman: [], restartInterval: 0 };
  let frame: Frame | undefined;
  let hasJfif = false;
  let adobe: number | undefined;
  let segment = readSegment(bytes, 2);
  for (; segment && segment.marker !== SOS; segment = readSegment(bytes, segment.end)) {
    const { marker, data } = segment;
    if (marker >= SOF0 && marker <= SOF2) {
      if (frame || !(frame = readFrame(data, marker === SOF2))) return undefined;
      continue;
    }
    if (marker === APP0) hasJfif ||= data.length >= 14 && startsWith(data, 'JFIF\0');
    if (marker === APP14 && data.length >= 12 && startsWith(data, 'Adobe')) adobe = data[11];
    tables = withTable(tables, segment);
    if (!tables) return undefined;
  }
  if (!segment || !frame) return undefined;
  const { width, height, components, isProgressive } = frame;
  const ids = components.map(({ id }) => id);
  const scan = readScan(segment, ids);
  const isYcc = isLumaChroma(ids, hasJfif, adobe);
  if (!scan || isYcc === undefined || !isSampledAsUsual(components, isYcc)) return undefined;
  if (!isProgressive && !isWhole(scan, components, tables)) return undefined;
  if (!components.every(({ divisors }) => tables.divisors[divisors])) return undefined;
  const size = { width, height, scale: 1, stored: { width, height } } as const;
  const mode = components.length === 1 ? 'L' : 'RGB';
  return { ...size, mode, isYcc, components, tables, isProgressive, scan };
}

/** Decodes at a half, a quarter or an eighth of the size, like PIL's `Image.draft`. */
export function atScale(header: JpegHeader, scale: JpegScale): JpegHeader {
  const { width, height } = header.stored;
  return { ...header, width: Math.ceil(width / scale), height: Math.ceil(height / scale), scale };
}

function readFrame(data: Uint8Array, isProgressive: boolean): Frame | undefined {
  const count = data[5]!;
  if (data[0] !== 8 || (count !== 1 && count !== 3) || data.length !== 6 + 3 * count)
    return undefined;
  const [height, width] = [word(data, 1), word(data, 3)];
  if (width === 0 || height === 0 || width > MAX_SIDE || height > MAX_SIDE) return undefined;
  const components: JpegComponent[] = [];
  for (let at = 6; at < data.length; at += 3) {
    const [id, sampling, divisors] = [data[at]!, data[at + 1]!, data[at + 2]!];
    components.push({ id, h: sampling >> 4, v: sampling & 15, divisors });
  }
  return { width, height, components, isProgressive };
}

/** Whether a scan has all coefficients of all components, and their tables exist. */
function isWhole(
  { parts, start, end, high, low }: JpegScan,
  components: readonly JpegComponent[],
  { huffman }: JpegTables,
): boolean {
  return (
    parts.length === components.length &&
    parts.every(({ dc, ac }) => huffman[dc] && huffman[2 + ac]) &&
    start === 0 &&
    end === 63 &&
    high === 0 &&
    low === 0
  );
}

/** libjpeg's guess of the colour space; undefined if it would warn. */
function isLumaChroma(
  ids: readonly number[],
  hasJfif: boolean,
  adobe: number | undefined,
): boolean | undefined {
  const [first, second, third] = ids;
  if (ids.length === 1) return false;
  if (new Set(ids).size < 3) return undefined;
  if (hasJfif) return true;
  if (adobe !== undefined) return adobe > 1 ? undefined : adobe === 1;
  return !(first === 0x52 && second === 0x47 && third === 0x42);
}

/** Whether chroma is as large as luma or half as wide or high, and the others are full size. */
function isSampledAsUsual([first, ...others]: readonly JpegComponent[], isYcc: boolean): boolean {
  const { h, v } = first!;
  // A single component has one block in an MCU, regardless of its sampling factors.
  if (others.length === 0) return h >= 1 && h <= 4 && v >= 1 && v <= 4;
  if (!others.every((other) => other.h === 1 && other.v === 1)) return false;
  if (h === 1 && v === 1) return true;
  return isYcc && h >= 1 && h <= 2 && v >= 1 && v <= 2;
}
