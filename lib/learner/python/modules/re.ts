import type { Context } from '../context.js';
import {
  PythonPattern,
  RegexFlag,
  RegexSyntaxError,
  UnsupportedRegexError,
} from '../regex/index.js';
import { ClassValue, type Value } from '../values.js';
import { TYPES } from '../types.js';
import { fn, typeName } from '../builtins/define.js';
import { asStr } from '../builtins/unwrap.js';
import { namesOf } from './module-names.js';
import { MATCH_CLASS } from './re-match.js';
import { PATTERN_CLASS, PatternValue } from './re-pattern.js';

/** Compiled patterns by flags and text. */
const compiled = new Map<string, PatternValue>();
const MOST = 500;

/** The cost of each character of a new pattern: its tree, and its translation. */
const STEPS_TO_COMPILE = 16;
const ITEMS_TO_COMPILE = 32;

/**
 * `re.compile(pattern, flags)`; also for a pattern from the file.
 *
 * @param compiling is called if the pattern is new
 */
export function compilePattern(
  pattern: string,
  flags: number,
  compiling?: () => void,
): PatternValue {
  const key = `${flags}:${pattern}`;
  let value = compiled.get(key);
  if (!value) {
    compiling?.();
    value = new PatternValue(new PythonPattern(pattern, flags));
    if (compiled.size >= MOST) compiled.clear();
    compiled.set(key, value);
  }
  return value;
}

function compile(ctx: Context, given: Value, flags: Value): PatternValue {
  if (given instanceof PatternValue) {
    if (flags !== null && ctx.index(flags) !== 0n) {
      throw ctx.raise('ValueError', 'cannot process flags argument with a compiled pattern');
    }
    return given;
  }
  const pattern = asStr(given);
  if (pattern === undefined) {
    if (given instanceof Uint8Array) throw ctx.unsupported('a bytes pattern is not supported');
    throw ctx.raise(
      'TypeError',
      `first argument must be string or compiled pattern, not ${typeName(given)}`,
    );
  }
  ctx.budget.step(1 + pattern.length);
  const wanted = flags === null ? 0 : Number(ctx.index(flags));
  try {
    return compilePattern(pattern, wanted, () => {
      ctx.budget.step(STEPS_TO_COMPILE * pattern.length);
      ctx.budget.charge(ITEMS_TO_COMPILE * pattern.length);
    });
  } catch (error) {
    if (error instanceof RegexSyntaxError) {
      throw ctx.raise('error', `${error.fault} at position ${error.position}`);
    }
    if (error instanceof UnsupportedRegexError) throw ctx.unsupported(error.message);
    throw error;
  }
}

/** A method of a pattern as a function, with the pattern as its first argument. */
function overPattern(name: string, parameters: string): ReturnType<typeof fn> {
  const names = parameters.split(',').map((one) => one.trim().replace('=', ''));
  return fn(name, `pattern, ${parameters}, flags=`, (ctx, given) => {
    const pattern = compile(ctx, given.get('pattern'), given.get('flags'));
    const kwargs = new Map<string, Value>();
    for (const one of names) {
      const value = given.raw(one);
      if (value !== undefined) kwargs.set(one, value);
    }
    return ctx.call(ctx.getAttr(pattern, name), [], kwargs);
  });
}

const SPECIAL = /[()[\]{}?*+\-|^$\\.&~# \t\n\r\v\f]/g;

const FLAGS: Readonly<Record<string, number>> = {
  I: RegexFlag.IGNORECASE,
  L: RegexFlag.LOCALE,
  M: RegexFlag.MULTILINE,
  S: RegexFlag.DOTALL,
  U: RegexFlag.UNICODE,
  X: RegexFlag.VERBOSE,
  A: RegexFlag.ASCII,
  ...RegexFlag,
  NOFLAG: 0,
};

export const RE = namesOf(
  [
    fn('compile', 'pattern, flags=', (ctx, given) =>
      compile(ctx, given.get('pattern'), given.get('flags')),
    ),
    overPattern('match', 'string'),
    overPattern('search', 'string'),
    overPattern('fullmatch', 'string'),
    overPattern('findall', 'string'),
    overPattern('finditer', 'string'),
    overPattern('sub', 'repl, string, count='),
    overPattern('subn', 'repl, string, count='),
    overPattern('split', 'string, maxsplit='),
    fn('escape', 'pattern', (ctx, given) => {
      const escaped = given.str('pattern').replace(SPECIAL, (char) => `\\${char}`);
      ctx.budget.charge(escaped.length);
      return escaped;
    }),
    fn('purge', '', () => null),
  ],
  {
    ...Object.fromEntries(Object.entries(FLAGS).map(([name, bits]) => [name, BigInt(bits)])),
    Pattern: PATTERN_CLASS,
    Match: MATCH_CLASS,
    RegexFlag: new ClassValue('RegexFlag', 're.RegexFlag', [TYPES.int], [], { opaque: true }),
  },
);
