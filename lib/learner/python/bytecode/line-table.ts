import type { Minor } from './opcodes.js';
import type { RawCode } from './raw-code.js';

/**
 * The line of each two-byte unit of the code; 0 for a unit without a line.
 *
 * @throws UnreadableCodeError if the table does not fit that version
 */
export function readLines(raw: RawCode, minor: Minor): Int32Array {
  const lines = new Int32Array(raw.code.length / 2);
  if (minor < 10) readPairs(raw, lines);
  else if (minor === 10) readRanges(raw, lines);
  else readLocations(raw, lines);
  return lines;
}

/** Up to 3.9: pairs of a byte count and a line count to advance. */
function readPairs(raw: RawCode, lines: Int32Array): void {
  const { lineTable: table, firstLine } = raw;
  if (table.length % 2 !== 0) throw raw.error('its line table is cut off');
  let at = 0;
  let line = firstLine;
  for (let i = 0; i < table.length; i += 2) {
    const end = at + table[i]!;
    if (end >= raw.code.length) throw raw.error('its line table is longer than its code');
    lines.fill(line, Math.ceil(at / 2), Math.ceil(end / 2));
    at = end;
    line += signedByte(table[i + 1]!);
  }
  lines.fill(line, Math.ceil(at / 2));
}

/** 3.10: pairs of a byte count and the distance from the previous line. */
function readRanges(raw: RawCode, lines: Int32Array): void {
  const { lineTable: table, firstLine } = raw;
  if (table.length % 2 !== 0) throw raw.error('its line table is cut off');
  let at = 0;
  let line = firstLine;
  for (let i = 0; i < table.length; i += 2) {
    const delta = signedByte(table[i + 1]!);
    if (delta !== -128) line += delta;
    const end = at + table[i]!;
    if (end > raw.code.length) throw raw.error('its line table is longer than its code');
    lines.fill(delta === -128 ? 0 : line, Math.ceil(at / 2), Math.ceil(end / 2));
    at = end;
  }
  if (at !== raw.code.length) throw raw.error('its line table is shorter than its code');
}

/** From 3.11 on: entries for 1 to 8 units, with columns, in several lengths. */
function readLocations(raw: RawCode, lines: Int32Array): void {
  const { lineTable: table } = raw;
  let position = 0;
  let line = raw.firstLine;
  let at = 0;

  function byte(): number {
    const value = table[position++];
    if (value === undefined) throw raw.error('its line table is cut off');
    return value;
  }
  function variable(): number {
    let value = 0;
    for (let shift = 0; shift <= 30; shift += 6) {
      const part = byte();
      value += (part & 63) * 2 ** shift;
      if (!(part & 64)) return value;
    }
    throw raw.error('a number in its line table has more than 36 bits');
  }
  function signed(): number {
    const value = variable();
    return value % 2 === 1 ? -Math.floor(value / 2) : value / 2;
  }

  while (position < table.length) {
    const head = byte();
    if (!(head & 128)) throw raw.error('its line table is damaged');
    const kind = (head >> 3) & 15;
    const length = (head & 7) + 1;
    let skipped = 0;
    if (kind < 10) skipped = 1;
    else if (kind < 13) {
      line += kind - 10;
      skipped = 2;
    } else if (kind === 13) line += signed();
    else if (kind === 14) {
      line += signed();
      for (let i = 0; i < 3; i++) variable();
    }
    for (; skipped > 0; skipped--) byte();
    if (at + length > lines.length) throw raw.error('its line table is longer than its code');
    lines.fill(kind === 15 ? 0 : line, at, at + length);
    at += length;
  }
  if (at !== lines.length) throw raw.error('its line table is shorter than its code');
}

function signedByte(byte: number): number {
  return byte < 128 ? byte : byte - 256;
}
