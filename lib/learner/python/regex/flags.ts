/** The bits of `re.RegexFlag`. */
export const RegexFlag = {
  IGNORECASE: 2,
  LOCALE: 4,
  MULTILINE: 8,
  DOTALL: 16,
  UNICODE: 32,
  VERBOSE: 64,
  ASCII: 256,
} as const;

/** Inline flag letters, `(?aiLmsux)`. */
export const FLAG_LETTERS: ReadonlyMap<string, number> = new Map([
  ['i', RegexFlag.IGNORECASE],
  ['L', RegexFlag.LOCALE],
  ['m', RegexFlag.MULTILINE],
  ['s', RegexFlag.DOTALL],
  ['u', RegexFlag.UNICODE],
  ['x', RegexFlag.VERBOSE],
  ['a', RegexFlag.ASCII],
]);
