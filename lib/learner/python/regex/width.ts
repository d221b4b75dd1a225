import type { RegexNode } from './ast.js';

/** How many code points each group can span. */
export type GroupWidths = Map<number, readonly [number, number]>;

/** How many code points a node can span, at least and at most. */
export function widthOf(
  node: RegexNode,
  groups: GroupWidths = new Map(),
): readonly [number, number] {
  switch (node.kind) {
    case 'set':
      return [1, 1];
    case 'assertion':
      return [0, 0];
    case 'look':
      widthOf(node.body, groups);
      return [0, 0];
    case 'backReference':
      return groups.get(node.index) ?? [0, Infinity];
    case 'atomic':
      return widthOf(node.body, groups);
    case 'capture': {
      const width = widthOf(node.body, groups);
      groups.set(node.index, width);
      return width;
    }
    case 'sequence':
      return node.items
        .map((item) => widthOf(item, groups))
        .reduce(([low, high], [min, max]) => [low + min, high + max], [0, 0]);
    case 'alternation': {
      const widths = node.branches.map((branch) => widthOf(branch, groups));
      return [Math.min(...widths.map((w) => w[0])), Math.max(...widths.map((w) => w[1]))];
    }
    case 'repeat': {
      const [min, max] = widthOf(node.body, groups);
      return [min * node.min, max === 0 ? 0 : max * node.max];
    }
  }
}
