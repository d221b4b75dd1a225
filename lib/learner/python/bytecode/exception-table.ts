import type { RawCode } from './raw-code.js';

/** A guarded part of the code, as offsets. */
export interface Guard {
  readonly start: number;
  readonly end: number;
  readonly target: number;
  readonly depth: number;
  readonly lasti: boolean;
}

/** The table of 3.11 and later. @throws UnreadableCodeError */
export function readGuards(raw: RawCode): Guard[] {
  const { exceptionTable: table } = raw;
  const guards: Guard[] = [];
  let position = 0;

  function number(first: boolean): number {
    let value = 0;
    for (let digits = 0; digits < 5; digits++) {
      const byte = table[position++];
      if (byte === undefined) throw raw.error('its exception table is cut off');
      // Only the first byte of an entry has the highest bit.
      if (byte >= 128 !== (first && digits === 0))
        throw raw.error('its exception table is damaged');
      value = value * 64 + (byte & 63);
      if (!(byte & 64)) return value;
    }
    throw raw.error('a number in its exception table has more than 30 bits');
  }

  while (position < table.length) {
    const start = number(true);
    const length = number(false);
    const target = number(false);
    const last = number(false);
    const depth = last >> 1;
    if (depth > raw.stackSize) throw raw.error('a handler keeps more values than the stack has');
    guards.push({
      start: 2 * start,
      end: 2 * (start + length),
      target: 2 * target,
      depth,
      lasti: last % 2 === 1,
    });
  }
  return guards;
}
