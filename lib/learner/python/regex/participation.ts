import { childrenOf, type RegexNode } from './ast.js';

/**
 * The number of a group that a back reference names and that may not have matched by then: Python
 * fails there, whereas JavaScript matches the empty string, and also resets groups on each
 * iteration of a loop.
 */
export function unsafeReference(root: RegexNode): number | undefined {
  let unsafe: number | undefined;

  /** Adds to `set` the groups that are certainly set once the node has matched. */
  function visit(node: RegexNode, set: Set<number>): void {
    if (node.kind === 'backReference' && !set.has(node.index)) unsafe ??= node.index;
    if (node.kind === 'alternation') {
      const [first, ...rest] = node.branches.map((branch) => {
        const outcome = new Set(set);
        visit(branch, outcome);
        return outcome;
      });
      for (const group of first ?? []) if (rest.every((s) => s.has(group))) set.add(group);
      return;
    }
    const mayNotMatch =
      (node.kind === 'look' && node.negated) || (node.kind === 'repeat' && node.min === 0);
    const inner = mayNotMatch ? new Set(set) : set;
    for (const child of childrenOf(node)) visit(child, inner);
    if (node.kind === 'capture') set.add(node.index);
  }

  visit(root, new Set());
  return unsafe;
}
