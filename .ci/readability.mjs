/**
 * Reports how easily each page reads: Flesch reading ease (100 is easy, 0 is hard) and the longest
 * sentence. Code, tables and headings are left out; inline code counts as one short word.
 *
 *     npm run readability            README and docs/
 *     npm run readability docs/faq.md
 */
import { readFileSync } from 'node:fs';
import { flesch } from 'flesch';
import { syllable } from 'syllable';
import { WORDS } from './prose/house.mjs';
import { filesOf, lintMarkdown } from './prose/lint.mjs';
import { plainText } from './prose/rule.mjs';
import { isListing, sentencesOf, wordsOf } from './prose/sentences.mjs';

const LEAST_EASE = 50;
const PAGES = ['*.md', 'docs/*.md', 'docs/**/*.md', 'deploy/*.md', 'sample/*/*.md'];

/** The sentences of the paragraphs and lists of a page. */
async function sentencesOfPage(text) {
  const sentences = [];
  const collect = ({ Syntax, getSource }) => ({
    [Syntax.Paragraph](node) {
      const plain = plainText(node, getSource(node)).replace(/\bx+\b/g, 'x');
      sentences.push(...sentencesOf(plain).map((each) => each.text));
    },
  });
  await lintMarkdown(text, [{ ruleId: 'collect', rule: collect, options: {} }]);
  return sentences.map(wordsOf).filter((words) => words.length > 0 && !isListing(words));
}

const pages = process.argv.length > 2 ? process.argv.slice(2) : PAGES;
let faults = 0;
console.log('  ease  longest  words  page');
for (const page of filesOf(pages).filter((file) => file.endsWith('.md'))) {
  const text = readFileSync(page, 'utf8').replace(/^---\n.*?\n---\n/s, '');
  const sentences = await sentencesOfPage(text);
  const words = sentences.flat();
  if (words.length === 0) continue;
  const longest = Math.max(...sentences.map(({ length }) => length));
  const ease = flesch({
    sentence: sentences.length,
    word: words.length,
    syllable: words.reduce((sum, word) => sum + Math.max(1, syllable(word)), 0),
  });
  const isHard = ease < LEAST_EASE || longest > WORDS;
  if (isHard) faults++;
  const columns = [
    ease.toFixed(1).padStart(6),
    String(longest).padStart(8),
    String(words.length).padStart(6),
  ];
  console.log(`${columns.join(' ')}  ${page}${isHard ? '  <- too hard' : ''}`);
}
console.log(`${faults} pages below ${LEAST_EASE} or with a sentence of more than ${WORDS} words`);
process.exitCode = faults > 0 ? 1 : 0;
