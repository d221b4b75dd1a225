import { childrenOf, type CharSet, type RegexNode } from './ast.js';
import { setSource } from './set-source.js';

/**
 * A lookahead for what a sequence such as `[^\s]+(?::[^\s]*)?@` requires: characters of its first
 * class, and then its last character. Without that character, the engine would try every way to
 * divide the characters among the loops: spaCy's pattern of web addresses takes minutes for a text
 * of 100,000 characters without a space. Empty for sequences of other forms.
 */
export function requiredEnd(body: RegexNode): string {
  if (body.kind !== 'sequence') return '';
  const first = loopOf(body.items[0]);
  const last = body.items.at(-1);
  if (first === undefined || last?.kind !== 'set' || charOf(last) === undefined) return '';
  const source = setSource(first);
  const one = new RegExp(`^${source}$`, 'u');
  const within = (set: CharSet): boolean =>
    set === first || setSource(set) === source || one.test(charOf(set) ?? '');
  const rest = body.items.slice(1, -1);
  // A single loop has nothing to divide.
  if (!rest.some(loops) || !rest.every((node) => consistsOf(node, within))) return '';
  return `(?=${source}*${setSource(last)})`;
}

/** The class of a loop over one class. */
function loopOf(node: RegexNode | undefined): CharSet | undefined {
  if (node?.kind !== 'repeat' || node.max !== Infinity || node.mode === 'possessive') return;
  return node.body.kind === 'set' ? node.body : undefined;
}

/** The character of a set of one character. */
function charOf({ items, negated }: CharSet): string | undefined {
  const [only] = items;
  if (negated || items.length !== 1 || only?.kind !== 'range' || only.low !== only.high) return;
  return String.fromCodePoint(only.low);
}

function loops(node: RegexNode): boolean {
  if (node.kind === 'repeat') return node.max === Infinity || loops(node.body);
  return node.kind === 'sequence' && node.items.some(loops);
}

/** Whether the node matches only characters of these sets. */
function consistsOf(node: RegexNode, of: (set: CharSet) => boolean): boolean {
  if (node.kind === 'set') return of(node);
  if (node.kind !== 'repeat' && node.kind !== 'sequence') return false;
  return childrenOf(node).every((item) => consistsOf(item, of));
}
