import type { CharSet, RegexNode, Sequence } from './ast.js';
import { setSource } from './set-source.js';

/**
 * A lookahead for the beginning of a sequence such as `[^\s]+(?::[^\s]*)?@`, which is true of all
 * that the sequence can match: characters of its first class, and then the one that it ends with.
 * Without it, where no such end is in sight, every way to divide the characters among the loops is
 * tried: a text of 100,000 characters without a space takes spaCy's pattern of web addresses
 * minutes. Empty for sequences of other forms.
 */
export function requiredEnd(body: RegexNode): string {
  if (body.kind !== 'sequence') return '';
  const first = loopOf(body);
  const last = body.items[body.items.length - 1] as RegexNode;
  if (first === undefined || last.kind !== 'set' || charOf(last) === undefined) return '';
  const source = setSource(first);
  const one = new RegExp(`^${source}$`, 'u');
  const within = (set: CharSet): boolean =>
    set === first || setSource(set) === source || one.test(charOf(set) ?? '');
  const rest = body.items.slice(1, -1);
  // With one loop alone there is nothing to divide.
  if (!rest.some(loops) || !rest.every((node) => consistsOf(node, within))) return '';
  return `(?=${source}*${setSource(last)})`;
}

/** The class of the loop that a sequence begins with. */
function loopOf({ items }: Sequence): CharSet | undefined {
  const [first] = items;
  if (first?.kind !== 'repeat' || first.max !== Infinity || first.mode === 'possessive') return;
  return first.body.kind === 'set' ? first.body : undefined;
}

/** The character of a set of one. */
function charOf({ items, negated }: CharSet): string | undefined {
  const [only] = items;
  if (negated || items.length !== 1 || only?.kind !== 'range' || only.low !== only.high) return;
  return String.fromCodePoint(only.low);
}

function loops(node: RegexNode): boolean {
  switch (node.kind) {
    case 'repeat':
      return node.max === Infinity || loops(node.body);
    case 'sequence':
      return node.items.some(loops);
    default:
      return false;
  }
}

/** The node matches nothing but characters of such sets. */
function consistsOf(node: RegexNode, of: (set: CharSet) => boolean): boolean {
  switch (node.kind) {
    case 'set':
      return of(node);
    case 'repeat':
      return consistsOf(node.body, of);
    case 'sequence':
      return node.items.every((item) => consistsOf(item, of));
    default:
      return false;
  }
}
