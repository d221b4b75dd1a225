import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { codeFixtures, codeOf } from '../../../../test/helpers/code-fixtures.js';
import { UnreadableCodeError } from '../errors.js';
import type { Instruction } from '../instructions.js';
import { CodeVersion, decodeCode, RawCode, type CodeArgument } from './index.js';
import type { Minor } from './opcodes.js';
import { slotNamesOf } from './slots.js';
import { translate } from './translate/index.js';

const MINORS: readonly Minor[] = [7, 8, 9, 10, 11, 12, 13, 14];

/** A code object and all that are within it. */
function withInner(raw: RawCode): RawCode[] {
  return [raw, ...raw.consts.flatMap((one) => (one instanceof RawCode ? withInner(one) : []))];
}

function allCode(minor: Minor): RawCode[] {
  return codeFixtures(`3.${minor}`).flatMap(({ code }) => withInner(codeOf(code)));
}

const never = (): never => {
  throw new Error('not decoded');
};

describe.each(MINORS)('code of Python 3.%i', (minor) => {
  const codes = allCode(minor);

  it('is distinguished from the code of other versions', () => {
    expect(codes.length).toBeGreaterThan(1000);
    const version = new CodeVersion();
    for (const raw of codes) version.add(raw);
    for (const raw of codes) void decodeCode(raw, version).instructions;
    expect(version.possible).toEqual([minor]);
  });

  it('means the same if a function fits two versions', () => {
    const unknown: string[] = [];
    const wrong: string[] = [];
    for (const raw of codes) {
      const mine = translate(raw, minor, slotNamesOf(raw), (inner) => decodeCode(inner));
      try {
        if (!isDeepStrictEqual(decodeCode(raw).instructions, mine.instructions)) {
          wrong.push(raw.qualname);
        }
      } catch (error) {
        if (!(error instanceof UnreadableCodeError)) throw error;
        unknown.push(raw.qualname);
      }
    }
    expect(wrong).toEqual([]);
    // Code that says nothing of its version and means two things is refused, unless the file knows.
    expect(unknown.length).toBeLessThan(3);
  });

  it('has jumps, slots and lines within bounds, and nothing unsupported', () => {
    const version = new CodeVersion();
    for (const raw of codes) version.add(raw);
    const faults = codes.flatMap((raw) => {
      const { instructions, lines, handlers, slotNames } = decodeCode(raw, version);
      const count = instructions.length;
      const isWrong = (one: Instruction): boolean =>
        one.op === 'unsupported' ||
        ('target' in one && one.target >= count) ||
        ('slot' in one && one.slot >= slotNames.length);
      return instructions.some(isWrong) ||
        lines.length !== count ||
        lines.some((line) => line !== 0 && line < raw.firstLine) ||
        handlers.some(({ start, end, target }) => start > end || target >= count)
        ? [raw.qualname]
        : [];
    });
    expect(faults).toEqual([]);
  });
});

const CODE = 6;

/** A line table for so many units. */
function sameLine(units: number): Uint8Array {
  const table: number[] = [];
  for (let left = Math.floor(units); left > 0; left -= 8) {
    table.push(0x80 | (Math.min(left, 8) - 1), 0);
  }
  return Uint8Array.from(table);
}

