import { readFileSync } from 'node:fs';
import ts from 'typescript';

/**
 * A piece of English in a source file: `text` keeps one line of the file a line, `lines` has the
 * number of each, and code that a message contains is `x` in backticks.
 *
 * @typedef {{ file: string, kind: 'message' | 'title' | 'api' | 'comment', text: string,
 *   lines: number[] }} Piece
 */

const TITLES = new Set(['describe', 'it', 'test']);
/** Comments that tools read. */
const DIRECTIVE =
  /^\s*(?:eslint|oxlint|prettier|@ts-|#region|#endregion|knip|v8 ignore|c8|istanbul|#__PURE__|@__PURE__|<reference|<amd)/;

/** @returns {Piece[]} The English of a source file: messages, titles of tests and comments. */
export function englishOf(file) {
  const text = readFileSync(file, 'utf8');
  const kind = file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, kind);
  return [...messagesOf(source), ...commentsOf(source)].sort((a, b) => a.lines[0] - b.lines[0]);
}

const lineOf = (source, position) => source.getLineAndCharacterOfPosition(position).line + 1;

function messagesOf(source) {
  const pieces = [];
  const visit = (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node) || isSum(node)) {
      const text = wordsOf(node);
      if (isEnglish(text)) {
        const lines = [lineOf(source, node.getStart())];
        const kind = isTitle(node) ? 'title' : 'message';
        pieces.push({ file: source.fileName, kind, text: text.replace(/\s*\n\s*/g, ' '), lines });
      }
      // What a template or a sum contains may be a message of its own.
      if (ts.isTemplateExpression(node))
        node.templateSpans.forEach((span) => visit(span.expression));
      if (ts.isBinaryExpression(node))
        operandsOf(node).forEach((each) => visitOperand(each, visit));
      return;
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return pieces;
}

/** Operands that are texts are a part of their sum's text. */
function visitOperand(node, visit) {
  if (ts.isTemplateExpression(node)) node.templateSpans.forEach((span) => visit(span.expression));
  else if (!ts.isStringLiteralLike(node)) visit(node);
}

const isPlus = (node) =>
  ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken;
const operandsOf = (node) =>
  isPlus(node) ? [...operandsOf(node.left), ...operandsOf(node.right)] : [node];
const isText = (node) => ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);
const isSum = (node) => isPlus(node) && operandsOf(node).some(isText);

/** The words of a text; what is computed is `x` in backticks. */
function wordsOf(node) {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    return (
      node.head.text + node.templateSpans.map(({ literal }) => `\`x\`${literal.text}`).join('')
    );
  }
  return operandsOf(node)
    .map((each) => (isText(each) ? wordsOf(each) : '`x`'))
    .join('');
}

/** At least three words in a row, most of the text, and nothing that only code has. */
function isEnglish(text) {
  if (/[{}<>=;\\]|=>|^\s*(?:import|from|def|class|select|return) |\n\s*\n/.test(text)) return false;
  const words = text
    .split(/\s+/)
    .filter((word) => /^["'(“‘]?[A-Za-z][a-z’'-]*[)."',:;?!”’]*$/.test(word));
  return words.length >= 3 && words.length * 2 > text.split(/\s+/).length;
}

function isTitle(node) {
  let call = node.parent;
  while (ts.isCallExpression(call) === false && call.parent) call = call.parent;
  if (!ts.isCallExpression(call) || call.arguments[0] !== node) return false;
  return TITLES.has(call.expression.getText().split(/[.(]/)[0]);
}

function commentsOf(source) {
  const { text } = source;
  const found = new Map();
  const visit = (node) => {
    const leading = ts.getLeadingCommentRanges(text, node.getFullStart()) ?? [];
    const trailing = ts.getTrailingCommentRanges(text, node.getEnd()) ?? [];
    for (const range of [...leading, ...trailing])
      if (!found.has(range.pos)) found.set(range.pos, range);
    if (ts.isToken(node) || node.getChildCount(source) === 0) return;
    node.getChildren(source).forEach(visit);
  };
  visit(source);
  const ranges = [...found.values()].sort((a, b) => a.pos - b.pos);
  return joined(source, ranges).flatMap((group) => pieceOf(source, group));
}

/** Comments of lines that follow one another are one text. */
function joined(source, ranges) {
  const groups = [];
  for (const range of ranges) {
    const last = groups.at(-1);
    const before = last?.at(-1);
    const isNext =
      before?.kind === ts.SyntaxKind.SingleLineCommentTrivia &&
      range.kind === before.kind &&
      source.text.slice(before.end, range.pos).match(/^\r?\n[ \t]*$/);
    if (isNext) last.push(range);
    else groups.push([range]);
  }
  return groups;
}

function pieceOf(source, group) {
  const [first] = group;
  const raw = group.map(({ pos, end }) => source.text.slice(pos, end)).join('\n');
  const line = lineOf(source, first.pos);
  const isDoc = raw.startsWith('/**');
  const stripped = raw
    .replace(/^\/\*\*?|\*\/$/g, '')
    .split('\n')
    .map((each) => each.replace(/^\s*(?:\/\/+|\*(?!\*))? ?/, '').trimEnd());
  if (DIRECTIVE.test(stripped.join(' '))) return [];
  const kind = isDoc && /@publicApi/.test(raw) ? 'api' : 'comment';
  return taggedParts(stripped, line).map((part) => ({ file: source.fileName, kind, ...part }));
}

/** A JSDoc tag begins a text of its own, without the tag and what it names. */
function taggedParts(rows, line) {
  const parts = [];
  let fenced = false;
  rows.forEach((row, index) => {
    const tag = fenced ? null : /^@(\w+)\s*/.exec(row);
    if (row.startsWith('```')) fenced = !fenced;
    if (tag || parts.length === 0) parts.push({ tag: tag?.[1], text: [], lines: [] });
    const part = parts.at(-1);
    part.text.push(tag ? bodyOf(tag, row) : row);
    part.lines.push(line + index);
  });
  return parts
    .filter(
      ({ tag }) => !/^(?:example|see|type|typedef|default|publicApi|internal)$/.test(tag ?? ''),
    )
    .map(({ text, lines }) => ({
      text: text
        .join('\n')
        .replace(/\{@link(?:plain|code)? ([^}|]+?)(?:[| ]\s*([^}]+))?\}/g, '`$1`')
        .replace(/@(?:publicApi|internal|default\b.*)/g, ''),
      lines,
    }))
    .filter(({ text }) => /[A-Za-z]{2,} /.test(text));
}

function bodyOf([whole, name], row) {
  const rest = row.slice(whole.length);
  if (name === 'param') return rest.replace(/^(?:\{[^}]*\}\s*)?\[?[\w.$]+\]?\s*(?:- )?/, '');
  return name === 'throws' ? rest.replace(/^\{?\w+\}?\s*/, '') : rest;
}
