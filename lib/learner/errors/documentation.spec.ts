import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const page = `${root}docs/errors.md`;
const codes = JSON.parse(readFileSync(`${root}test/fixtures/error-codes.json`, 'utf8')) as Readonly<
  Record<string, string>
>;

const CHAPTERS: readonly (readonly [title: string, folder: RegExp])[] = [
  ['Files and learners', /^lib\/learner\//],
  ['The store, models and runners', /^lib\/serving\//],
  ['Endpoints and the module', /^lib\/nest\//],
  ['The client', /^lib\/client\//],
  ['The command line', /^lib\/cli\//],
];

interface Documented {
  readonly file: string;
  readonly when: string;
  readonly message: string | undefined;
}

/** The classes of errors in the source, with their docstrings and messages. */
function errorClasses(): ReadonlyMap<string, Documented> {
  const found = new Map<string, Documented>();
  const files = readdirSync(`${root}lib`, { recursive: true, encoding: 'utf8' })
    .map((file) => `lib/${file.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.ts') && !/\.spec\.ts$|\/assembly\//.test(file));
  for (const file of files) {
    const text = readFileSync(root + file, 'utf8');
    if (!/class \w+Error\b/.test(text)) continue;
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    for (const node of source.statements) {
      if (!ts.isClassDeclaration(node) || node.name === undefined) continue;
      if (codes[node.name.text] === undefined) continue;
      found.set(node.name.text, { file, when: whenOf(node), message: messageOf(node) });
    }
  }
  return found;
}

function whenOf(node: ts.ClassDeclaration): string {
  const doc = ts.getJSDocCommentsAndTags(node).find(ts.isJSDoc);
  return (ts.getTextOfJSDocComment(doc?.comment) ?? '')
    .replace(/\{@link (\w+)\}/g, '`$1`')
    .replace(/\s*\n\s*/g, ' ')
    .trim();
}

/** The text that a class gives to `super`, or its longest one, with `…` where it is computed. */
function messageOf(node: ts.ClassDeclaration): string | undefined {
  let given = '';
  const texts: string[] = [];
  const visit = (child: ts.Node): void => {
    if (ts.isCallExpression(child) && child.expression.kind === ts.SyntaxKind.SuperKeyword) {
      given ||= child.arguments[0] ? textOf(child.arguments[0]) : '';
    }
    if (ts.isExpression(child)) texts.push(textOf(child));
    ts.forEachChild(child, visit);
  };
  visit(node);
  const [longest = ''] = texts.sort((a, b) => b.length - a.length);
  return [given, longest].find((text) => /\w+ \w+ \w+/.test(text));
}

function textOf(node: ts.Expression): string {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('');
  }
  const isSum = ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken;
  return isSum ? textOf(node.left) + textOf(node.right) : '…';
}

const tidied = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/…(?:,? ?…)+/g, '…')
    .replace(/[<>|]/g, '\\$&')
    .trim();

function entry(name: string, { when, message }: Documented): string {
  const said = message === undefined ? UNKNOWN : `> ${tidied(message)}`;
  return [`### ${codes[name]}`, '', `\`${name}\`. ${when}`, '', said].join('\n');
}

it('docs/errors.md lists every code; npm run docs:tables writes it', async () => {
  const classes = errorClasses();
  expect(Object.keys(codes).filter((name) => !classes.get(name)?.when)).toEqual([]);
  const chapters = CHAPTERS.flatMap(([title, folder]) => {
    const entries = Object.keys(codes)
      .sort()
      .flatMap((name) => {
        const one = classes.get(name)!;
        return folder.test(one.file) ? [entry(name, one)] : [];
      });
    return entries.length > 0 ? [`## ${title}\n\n${entries.join('\n\n')}\n`] : [];
  });
  const wanted = `# Error codes\n\n${INTRODUCTION}\n\n${chapters.join('\n')}`;
  expect(wanted.match(/^### /gm)).toHaveLength(Object.keys(codes).length);
  await expect(wanted).toMatchFileSnapshot(page);
});

const UNKNOWN = 'The message states the fault and what to do.';

const INTRODUCTION =
  'Every error of the package is a class with a `code`. Codes do not change from version to version, so you can\n' +
  'search for them and compare them. Below each code you find when it happens, and the message with `…` for the\n' +
  'names and numbers that it contains. The end of the message says what to do. [Errors over HTTP](http-errors.md)\n' +
  'describes how endpoints answer.';
