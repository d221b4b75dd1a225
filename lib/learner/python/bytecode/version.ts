import { UnreadableCodeError } from '../errors.js';
import type { Code } from '../instructions.js';
import type { Minor } from './opcodes.js';
import { RawCode, type CodeLayout } from './raw-code.js';
import { slotNamesOf } from './slots.js';
import { translate, type Body } from './translate/index.js';

/** The versions whose code objects have that many parts. */
const VERSIONS: Record<CodeLayout, readonly Minor[]> = {
  15: [7],
  16: [10, 9, 8],
  18: [14, 13, 12, 11],
};

/**
 * Which Python wrote the code of a file. The file does not say so, but code read as another version
 * contradicts itself somewhere; all code of a file has one version.
 */
export class CodeVersion {
  #possible: readonly Minor[] = [14, 13, 12, 11, 10, 9, 8, 7];
  readonly #bodies = new WeakMap<RawCode, Body>();
  readonly #seen = new WeakSet<RawCode>();
  /** Code of the same file that has not been examined yet. */
  readonly #others: RawCode[] = [];

  /** The versions that still fit the code that was read. */
  get possible(): readonly Minor[] {
    return this.#possible;
  }

  /** Code that may reveal the version if other code does not. */
  add(raw: RawCode): void {
    if (!this.#seen.has(raw)) this.#others.push(raw);
  }

  /** @throws UnreadableCodeError */
  read(raw: RawCode, decode: (raw: RawCode) => Code): Body {
    const known = this.#bodies.get(raw);
    if (known) return known;
    let bodies = this.#fitting(raw, decode);
    // Enclosing and nested code is consulted only if it makes a difference.
    while (bodies.length > 1 && !allEqual(bodies)) {
      const other = this.#next(raw);
      if (!other) {
        throw raw.error(
          `it may be of ${bodies.map(({ minor }) => `Python 3.${minor}`).join(' or of ')}, ` +
            'and means different things in them',
        );
      }
      if (this.#look(other, decode)) bodies = this.#fitting(raw, decode);
    }
    const { body } = bodies[0]!;
    this.#bodies.set(raw, body);
    return body;
  }

  /** Whether that made a difference. */
  #look(raw: RawCode, decode: (raw: RawCode) => Code): boolean {
    const before = this.#possible.length;
    try {
      this.#fitting(raw, decode);
    } catch (error) {
      // Damaged code is an error for the reader of that code.
      if (!(error instanceof UnreadableCodeError)) throw error;
    }
    return this.#possible.length < before;
  }

  #next(raw: RawCode): RawCode | undefined {
    for (const one of raw.consts) {
      if (one instanceof RawCode && !this.#seen.has(one)) return one;
    }
    for (;;) {
      const other = this.#others.pop();
      if (other === undefined || !this.#seen.has(other)) return other;
    }
  }

  /** The code as each possible version reads it. */
  #fitting(raw: RawCode, decode: (raw: RawCode) => Code): Reading[] {
    this.#seen.add(raw);
    for (const one of raw.consts) if (one instanceof RawCode) this.add(one);
    const readings: Reading[] = [];
    let refusal: UnreadableCodeError | undefined;
    for (const minor of VERSIONS[raw.layout]) {
      if (!this.#possible.includes(minor)) continue;
      try {
        readings.push({ minor, body: translate(raw, minor, slotNamesOf(raw), decode) });
      } catch (error) {
        if (!(error instanceof UnreadableCodeError)) throw error;
        refusal = error;
      }
    }
    if (readings.length === 0) {
      const versions = this.#possible.map((minor) => `3.${minor}`).join(', ');
      throw (
        refusal ?? raw.error(`its version of Python differs from that of the file (${versions})`)
      );
    }
    this.#possible = readings.map(({ minor }) => minor);
    return readings;
  }
}

interface Reading {
  readonly minor: Minor;
  readonly body: Body;
}

function allEqual([first, ...rest]: readonly Reading[]): boolean {
  return rest.every(
    ({ body }) =>
      sameItems(body.instructions, first!.body.instructions, sameInstruction) &&
      sameItems(body.handlers, first!.body.handlers, sameInstruction),
  );
}

function sameItems<T>(a: readonly T[], b: readonly T[], same: (a: T, b: T) => boolean): boolean {
  return a.length === b.length && a.every((item, index) => same(item, b[index]!));
}

function sameInstruction(a: object, b: object): boolean {
  const keys = Object.keys(a) as (keyof typeof a)[];
  return keys.every((key) => sameField(a[key], b[key]));
}

function sameField(a: unknown, b: unknown): boolean {
  return Array.isArray(a) && Array.isArray(b) ? sameItems(a, b, Object.is) : Object.is(a, b);
}
