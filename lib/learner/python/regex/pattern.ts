import { BranchIndex } from './branch-index.js';
import { growthOf } from './backtracking.js';
import { emitRegex, type EmittedRegex } from './emitter.js';
import type { ParsedRegex } from './ast.js';
import { RegexFlag } from './flags.js';
import { parseRegex } from './parser.js';
import { UnsupportedRegexError } from './python-regex.error.js';

/** The content of Python's `re.Match`; positions are UTF-16 offsets. */
export interface PythonMatch {
  readonly start: number;
  readonly end: number;
  /**
   * The whole match and the groups by Python's numbers; undefined for a group that took no part.
   */
  readonly groups: readonly (string | undefined)[];
}

/** A pattern of Python's `re` for JavaScript's engine: the same matches on any text. */
export class PythonPattern {
  readonly #parsed: ParsedRegex;
  readonly #emitted: EmittedRegex;
  /** False if matching branch by branch is not faster; undefined until first use. */
  #branches: BranchIndex | false | undefined;
  #growth: number | undefined;
  readonly #compiled = new Map<Use, Compiled>();
  readonly groupNames: ReadonlyMap<string, number>;
  /** With inline flags and UNICODE or ASCII resolved, as `Pattern.flags`. */
  readonly flags: number;

  /**
   * @throws RegexSyntaxError if Python would refuse the pattern
   * @throws UnsupportedRegexError if JavaScript would match something else
   */
  constructor(
    readonly pattern: string,
    flags: number = RegexFlag.UNICODE,
  ) {
    this.#parsed = parseRegex(pattern, flags);
    this.flags = this.#parsed.flags;
    this.groupNames = this.#parsed.groupNames;
    this.#emitted = emitRegex(this.#parsed);
  }

  /** How fast the time of a match may grow with the text: see {@link growthOf}. */
  get growth(): number {
    return (this.#growth ??= growthOf(this.#parsed.root));
  }

  /** The source in JavaScript. */
  get source(): string {
    return this.#emitted.source;
  }

  /** `pattern.match(text, position)`: only at that position. Positions are UTF-16 offsets. */
  match(text: string, position = 0): PythonMatch | undefined {
    return this.#exec('match', text, position);
  }

  matches(text: string): boolean {
    this.#branches ??= BranchIndex.of(this.#parsed) ?? false;
    if (this.#branches) return this.#branches.matches(text);
    const { regex } = this.#use('match');
    regex.lastIndex = 0;
    return regex.test(text);
  }

  /** `pattern.search(text)`: the first match anywhere. */
  search(text: string, position = 0): PythonMatch | undefined {
    return this.#exec('search', text, position);
  }

  /** `pattern.fullmatch(text)`: from the start to the very end. */
  fullmatch(text: string, position = 0): PythonMatch | undefined {
    return this.#exec('fullmatch', text, position);
  }

  /** The number of capturing groups, and the start and end offsets of each in a match. */
  get groupCount(): number {
    return this.#emitted.groups.length - 1;
  }

  spans(text: string, match: PythonMatch): readonly (readonly [number, number] | undefined)[] {
    const { groups } = this.#emitted;
    if (groups.length === 1) return [[match.start, match.end]];
    // Repeats the match with its positions: the first match there, or the first that is not empty.
    for (const use of ['match', 'fullmatch', 'nonEmpty'] as const) {
      const known = this.#use(use);
      const regex = new RegExp(known.regex.source, `${known.regex.flags}d`);
      regex.lastIndex = match.start;
      const found = regex.exec(text);
      if (
        found?.indices &&
        found.index === match.start &&
        found[0].length === match.end - match.start
      ) {
        return known.groups.map((group) => found.indices?.[group]);
      }
    }
    return [[match.start, match.end], ...match.groups.slice(1).map(() => undefined)];
  }

  /**
   * After an empty match Python first looks for a longer match at the same position; JavaScript
   * would move on.
   *
   * @param each is called for each match; it may throw if there are too many
   */
  finditer(text: string, start = 0, each?: () => void): PythonMatch[] {
    const found: PythonMatch[] = [];
    let position = start;
    let mustAdvance = false;
    while (position <= text.length) {
      let match: PythonMatch | undefined = mustAdvance
        ? this.#exec('nonEmpty', text, position)
        : undefined;
      if (mustAdvance && !match) {
        position = nextPosition(text, position);
        if (position > text.length) break;
      }
      match ??= this.#exec('search', text, position);
      if (!match) break;
      each?.();
      found.push(match);
      mustAdvance = match.start === match.end;
      position = match.end;
    }
    return found;
  }

  /** `pattern.sub(replacement, text)` with a function. */
  sub(replacement: (match: PythonMatch) => string, text: string): string {
    let result = '';
    let end = 0;
    for (const match of this.finditer(text)) {
      result += text.slice(end, match.start) + replacement(match);
      end = match.end;
    }
    return result + text.slice(end);
  }

  #exec(use: Use, text: string, position: number): PythonMatch | undefined {
    const { regex, groups } = this.#use(use);
    regex.lastIndex = position;
    let found = regex.exec(text);
    // V8 lets a pattern that begins with a lookaround start inside a surrogate pair.
    while (found && splitsPair(text, found.index)) {
      regex.lastIndex = found.index + 1;
      found = regex.exec(text);
    }
    if (!found) return undefined;
    return {
      start: found.index,
      end: found.index + found[0].length,
      groups: groups.length === 1 ? [found[0]] : groups.map((group) => found[group]),
    };
  }

  #use(use: Use): Compiled {
    const known = this.#compiled.get(use);
    if (known) return known;
    const compiled = use === 'nonEmpty' ? this.#compileNonEmpty() : this.#compile(use);
    this.#compiled.set(use, compiled);
    return compiled;
  }

  #compile(use: 'match' | 'search' | 'fullmatch'): Compiled {
    const { source, groups } = this.#emitted;
    const whole = use === 'fullmatch' ? `(?:${source})$` : source;
    return { regex: this.#regExp(whole, use === 'search' ? 'ug' : 'uy'), groups };
  }

  #compileNonEmpty(): Compiled {
    // Group 1 is the rest of the text: if it is still ahead afterwards, nothing was consumed.
    const { source, groups } = emitRegex(this.#parsed, 1);
    return { regex: this.#regExp(`(?=([^]*))(?:${source})(?!\\1$)`, 'uy'), groups };
  }

  #regExp(source: string, flags: string): RegExp {
    try {
      return new RegExp(source, flags);
    } catch {
      throw new UnsupportedRegexError(
        this.pattern,
        'more groups or larger counts than V8 supports',
      );
    }
  }
}

interface Compiled {
  readonly regex: RegExp;
  readonly groups: readonly number[];
}

type Use = 'match' | 'search' | 'fullmatch' | 'nonEmpty';

function nextPosition(text: string, position: number): number {
  return position + ((text.codePointAt(position) ?? 0) > 0xffff ? 2 : 1);
}

function splitsPair(text: string, position: number): boolean {
  return (
    (text.charCodeAt(position) & 0xfc00) === 0xdc00 &&
    (text.charCodeAt(position - 1) & 0xfc00) === 0xd800
  );
}
