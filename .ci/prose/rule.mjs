import { CLAUSES, HOUSE, WHOSE, WORDS } from './house.mjs';
import { isListing, sentencesOf, wordsOf } from './sentences.mjs';

const blank = (text, from, to, filler = ' ') =>
  text.slice(0, from) + filler.padEnd(to - from, filler === ' ' ? ' ' : 'x') + text.slice(to);

/** The text of a node with the same length: code is one word, addresses and HTML are blank. */
export function plainText(node, source) {
  let text = source;
  const visit = (child) => {
    const [from, to] = child.range.map((each) => each - node.range[0]);
    if (child.type === 'Code') text = blank(text, from, to, 'x');
    else if (child.type === 'Html' || child.type === 'Image') text = blank(text, from, to);
    else if (child.type === 'Link') {
      const last = child.children.at(-1);
      const close = last ? last.range[1] - node.range[0] : from;
      text = blank(text, close, to);
      if (last && text[from] === '[') text = blank(text, from, from + 1);
    }
    child.children?.forEach(visit);
  };
  node.children?.forEach(visit);
  return text
    .replace(/[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?=\s|$|[.,;:])/g, (marks) =>
      ' '.repeat(marks.length),
    )
    .replace(/\n[ \t]*>/g, (mark) => ' '.repeat(mark.length));
}

/** A rule of textlint with the house's patterns and limits; `except` names those that are off. */
export default function house(context, { except = [] } = {}) {
  const { Syntax, RuleError, report, locator, getSource } = context;
  const on = (name) => !except.includes(name);
  const check = (node) => {
    const text = plainText(node, getSource(node));
    const found = (index, name, message) =>
      report(node, new RuleError(`${name}: ${message}`, { padding: locator.at(index) }));
    for (const { text: sentence, index } of sentencesOf(text)) {
      for (const { name, pattern, say } of HOUSE) {
        if (!on(name)) continue;
        for (const match of sentence.matchAll(pattern)) {
          found(index + match.index, name, `"${match[0].trim()}": ${say}`);
        }
      }
      const words = wordsOf(sentence);
      if (on('long') && words.length > WORDS && !isListing(words))
        found(index, 'long', `a sentence of ${words.length} words; split it`);
      for (const [name, { pattern, most }] of [
        ['clauses', CLAUSES],
        ['whose', WHOSE],
      ]) {
        const count = on(name) ? [...sentence.matchAll(pattern)].length : 0;
        if (count > most)
          found(index, name, `${count} clauses hang on one another; split the sentence`);
      }
    }
  };
  return { [Syntax.Paragraph]: check, [Syntax.Header]: check };
}
