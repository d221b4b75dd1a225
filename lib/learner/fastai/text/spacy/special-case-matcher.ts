interface Node {
  readonly next: Map<string, Node>;
  terminal: boolean;
}

/** A run of tokens: `end` is excluded. */
export interface TokenSpan {
  readonly start: number;
  readonly end: number;
}

/** Beginnings of special cases at the end of some tokens, by the tokens that continue them. */
export type OpenMatches = readonly { has(token: string): boolean }[];

const NONE: OpenMatches = [];

/** Finds special cases that span several tokens of a text: spaCy's `PhraseMatcher`. */
export class SpecialCaseMatcher {
  readonly #root: Node = { next: new Map(), terminal: false };

  add(tokens: readonly string[]): void {
    let node = this.#root;
    for (const token of tokens) {
      let next = node.next.get(token);
      if (!next) node.next.set(token, (next = { next: new Map(), terminal: false }));
      node = next;
    }
    node.terminal = tokens.length > 0;
  }

  /**
   * In order. The longest match wins, then the first of equals. No match begins or ends inside a
   * longer one.
   */
  find(tokens: readonly string[]): TokenSpan[] {
    const matches: TokenSpan[] = [];
    for (let start = 0; start < tokens.length; start++) {
      let node = this.#root.next.get(tokens[start] as string);
      for (let end = start + 1; node; end++) {
        if (node.terminal) matches.push({ start, end });
        if (end >= tokens.length) break;
        node = node.next.get(tokens[end] as string);
      }
    }
    return matches.length > 0 ? withoutOverlaps(matches) : matches;
  }

  /** The special cases that these tokens begin and that the tokens after them may complete. */
  open(tokens: readonly string[]): OpenMatches {
    const open = tokens.flatMap((_, start) => {
      let node: Node | undefined = this.#root;
      for (let i = start; node && i < tokens.length; i++) node = node.next.get(tokens[i] as string);
      return node && node.next.size > 0 ? [node.next] : [];
    });
    return open.length > 0 ? open : NONE;
  }
}

function withoutOverlaps(matches: TokenSpan[]): TokenSpan[] {
  matches.sort((a, b) => b.end - b.start - (a.end - a.start) || a.start - b.start);
  const taken = new Set<number>();
  const kept: TokenSpan[] = [];
  for (const match of matches) {
    if (!taken.has(match.start) && !taken.has(match.end - 1)) kept.push(match);
    for (let i = match.start; i < match.end; i++) taken.add(i);
  }
  return kept.sort((a, b) => a.start - b.start);
}
