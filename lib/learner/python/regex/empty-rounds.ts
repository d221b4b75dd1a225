import type { RegexNode } from './ast.js';
import { widthOf } from './width.js';

/**
 * Whether a node, such as `|a` or `a??`, tries to match nothing before it tries to match something:
 * in a loop Python accepts such an iteration and leaves; JavaScript rejects it and tries the other
 * branch.
 */
export function prefersEmpty(node: RegexNode): boolean {
  switch (node.kind) {
    case 'alternation':
      return node.branches.some(
        (branch, i) =>
          nullable(branch) &&
          (prefersEmpty(branch) ||
            node.branches.slice(i + 1).some((later) => widthOf(later)[1] > 0)),
      );
    case 'sequence':
      return nullable(node) && node.items.some(prefersEmpty);
    case 'repeat':
      if (node.mode === 'lazy' && nullable(node) && widthOf(node.body)[1] > 0) return true;
      return prefersEmpty(node.body);
    case 'capture':
    case 'atomic':
      return prefersEmpty(node.body);
    default:
      return false;
  }
}

function nullable(node: RegexNode): boolean {
  return widthOf(node)[0] === 0;
}
