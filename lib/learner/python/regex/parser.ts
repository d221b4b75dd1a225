import type { Assertion, CharSet, ParsedRegex, RegexNode } from './ast.js';
import { CharClassReader } from './char-class.js';
import { plainEscape, readCommonEscape } from './escapes.js';
import { FLAG_LETTERS, RegexFlag } from './flags.js';
import { PatternReader } from './pattern-reader.js';

const TYPE_FLAGS = RegexFlag.ASCII | RegexFlag.LOCALE | RegexFlag.UNICODE;

/** Patterns come from files, and recursion walks nested ones. */
const DEEPEST = 200;

const ASSERTION_ESCAPES: ReadonlyMap<string, Assertion['name']> = new Map([
  ['A', 'start'],
  ['Z', 'end'],
  ['z', 'end'],
  ['b', 'boundary'],
  ['B', 'nonBoundary'],
]);

/** Parses a pattern by the grammar of Python 3.11's `re`, with flags resolved into each node. */
export function parseRegex(pattern: string, flags: number): ParsedRegex {
  let known = flags | (flags & RegexFlag.ASCII ? 0 : RegexFlag.UNICODE);
  // A flag such as (?x) may come after the part that it changes: then the pattern is parsed again.
  for (;;) {
    const parser = new RegexParser(pattern, known);
    const root = parser.parse();
    const { globalFlags, groupNames } = parser;
    if (globalFlags === known) return { pattern, root, flags: known, groupNames };
    known = globalFlags;
  }
}

class RegexParser {
  readonly #reader: PatternReader;
  readonly #classes = new CharClassReader();
  readonly #openGroups = new Set<number>();
  #depth = 0;
  readonly groupNames = new Map<string, number>();
  #groupCount = 0;
  globalFlags: number;

  constructor(
    pattern: string,
    private readonly flags: number,
  ) {
    this.#reader = new PatternReader(pattern);
    this.globalFlags = flags;
    if (flags & RegexFlag.LOCALE) throw this.#reader.unsupported('the locale flag');
  }

  parse(): RegexNode {
    const root = this.#alternation(this.flags);
    if (!this.#reader.atEnd) throw this.#reader.error('unbalanced parenthesis');
    return root;
  }

  #alternation(flags: number): RegexNode {
    const branches = [this.#sequence(flags)];
    while (this.#reader.accept('|')) branches.push(this.#sequence(flags));
    return branches.length === 1 ? (branches[0] as RegexNode) : { kind: 'alternation', branches };
  }

  #sequence(flags: number): RegexNode {
    const reader = this.#reader;
    const items: RegexNode[] = [];
    for (
      let char = reader.peek();
      char !== '' && char !== '|' && char !== ')';
      char = reader.peek()
    ) {
      reader.position += char.length;
      if (flags & RegexFlag.VERBOSE) {
        if (' \t\n\r\v\f'.includes(char)) continue;
        if (char === '#') {
          reader.takeWhile(/[^\n]/);
          continue;
        }
      }
      if (this.#quantifier(char, items)) continue;
      const item = this.#item(char, flags);
      if (item) items.push(item);
    }
    return { kind: 'sequence', items };
  }

  #item(char: string, flags: number): RegexNode | undefined {
    switch (char) {
      case '\\':
        return this.#escape(flags);
      case '[':
        return this.#classes.read(this.#reader, flags);
      case '(':
        return this.#group(flags);
      case '.':
        return flags & RegexFlag.DOTALL
          ? { kind: 'set', items: [], negated: true, flags }
          : { ...literal(10, flags), negated: true };
      case '^':
        return assertion(flags & RegexFlag.MULTILINE ? 'lineStart' : 'start', flags);
      case '$':
        return assertion(flags & RegexFlag.MULTILINE ? 'lineEnd' : 'lastLineEnd', flags);
      default:
        return literal(char.codePointAt(0) as number, flags);
    }
  }

  /** Applies a quantifier to the last item; false if `char` does not begin one. */
  #quantifier(char: string, items: RegexNode[]): boolean {
    const reader = this.#reader;
    const counts = this.#counts(char);
    if (!counts) return false;
    const body = items.pop();
    if (!body || body.kind === 'assertion') throw reader.error('nothing to repeat');
    if (body.kind === 'repeat') throw reader.error('multiple repeat');
    const mode = reader.accept('?') ? 'lazy' : reader.accept('+') ? 'possessive' : 'greedy';
    items.push({ kind: 'repeat', ...counts, mode, body });
    return true;
  }

  #counts(char: string): { min: number; max: number } | undefined {
    if (char === '?') return { min: 0, max: 1 };
    if (char === '*') return { min: 0, max: Infinity };
    if (char === '+') return { min: 1, max: Infinity };
    if (char !== '{' || this.#reader.peek() === '}') return undefined;
    const reader = this.#reader;
    const start = reader.position;
    const low = reader.takeWhile(/[0-9]/);
    const high = reader.accept(',') ? reader.takeWhile(/[0-9]/) : low;
    if (!reader.accept('}')) {
      // Not a count after all: the brace is literal.
      reader.position = start;
      return undefined;
    }
    const min = low === '' ? 0 : Number(low);
    const max = high === '' ? Infinity : Number(high);
    if (max < min) throw reader.error('min repeat greater than max repeat');
    return { min, max };
  }

