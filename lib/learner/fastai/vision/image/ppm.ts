import { DamagedImageError } from '../../errors.js';
import { checkSize, type ImageLimits } from './limits.js';
import { blank, convertRaster, type Raster, type RasterMode } from './raster.js';

interface Header {
  /** The digit of the magic number: 1 to 3 are texts, 4 to 6 the same in binary. */
  readonly kind: number;
  readonly width: number;
  readonly height: number;
  /** The brightest value; 1 for black and white. */
  readonly most: number;
  /** The first byte of the pixels. */
  readonly start: number;
}

/** A portable bitmap, graymap or pixmap (.pbm, .pgm, .ppm), as PIL reads it. */
export function decodePpm(bytes: Uint8Array, mode: RasterMode, limits: ImageLimits): Raster {
  const header = readHeader(bytes);
  const { kind, width, height, most } = header;
  checkSize(width, height, limits);
  const isBits = kind % 3 === 1;
  const numbers = width * height * (kind % 3 === 0 ? 3 : 1);
  // Nothing is allocated for pixels that the file cannot have.
  const shortest = kind === 4 ? height * Math.ceil(width / 8) : numbers * (most > 255 ? 2 : 1);
  if (bytes.length - header.start < shortest) throw damaged('it is truncated');
  const out = blank(kind % 3 === 0 ? 'RGB' : 'L', width, height);
  const values = kind > 3 ? binaryValues(bytes, header) : textValues(bytes, header);
  // PIL keeps grey of more than 8 bits in mode I, and clips it when it converts to bytes.
  const scale = most > 255 && kind % 3 === 2 ? 65_535 : 255;
  for (let i = 0; i < out.data.length; i++) {
    const value = values(i);
    if (value === undefined) throw damaged('it is truncated');
    out.data[i] = isBits ? (value ? 0 : 255) : scaled(value, most, scale);
  }
  return convertRaster(out, mode);
}

/** Width and height, from the header. */
export const ppmSize = (bytes: Uint8Array): { width: number; height: number } => readHeader(bytes);

const damaged = (fact: string): DamagedImageError => new DamagedImageError('PPM', fact);

/** Python rounds a half to the even neighbour. */
function scaled(value: number, most: number, scale: number): number {
  if (most === scale) return Math.min(255, value);
  const exact = (value / most) * scale;
  const below = Math.floor(exact);
  const rest = exact - below;
  return Math.min(255, rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below);
}

/** A number has at most 10 digits, as PIL demands. */
const FIELD = /(?:\s|#[^\r\n]*[\r\n])*(\d{1,10})\s/y;
/** Comments may be long, but a header is not. */
const LONGEST_HEADER = 65_536;

function readHeader(bytes: Uint8Array): Header {
  const text = Buffer.from(bytes.subarray(0, LONGEST_HEADER)).toString('latin1');
  const kind = Number(text[1]);
  FIELD.lastIndex = 2;
  const next = (): number => {
    const found = FIELD.exec(text);
    if (!found) throw damaged('its header is not complete');
    return Number(found[1]);
  };
  const [width, height] = [next(), next()];
  const most = kind % 3 === 1 ? 1 : next();
  if (most < 1 || most > 65_535) throw damaged(`its brightest value is ${most}`);
  // The last field ends with one space.
  return { kind, width, height, most, start: FIELD.lastIndex };
}

type Values = (index: number) => number | undefined;

function binaryValues(bytes: Uint8Array, { kind, width, most, start }: Header): Values {
  if (kind === 4) {
    const row = Math.ceil(width / 8);
    return (i) => {
      const x = i % width;
      return (bytes[start + Math.floor(i / width) * row + (x >> 3)]! >> (7 - (x & 7))) & 1;
    };
  }
  if (most < 256) return (i) => bytes[start + i];
  return (i) => bytes[start + 2 * i]! * 256 + bytes[start + 2 * i + 1]!;
}

/** Values in the order of the file; those of black and white need no space between them. */
function textValues(bytes: Uint8Array, { kind, most, start }: Header): Values {
  const text = Buffer.from(bytes.subarray(start))
    .toString('latin1')
    .replace(/#[^\r\n]*/g, ' ');
  const token = kind === 1 ? /\S/g : /\S+/g;
  return () => {
    const found = token.exec(text)?.[0];
    if (found === undefined) return undefined;
    if (/^\d{1,10}$/.test(found) && Number(found) <= most) return Number(found);
    throw damaged(`a value is not a number up to ${most}`);
  };
}
