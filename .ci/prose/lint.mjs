import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { TextlintKernel } from '@textlint/kernel';
import markdown from '@textlint/textlint-plugin-markdown';
import writeGood from 'textlint-rule-write-good';
import { EXCEPTIONS } from './exceptions.mjs';
import { HOUSE } from './house.mjs';
import house from './rule.mjs';
import { englishOf } from './source.mjs';

const esm = (module) => module.default ?? module;
const kernel = new TextlintKernel();
const plugins = [{ pluginId: 'markdown', plugin: esm(markdown) }];
const WRITE_GOOD = {
  severity: 'error',
  passive: false,
  eprime: false,
  adverb: false,
  weasel: false,
  tooWordy: false,
  thereIs: false,
  so: false,
  illusion: true,
  cliches: true,
};

const IN_COMMENTS = new Set(['in-hand', 'there-is-no-that']);

/** Rules that are off, by the kind of text. */
const OFF = {
  document: [],
  message: [],
  title: process.argv.includes('--comments')
    ? []
    : ['is-no', 'old-words', 'verb-of', 'what-first', 'no-more', 'stands', 'whose'],
  api: [],
  // Comments keep to the rules that hold in all of them. `npm run prose -- --comments` shows the rest.
  comment: process.argv.includes('--comments')
    ? ['what-first']
    : [...HOUSE.map(({ name }) => name), 'long'].filter((name) => !IN_COMMENTS.has(name)),
};

const rulesFor = (kind) => [
  { ruleId: 'house', rule: house, options: { except: OFF[kind] } },
  { ruleId: 'write-good', rule: esm(writeGood), options: WRITE_GOOD },
];

export const filesOf = (paths) =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...paths])
    .toString()
    .split('\n')
    .filter((file) => /\.(?:md|tsx?|mts|cts|mjs)$/.test(file))
    .filter((file) => !/^test\/fixtures\/|\/generated\/|\/kernels\/assembly\/|\.d\.ts$/.test(file));

/** @returns {import('./source.mjs').Piece[]} */
function piecesOf(file) {
  if (!file.endsWith('.md')) return englishOf(file);
  const text = readFileSync(file, 'utf8').replace(/^---\n.*?\n---\n/s, (front) =>
    front.replace(/[^\n]/g, ''),
  );
  return [{ file, kind: 'document', text, lines: text.split('\n').map((_, index) => index + 1) }];
}

/** @returns {Promise<{ place: string, kind: string, message: string }[]>} What the rules find. */
export async function lint(paths, kinds) {
  const findings = [];
  const cache = new Map();
  for (const piece of filesOf(paths).flatMap(piecesOf)) {
    if (!kinds.includes(piece.kind) || isExpectation(piece)) continue;
    const key = `${piece.kind} ${piece.text}`;
    if (!cache.has(key)) cache.set(key, messagesFor(piece));
    for (const { line, message, ruleId } of await cache.get(key)) {
      const place = `${piece.file}:${piece.lines[line - 1] ?? piece.lines[0]}`;
      const said = ruleId === 'house' ? message : `write-good: ${message}`;
      if (EXCEPTIONS.some(([where, what]) => where.test(place) && said.includes(what))) continue;
      findings.push({ place, kind: piece.kind, message: said });
    }
  }
  return findings;
}

/** Tests repeat messages of the source, and have texts of users. */
const isExpectation = ({ file, kind }) =>
  kind === 'message' && /\.(?:e2e-)?spec\.tsx?$|^test\//.test(file);

async function messagesFor({ text, kind }) {
  return (await lintMarkdown(text, rulesFor(kind))).messages;
}

/** What rules of textlint say of a text in Markdown. */
export const lintMarkdown = (text, rules) =>
  kernel.lintText(text, { ext: '.md', filePath: 'text.md', plugins, rules });
