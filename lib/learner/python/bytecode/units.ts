import { opcodesOf, type Minor } from './opcodes.js';
import type { RawCode } from './raw-code.js';

/** One instruction of CPython, with the prefixes of its argument and the caches after it. */
export interface Unit {
  readonly name: string;
  readonly arg: number;
  /** Where it begins, including its EXTENDED_ARGs: the target of jumps. */
  readonly start: number;
  /** Where its opcode is. */
  readonly offset: number;
  /** Where the next instruction begins. */
  readonly end: number;
}

/** @throws UnreadableCodeError if the bytes are not code of that version */
export function readUnits(raw: RawCode, minor: Minor): Unit[] {
  const { code } = raw;
  const opcodes = opcodesOf(minor);
  if (code.length === 0 || code.length % 2 !== 0) {
    throw raw.error(`its bytecode has ${code.length} bytes, which is not a positive even number`);
  }
  const units: Unit[] = [];
  let start = 0;
  let high = 0;
  for (let offset = 0; offset < code.length;) {
    const opcode = opcodes[code[offset]!];
    if (!opcode) throw raw.error(`${code[offset]} is not an opcode of Python 3.${minor}`);
    const arg = high * 256 + code[offset + 1]!;
    if (arg >= 2 ** 31) throw raw.error('the argument of an instruction has more than 31 bits');
    const next = offset + 2 + 2 * opcode.caches;
    if (opcode.name === 'EXTENDED_ARG') high = arg;
    else {
      if (next > code.length) throw raw.error('its bytecode is cut off');
      for (let cache = offset + 2; cache < next; cache++) {
        if (code[cache] !== 0) throw raw.error('an inline cache is not empty');
      }
      units.push({ name: opcode.name, arg, start, offset, end: next });
      start = next;
      high = 0;
    }
    offset = next;
  }
  if (start !== code.length) throw raw.error('its bytecode ends within an instruction');
  return units;
}
