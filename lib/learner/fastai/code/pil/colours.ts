import type { Context } from '../../../python/context.js';
import { List, Tuple, type Value } from '../../../python/values.js';
import { numberOf } from './image-value.js';
import { channelsOf, convert, type PilMode } from './pixels.js';

/** The most common names; the rest of CSS is not supported. */
const NAMES: Readonly<Record<string, string>> = {
  black: '#000000',
  white: '#ffffff',
  red: '#ff0000',
  green: '#008000',
  lime: '#00ff00',
  blue: '#0000ff',
  yellow: '#ffff00',
  cyan: '#00ffff',
  magenta: '#ff00ff',
  gray: '#808080',
  grey: '#808080',
};

/** A colour as one value per band: a number, a tuple, a name or `#rrggbb`. */
export function colourOf(ctx: Context, value: Value | undefined, mode: PilMode): number[] {
  const bands = channelsOf(mode);
  if (value === undefined || value === null) return Array.from({ length: bands }, () => 0);
  if (typeof value === 'string') return named(ctx, value, mode);
  if (value instanceof Tuple || value instanceof List) {
    const values = value.items.map((item) => numberOf(ctx, item));
    // Alpha is opaque if omitted.
    if (values.length === bands - 1 && mode === 'RGBA') return [...values, 255];
    if (values.length === bands) return values;
    throw ctx.raise('TypeError', 'color must be int or tuple');
  }
  const number = numberOf(ctx, value);
  if (bands === 1) return [number];
  // A single number is red, the low byte of a colour.
  return Array.from({ length: bands }, (_, band) =>
    mode === 'LA'
      ? band === 0
        ? number & 255
        : 255
      : band === 3
        ? 255
        : (number >> (8 * band)) & 255,
  );
}

function named(ctx: Context, name: string, mode: PilMode): number[] {
  const lower = name.toLowerCase();
  const code = Object.hasOwn(NAMES, lower) ? NAMES[lower]! : lower;
  if (!/^#[0-9a-f]{6}$/.test(code)) throw ctx.unsupported(`The colour "${name}" is not supported`);
  const rgb = [1, 3, 5].map((at) => Number.parseInt(code.slice(at, at + 2), 16));
  if (mode === 'RGB') return rgb;
  if (mode === 'RGBA') return [...rgb, 255];
  const grey = convert({ mode: 'RGB', width: 1, height: 1, data: Uint8Array.from(rgb) }, 'L')
    .data[0]!;
  return mode === 'LA' ? [grey, 255] : [grey];
}