  #escape(flags: number): RegexNode {
    const reader = this.#reader;
    if (reader.atEnd) throw reader.error('bad escape (end of pattern)');
    const letter = reader.next();
    const name = ASSERTION_ESCAPES.get(letter);
    if (name) return assertion(name, flags);
    if (letter === '0') {
      return literal(Number.parseInt(`0${reader.takeWhile(/[0-7]/, 2)}`, 8), flags);
    }
    if (/^[1-9]$/.test(letter)) return this.#numericEscape(letter, flags);
    const found = readCommonEscape(reader, letter) ?? plainEscape(reader, letter);
    if (typeof found === 'number') return literal(found, flags);
    return { kind: 'set', items: [found], negated: false, flags };
  }

  /** `\1` to `\99` refer to groups; three octal digits are a character. */
  #numericEscape(first: string, flags: number): RegexNode {
    const reader = this.#reader;
    const digits = first + reader.takeWhile(/[0-9]/, 1);
    if (/^[0-7]{2}$/.test(digits) && /^[0-7]$/.test(reader.peek())) {
      const code = Number.parseInt(digits + reader.next(), 8);
      if (code > 0o377) throw reader.error('octal escape value outside of range 0-0o377');
      return literal(code, flags);
    }
    return this.#backReference(Number(digits), flags);
  }

  #backReference(index: number, flags: number): RegexNode {
    if (index > this.#groupCount) throw this.#reader.error(`invalid group reference ${index}`);
    if (this.#openGroups.has(index)) throw this.#reader.error('cannot refer to an open group');
    return { kind: 'backReference', index, flags };
  }

  #group(flags: number): RegexNode | undefined {
    const reader = this.#reader;
    if (!reader.accept('?')) return this.#capture(flags);
    const char = reader.next();
    switch (char) {
      case ':':
        return this.#body(flags);
      case '>':
        return { kind: 'atomic', body: this.#body(flags) };
      case '#':
        reader.takeUntil(')', 'comment');
        return undefined;
      case '=':
      case '!':
        return { kind: 'look', behind: false, negated: char === '!', body: this.#body(flags) };
      case '<': {
        const sign = reader.next();
        if (sign !== '=' && sign !== '!') throw reader.error(`unknown extension ?<${sign}`);
        return { kind: 'look', behind: true, negated: sign === '!', body: this.#body(flags) };
      }
      case 'P':
        return this.#named(flags);
      case '(':
        throw reader.unsupported('a conditional group, (?(...)...|...)');
      default:
        return this.#flagged(char, flags);
    }
  }

  #named(flags: number): RegexNode {
    const reader = this.#reader;
    if (reader.accept('<')) {
      const name = reader.takeUntil('>', 'name');
      if (this.groupNames.has(name)) throw reader.error(`redefinition of group name '${name}'`);
      this.groupNames.set(name, this.#groupCount + 1);
      return this.#capture(flags);
    }
    if (reader.accept('=')) {
      const name = reader.takeUntil(')', 'name');
      const index = this.groupNames.get(name);
      if (index === undefined) throw reader.error(`unknown group name '${name}'`);
      return this.#backReference(index, flags);
    }
    throw reader.error(`unknown extension ?P${reader.peek()}`);
  }

  #capture(flags: number): RegexNode {
    const index = ++this.#groupCount;
    this.#openGroups.add(index);
    const body = this.#body(flags);
    this.#openGroups.delete(index);
    return { kind: 'capture', index, body };
  }

  #body(flags: number): RegexNode {
    if (++this.#depth > DEEPEST) {
      throw this.#reader.unsupported(`groups nested more than ${DEEPEST} deep`);
    }
    const body = this.#alternation(flags);
    this.#depth--;
    if (!this.#reader.accept(')')) throw this.#reader.error('missing ), unterminated subpattern');
    return body;
  }

  /** `(?i)` for the whole pattern, `(?i:...)` and `(?-i:...)` for a part. */
  #flagged(first: string, flags: number): RegexNode | undefined {
    const reader = this.#reader;
    let added = 0;
    let removed = 0;
    let char = first;
    for (; FLAG_LETTERS.has(char); char = reader.next()) added |= FLAG_LETTERS.get(char) as number;
    if (added & RegexFlag.LOCALE) throw reader.unsupported('the locale flag');
    if (char === ')' && added) {
      this.globalFlags |= added;
      if (added & RegexFlag.ASCII) this.globalFlags &= ~RegexFlag.UNICODE;
      return undefined;
    }
    if (char === '-') {
      for (char = reader.next(); FLAG_LETTERS.has(char); char = reader.next()) {
        removed |= FLAG_LETTERS.get(char) as number;
      }
    }
    if (char !== ':') throw reader.error(`unknown extension ?${char}`);
    if (removed & TYPE_FLAGS) throw reader.error("cannot turn off flags 'a', 'u' and 'L'");
    const kept = added & TYPE_FLAGS ? flags & ~TYPE_FLAGS : flags;
    return this.#body((kept | added) & ~removed);
  }
}

function literal(code: number, flags: number): CharSet {
  return { kind: 'set', items: [{ kind: 'range', low: code, high: code }], negated: false, flags };
}

function assertion(name: Assertion['name'], flags: number): Assertion {
  return { kind: 'assertion', name, flags };
}