/** `def f(x): return x + 1` of Python 3.11, with parts changed. */
function simple(changes: Record<number, CodeArgument> = {}): RawCode {
  // RESUME, LOAD_FAST x, LOAD_CONST 1, BINARY_OP +, RETURN_VALUE
  const code = [151, 0, 124, 0, 100, 1, 122, 0, 0, 0, 83, 0];
  const given = changes[CODE] instanceof Uint8Array ? changes[CODE] : code;
  const args: CodeArgument[] = [
    1,
    0,
    0,
    1,
    2,
    3,
    Uint8Array.from(code),
    [null, 1n],
    [],
    ['x'],
    'f.py',
    'f',
    'f',
    7,
    sameLine(given.length / 2),
    new Uint8Array(),
    [],
    [],
  ];
  for (const [at, value] of Object.entries(changes)) args[Number(at)] = value;
  return new RawCode(args);
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('a code object', () => {
  it('becomes instructions and their lines', () => {
    const code = decodeCode(simple());
    expect(code.instructions.map(({ op }) => op)).toEqual([
      'nop',
      'load_fast',
      'const',
      'binary',
      'return_value',
    ]);
    expect(code.lines).toEqual([7, 7, 7, 7, 7]);
    expect(code).toMatchObject({ name: 'f', argCount: 1, slotNames: ['x'], isGenerator: false });
  });

  const jump = (arg: number): RawCode =>
    simple({ [CODE]: bytes(151, 0, 124, 0, 110, arg, 100, 1, 83, 0, 83, 0) });

  it.each<[string, () => RawCode, RegExp]>([
    ['of an odd length', () => simple({ [CODE]: bytes(151, 0, 83) }), /3 bytes/],
    ['without any', () => simple({ [CODE]: bytes() }), /0 bytes/],
    ['that is cut off in a cache', () => simple({ [CODE]: bytes(151, 0, 122, 0) }), /cut off/],
    [
      'with an unknown opcode',
      () => simple({ [CODE]: bytes(151, 0, 250, 0) }),
      /250 is not an opcode/,
    ],
    ['with a full cache', () => simple({ [CODE]: bytes(151, 0, 122, 0, 9, 9, 83, 0) }), /cache/],
    ['that jumps outside the code', () => jump(100), /a jump leads to 206/],
    [
      'that jumps into a cache',
      () => {
        const code = bytes(151, 0, 110, 1, 122, 0, 0, 0, 83, 0, 83, 0);
        return simple({ [CODE]: code });
      },
      /a jump leads to 6/,
    ],
    [
      'that ends without a return',
      () => simple({ [CODE]: bytes(151, 0, 9, 0) }),
      /without a return/,
    ],
    ['with a constant too many', () => simple({ 7: [null] }), /constant 1/],
    ['with a variable too many', () => simple({ 0: 0, 3: 0, 9: [] }), /variable 0/],
    ['that never begins', () => simple({ [CODE]: bytes(9, 0, 83, 0) }), /does not begin/],
  ])('%s is refused', (_, make, reason) => {
    expect(() => decodeCode(make()).instructions).toThrow(UnreadableCodeError);
    const damaged = make();
    expect(() => translate(damaged, 11, slotNamesOf(damaged), never)).toThrow(reason);
  });

  it.each<[string, () => RawCode, RegExp]>([
    ['parts too few', () => new RawCode([1, 2, 3]), /it has 3 parts/],
    ['code that is no bytes', () => simple({ [CODE]: 'text' }), /its code is not bytes/],
    ['names that are no texts', () => simple({ 8: [5n] }), /its names are not all texts/],
    ['more parameters than variables', () => simple({ 0: 5 }), /more parameters/],
    ['a negative count', () => simple({ 0: -1 }), /its argcount is -1/],
    ['a line that is no number', () => simple({ 13: 'x' }), /its first line is not an integer/],
    ['huge code', () => simple({ [CODE]: new Uint8Array(2 ** 21) }), /more than 1048576/],
  ])('with %s is refused', (_, make, reason) => {
    expect(make).toThrow(UnreadableCodeError);
    expect(make).toThrow(reason);
  });

  it('becomes an error or instructions, whatever its bytes are', () => {
    let seed = 1;
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return Math.floor((seed / 2 ** 31) * below);
    };
    let refused = 0;
    let outside = 0;
    for (const minor of MINORS) {
      const codes = codeFixtures(`3.${minor}`).filter((_, at) => at % 9 === 0);
      for (const fixture of codes) {
        const { c: parts } = structuredClone(fixture.code) as unknown as { c: unknown[] };
        const raw = codeOf({ c: parts });
        for (let round = 0; round < 20; round++) {
          const { code, lineTable, exceptionTable } = raw;
          for (const table of [code, lineTable, exceptionTable]) {
            if (table.length > 0) table[random(table.length)] = random(256);
          }
          let instructions: readonly Instruction[] = [];
          try {
            instructions = translate(raw, minor, slotNamesOf(raw), (one) =>
              decodeCode(one),
            ).instructions;
          } catch (error) {
            expect(error).toBeInstanceOf(UnreadableCodeError);
            refused++;
          }
          const isOut = (one: Instruction): boolean =>
            'target' in one && one.target >= instructions.length;
          if (instructions.some(isOut)) outside++;
        }
      }
    }
    expect(outside).toBe(0);
    expect(refused).toBeGreaterThan(1000);
  });
});
