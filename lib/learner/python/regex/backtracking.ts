import { childrenOf, type RegexNode } from './ast.js';

/**
 * How fast the time of a match may grow: with the length of the text to this power, not counting a
 * search. Infinity if the ways to match multiply, as in `(a+)+`.
 */
export function growthOf(node: RegexNode): number {
  let growth = 0;
  const waiting: RegexNode[] = [node];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (next.kind === 'repeat' && next.max > 1) {
      if (hasChoice(next.body)) return Infinity;
      if (next.max > next.min) growth++;
    }
    waiting.push(...childrenOf(next));
  }
  return growth;
}

function hasChoice(node: RegexNode): boolean {
  if (node.kind === 'alternation') return true;
  if (node.kind === 'repeat' && node.max !== node.min) return true;
  return childrenOf(node).some(hasChoice);
}
