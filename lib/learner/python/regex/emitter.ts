import {
  childrenOf,
  type Assertion,
  type Look,
  type ParsedRegex,
  type RegexNode,
  type Repeat,
} from './ast.js';
import { prefersEmpty } from './empty-rounds.js';
import { RegexFlag } from './flags.js';
import { unsafeReference } from './participation.js';
import { RegexSyntaxError, UnsupportedRegexError } from './python-regex.error.js';
import { requiredEnd } from './required-end.js';
import { setSource, wordClass } from './set-source.js';
import { widthOf, type GroupWidths } from './width.js';

/** A pattern in JavaScript's syntax, for the `u` flag. */
export interface EmittedRegex {
  readonly source: string;
  /** JavaScript's group numbers by Python's; atomic groups use extra captures. */
  readonly groups: readonly number[];
}

/** Writes a pattern as JavaScript, after that many capturing groups of the caller. */
export function emitRegex(regex: ParsedRegex, groupsBefore = 0): EmittedRegex {
  const unsafe = unsafeReference(regex.root);
  if (unsafe !== undefined) {
    throw new UnsupportedRegexError(
      regex.pattern,
      `a reference to group ${unsafe}, which may not have matched`,
    );
  }
  const emitter = new Emitter(regex, groupsBefore);
  const source = emitter.emit(regex.root);
  return { source, groups: emitter.groups };
}

class Emitter {
  /** JavaScript's number of each of Python's groups; 0 is the whole match. */
  readonly groups: number[] = [0];
  #lastGroup: number;
  /** The groups so far, for references to them. */
  readonly #widths: GroupWidths = new Map();

  constructor(
    private readonly regex: ParsedRegex,
    groupsBefore: number,
  ) {
    this.#lastGroup = groupsBefore;
  }

  emit(node: RegexNode): string {
    switch (node.kind) {
      case 'set':
        return setSource(node);
      case 'assertion':
        return assertionSource(node);
      case 'sequence':
        return node.items.map((item) => this.#item(item)).join('');
      case 'alternation':
        return node.branches.map((branch) => this.emit(branch)).join('|');
      case 'capture': {
        this.groups[node.index] = ++this.#lastGroup;
        const source = `(${this.emit(node.body)})`;
        this.#widths.set(node.index, widthOf(node.body, this.#widths));
        return source;
      }
      case 'atomic':
        return this.#atomic(() => this.emit(node.body));
      case 'look':
        return this.#look(node);
      case 'repeat':
        return this.#repeat(node);
      case 'backReference':
        return this.#backReference(node.index, node.flags);
    }
  }

  /** A node as one item of a sequence. */
  #item(node: RegexNode): string {
    const source = this.emit(node);
    return node.kind === 'alternation' || node.kind === 'sequence' ? `(?:${source})` : source;
  }

  #repeat(repeat: Repeat): string {
    return repeat.mode === 'possessive'
      ? this.#atomic(() => this.#quantified(repeat))
      : this.#quantified(repeat);
  }

  #quantified({ body, min, max, mode }: Repeat): string {
    const lazy = mode === 'lazy';
    const source = requiredEnd(body) + this.emit(body);
    if (max === 1 && widthOf(body)[0] === 0) {
      // JavaScript rejects an iteration that consumed nothing, and would try the body's next
      // branch.
      return `(?:${min === 1 ? source : lazy ? `|${source}` : `${source}|`})`;
    }
    if (max > 1 && prefersEmpty(body)) {
      throw new UnsupportedRegexError(
        this.regex.pattern,
        'a repetition whose body may match nothing before it tries to match something',
      );
    }
    // JavaScript cannot quantify lookarounds.
    const single = body.kind === 'set' || body.kind === 'capture' || body.kind === 'backReference';
    return (single ? source : `(?:${source})`) + quantifierSource(min, max) + (lazy ? '?' : '');
  }

  /** A lookahead is never re-entered: its capture is then consumed as a whole. */
  #atomic(body: () => string): string {
    const group = ++this.#lastGroup;
    return `(?:(?=(${body()}))\\${group})`;
  }

  #look({ behind, negated, body }: Look): string {
    const sign = negated ? '!' : '=';
    if (!behind) return `(?${sign}${this.emit(body)})`;
    const [min, max] = widthOf(body, this.#widths);
    if (min !== max) {
      throw new RegexSyntaxError(this.regex.pattern, 'look-behind requires fixed-width pattern', 0);
    }
    if (!needsForwardMatch(body)) return `(?<${sign}${this.emit(body)})`;
    // JavaScript matches lookbehinds backwards, which affects references and atomic groups.
    return `(?<${sign}(?=${this.emit(body)})[^]{${min}})`;
  }

  #backReference(index: number, flags: number): string {
    if (flags & RegexFlag.IGNORECASE) {
      throw new UnsupportedRegexError(this.regex.pattern, 'a reference that ignores case');
    }
    return `(?:\\${this.groups[index]})`;
  }
}

function quantifierSource(min: number, max: number): string {
  if (min === 0 && max === 1) return '?';
  if (max === Infinity) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
  return min === max ? `{${min}}` : `{${min},${max}}`;
}

function assertionSource({ name, flags }: Assertion): string {
  const word = wordClass(flags);
  switch (name) {
    case 'start':
      return '^';
    case 'end':
      return '$';
    case 'lineStart':
      return '(?:^|(?<=\\n))';
    case 'lineEnd':
      return '(?=\\n|$)';
    case 'lastLineEnd':
      return '(?=\\n?$)';
    case 'boundary':
      return `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`;
    case 'nonBoundary':
      // Python finds no boundary in the empty string.
      return `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word})(?:(?=[^])|(?<=[^])))`;
  }
}

function needsForwardMatch(node: RegexNode): boolean {
  const here =
    ['capture', 'atomic', 'backReference'].includes(node.kind) ||
    (node.kind === 'repeat' && node.mode === 'possessive');
  return here || childrenOf(node).some(needsForwardMatch);
}
