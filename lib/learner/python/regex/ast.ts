/** `\d`, `\w`, `\s` and their negations. */
export interface Category {
  readonly kind: 'category';
  readonly name: 'd' | 'w' | 's';
  readonly negated: boolean;
}

/** Code points from `low` to `high`, both included. */
export interface Range {
  readonly kind: 'range';
  readonly low: number;
  readonly high: number;
}

/** One character from a set; a literal is a set of one character. */
export interface CharSet {
  readonly kind: 'set';
  readonly items: readonly (Category | Range)[];
  readonly negated: boolean;
  readonly flags: number;
}

/** Zero-width assertions on the position. */
export interface Assertion {
  readonly kind: 'assertion';
  readonly name:
    'start' | 'end' | 'lineStart' | 'lineEnd' | 'lastLineEnd' | 'boundary' | 'nonBoundary';
  readonly flags: number;
}

export interface Look {
  readonly kind: 'look';
  readonly behind: boolean;
  readonly negated: boolean;
  readonly body: RegexNode;
}

export interface Repeat {
  readonly kind: 'repeat';
  readonly min: number;
  readonly max: number;
  readonly mode: 'greedy' | 'lazy' | 'possessive';
  readonly body: RegexNode;
}

export type RegexNode =
  | CharSet
  | Assertion
  | Look
  | Repeat
  | { readonly kind: 'sequence'; readonly items: readonly RegexNode[] }
  | { readonly kind: 'alternation'; readonly branches: readonly RegexNode[] }
  /** A capturing group, by Python's number. */
  | { readonly kind: 'capture'; readonly index: number; readonly body: RegexNode }
  | { readonly kind: 'atomic'; readonly body: RegexNode }
  | { readonly kind: 'backReference'; readonly index: number; readonly flags: number };

/** The child nodes of a node. */
export function childrenOf(node: RegexNode): readonly RegexNode[] {
  if ('body' in node) return [node.body];
  if (node.kind === 'sequence') return node.items;
  return node.kind === 'alternation' ? node.branches : [];
}

/** A parsed pattern. */
export interface ParsedRegex {
  readonly pattern: string;
  readonly root: RegexNode;
  /** The given flags, and those set by inline `(?...)` for the whole pattern. */
  readonly flags: number;
  readonly groupNames: ReadonlyMap<string, number>;
}
