import type { CharSet, ParsedRegex, RegexNode } from './ast.js';
import { emitRegex } from './emitter.js';
import { setSource } from './set-source.js';

/** With fewer branches the engine alone is as fast. */
const WORTH_INDEXING = 32;
/** Nearly every text contains sets of more ranges. */
const NARROW = 8;

interface Branch {
  readonly root: RegexNode;
  /** Consecutive characters that every match of the branch contains. */
  readonly required: RegExp | undefined;
  regex?: RegExp;
}

/**
 * Tells whether an alternation matches at the start of a text, branch by branch. spaCy's French
 * `token_match` of 1.4 million characters takes an engine a second to compile as a whole; here a
 * branch is compiled when a text first has the characters that the branch requires.
 */
export class BranchIndex {
  readonly #branches: readonly Branch[];
  /** The characters that any branch requires; undefined if a branch requires none. */
  readonly #anyRequired: RegExp | undefined;

  private constructor(
    private readonly regex: ParsedRegex,
    branches: readonly RegexNode[],
  ) {
    const runs = branches.map((branch) => longestRun(branch));
    this.#branches = branches.map((root, i) => ({
      root,
      required: runs[i] ? new RegExp(runs[i], 'u') : undefined,
    }));
    this.#anyRequired = runs.every(Boolean) ? new RegExp(runs.join('|'), 'u') : undefined;
  }

  /** Undefined for patterns that are not a large alternation. */
  static of(regex: ParsedRegex): BranchIndex | undefined {
    const root = unwrapped(regex.root);
    return root.kind === 'alternation' && root.branches.length >= WORTH_INDEXING
      ? new BranchIndex(regex, root.branches)
      : undefined;
  }

  matches(text: string): boolean {
    if (this.#anyRequired?.test(text) === false) return false;
    return this.#branches.some((branch) => {
      if (branch.required?.test(text) === false) return false;
      branch.regex ??= this.#compile(branch.root);
      branch.regex.lastIndex = 0;
      return branch.regex.test(text);
    });
  }

  #compile(root: RegexNode): RegExp {
    return new RegExp(emitRegex({ ...this.regex, root }).source, 'uy');
  }
}

/** The alternation inside groups that only group. */
function unwrapped(node: RegexNode): RegexNode {
  if (node.kind !== 'sequence') return node;
  const [only] = node.items;
  return only && node.items.length === 1 ? unwrapped(only) : node;
}

/**
 * The longest run of narrow sets that a node cannot match without, as a pattern; '' if it has none.
 */
function longestRun(node: RegexNode): string {
  let longest: CharSet[] = [];
  let run: CharSet[] = [];
  for (const item of flattened(node)) {
    if (item.kind === 'set' && isNarrow(item)) run.push(item);
    else if (item.kind !== 'assertion') run = [];
    if (run.length > longest.length) longest = [...run];
  }
  return longest.map(setSource).join('');
}

/** The items of a sequence, and of the sequences that it groups. */
function flattened(node: RegexNode): readonly RegexNode[] {
  return node.kind === 'sequence' ? node.items.flatMap(flattened) : [node];
}

function isNarrow(set: CharSet): boolean {
  return !set.negated && set.items.length > 0 && set.items.length <= NARROW;
}
