/** Equal under IGNORECASE by their upper-case form alone (the engine's list). */
const SAME_UPPER_CASE: readonly (readonly number[])[] = [
  [0x69, 0x131],
  [0x73, 0x17f],
  [0xb5, 0x3bc],
  [0x345, 0x3b9, 0x1fbe],
  [0x390, 0x1fd3],
  [0x3b0, 0x1fe3],
  [0x3b2, 0x3d0],
  [0x3b5, 0x3f5],
  [0x3b8, 0x3d1],
  [0x3ba, 0x3f0],
  [0x3c0, 0x3d6],
  [0x3c1, 0x3f1],
  [0x3c2, 0x3c3],
  [0x3c6, 0x3d5],
  [0x432, 0x1c80],
  [0x434, 0x1c81],
  [0x43e, 0x1c82],
  [0x441, 0x1c83],
  [0x442, 0x1c84, 0x1c85],
  [0x44a, 0x1c86],
  [0x463, 0x1c87],
  [0x1c88, 0xa64b],
  [0x1e61, 0x1e9b],
  [0xfb05, 0xfb06],
];

/** No cased character lies above the supplementary multilingual plane. */
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
  for (let code = 0; code <= last; code++) {
    const lower = simpleLower(code);
    if (lower === code) continue;
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

function simpleLower(code: number): number {
  // The one character whose full mapping has two characters.
  if (code === 0x130) return 0x69;
  return String.fromCodePoint(code).toLowerCase().codePointAt(0) as number;
}
