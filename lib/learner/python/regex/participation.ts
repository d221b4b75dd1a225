import type { RegexNode } from './ast.js';

/**
 * Finds a back reference to a group that may not have taken part in the match by then.
 *
 * Python fails such a reference; JavaScript lets it match nothing, and also forgets groups when a
 * loop goes round.
 *
 * @returns the group's number, or undefined when every reference is safe
 */
export function unsafeReference(root: RegexNode): number | undefined {
  let unsafe: number | undefined;

  /** Adds to `set` the groups that are sure to be set once the node has matched. */
  function visit(node: RegexNode, set: Set<number>): void {
    switch (node.kind) {
      case 'backReference':
        if (!set.has(node.index)) unsafe ??= node.index;
        return;
      case 'capture':
        visit(node.body, set);
        set.add(node.index);
        return;
      case 'atomic':
        visit(node.body, set);
        return;
      case 'sequence':
        for (const item of node.items) visit(item, set);
        return;
      case 'alternation': {
        const outcomes = node.branches.map((branch) => {
          const copy = new Set(set);
          visit(branch, copy);
          return copy;
        });
        const [first, ...rest] = outcomes;
        for (const group of first ?? []) if (rest.every((s) => s.has(group))) set.add(group);
        return;
      }
      case 'look':
        visit(node.body, node.negated ? new Set(set) : set);
        return;
      case 'repeat':
        visit(node.body, node.min === 0 ? new Set(set) : set);
        return;
      default:
        return;
    }
  }

  visit(root, new Set());
  return unsafe;
}
