/** Equal under IGNORECASE by their upper-case form alone (the engine's list). */
const SAME_UPPER_CASE: readonly (readonly number[])[] = (
  'i\u0131 s\u017f \u00b5\u03bc \u0345\u03b9\u1fbe \u0390\u1fd3 \u03b0\u1fe3 \u03b2\u03d0 ' +
  '\u03b5\u03f5 \u03b8\u03d1 \u03ba\u03f0 \u03c0\u03d6 \u03c1\u03f1 \u03c2\u03c3 ' +
  '\u03c6\u03d5 \u0432\u1c80 \u0434\u1c81 \u043e\u1c82 \u0441\u1c83 \u0442\u1c84\u1c85 ' +
  '\u044a\u1c86 \u0463\u1c87 \u1c88\ua64b \u1e61\u1e9b \ufb05\ufb06'
)
  .split(' ')
  .map((equal) => Array.from(equal, (char) => char.charCodeAt(0)));

/** Most blocks of that many characters have no cased character. */
const BLOCK = 256;

/** No cased character is above the supplementary multilingual plane. */
const LAST_CASED = 0x1ffff;

let unicodeVariants: ReadonlyMap<number, readonly number[]> | undefined;
let asciiVariants: ReadonlyMap<number, readonly number[]> | undefined;

/** For each character that equals others under IGNORECASE, all of them including itself. */
export function caseVariants(ascii: boolean): ReadonlyMap<number, readonly number[]> {
  if (ascii) return (asciiVariants ??= variantsUpTo(0x7f, []));
  return (unicodeVariants ??= variantsUpTo(LAST_CASED, SAME_UPPER_CASE));
}

function variantsUpTo(
  last: number,
  extra: readonly (readonly number[])[],
): ReadonlyMap<number, readonly number[]> {
  const byLower = new Map<number, number[]>();
  for (const code of upperCased(last)) {
    const lower = simpleLower(code);
    const variants = byLower.get(lower);
    if (variants) variants.push(code);
    else byLower.set(lower, [lower, code]);
  }
  for (const equal of extra) {
    const merged = new Set(equal.flatMap((code) => byLower.get(code) ?? [code]));
    for (const code of equal) byLower.set(code, [...merged]);
  }
  const all = new Map<number, readonly number[]>();
  for (const variants of byLower.values()) for (const code of variants) all.set(code, variants);
  return all;
}

function* upperCased(last: number): Generator<number> {
  for (let start = 0; start <= last; start += BLOCK) {
    const codes = Array.from({ length: Math.min(BLOCK, last + 1 - start) }, (_, i) => start + i);
    const text = String.fromCodePoint(...codes);
    if (text.toLowerCase() === text) continue;
    for (const code of codes) if (simpleLower(code) !== code) yield code;
  }
}

function simpleLower(code: number): number {
  // The one character whose full mapping has two characters.
  if (code === 0x130) return 0x69;
  return String.fromCodePoint(code).toLowerCase().codePointAt(0) as number;
}
