import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CaseResult } from './results.js';
import type { Run } from './run.js';
import { tableOf, targetCells } from './tables.js';

const DATA = 'docs/performance.json';
const PAGES = ['docs/performance.md', 'README.md'];

/**
 * Writes results into the pages. Results of cases that did not run do not change.
 *
 * @param root Of the repository.
 */
export async function writePages(root: string, run: Run): Promise<void> {
  const file = join(root, DATA);
  const kept = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Run).cases : [];
  const names = new Set(run.cases.map(({ name }) => name));
  const all: Run = {
    ...run,
    cases: [...kept.filter(({ name }) => !names.has(name)), ...run.cases],
  };
  writeFileSync(file, `${JSON.stringify(all, shortened)}\n`);
  const { format } = await import('prettier');
  for (const page of PAGES) {
    const path = join(root, page);
    const text = fill(readFileSync(path, 'utf8'), all);
    const style = { parser: 'markdown', singleQuote: true, printWidth: 100 } as const;
    writeFileSync(path, await format(text, style));
  }
}

/** Five digits are more than any turn can measure. */
function shortened(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(5)) : value;
}

/**
 * Puts results between the marks of a page: `<!-- bench NAME -->` and `<!-- /bench -->`, where the
 * name is a case's, `machine`, `targets` or `highlights`.
 */
export function fill(page: string, run: Run): string {
  const mark = /(<!-- bench ([\w-]+) -->\n)[^]*?(\n?<!-- \/bench -->)/g;
  return page.replace(mark, (all, begin: string, name: string, end: string) => {
    const text = textOf(name, run);
    return text === undefined ? all : `${begin}\n${text}\n${end}`;
  });
}

function textOf(name: string, run: Run): string | undefined {
  if (name === 'machine') {
    const { cores, processor, system, node } = run.machine;
    return `${cores} cores of ${processor}, ${system}, Node ${node}.`;
  }
  if (name === 'targets') return targets(run.cases);
  if (name === 'highlights') return highlights(run.cases);
  const result = run.cases.find((one) => one.name === name);
  return result && caseText(result);
}

function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

function caseText(result: CaseResult): string {
  const { header, rows } = tableOf(result);
  const parts = rows.length > 0 ? [markdown(header, rows)] : [];
  if (result.skipped.length > 0) parts.push(result.skipped.map((text) => `- ${text}`).join('\n'));
  return parts.join('\n\n');
}

function targets(cases: readonly CaseResult[]): string {
  const rows = cases.flatMap((result) =>
    result.targets.map((target) => [`\`${result.name}\``, ...targetCells(target, result)]),
  );
  return markdown(['case', 'of', 'what', 'measured', 'target', ''], rows);
}

/** The rows of the README: the case, its variant, the contestant to compare with, and the label. */
const HIGHLIGHTS: readonly (readonly [
  name: string,
  variant: string,
  other: string,
  what: string,
])[] = [
  ['http-text', '32', 'FastAPI + fastai', 'Texts over HTTP, 32 connections'],
  ['http-text', '1', 'BentoML + fastai', 'Texts over HTTP, 1 connection'],
  ['http-photo', '32', 'BentoML + onnxruntime', 'Photographs over HTTP, 32 connections'],
  ['http-photo', '32', 'FastAPI + onnxruntime', 'Photographs over HTTP, 32 connections'],
  ['photo', '1024x768', 'Pillow', 'Decode and resize a photograph of 1024x768'],
  ['start', 'start', 'bare Nest', 'First answer after the start'],
];

/** Values of the first metric of each case, of both contestants. */
function highlights(cases: readonly CaseResult[]): string {
  const rows = HIGHLIGHTS.flatMap(([name, variant, other, what]) => {
    const result = cases.find((one) => one.name === name);
    if (!result) return [];
    const { header, rows } = tableOf(result);
    const of = (who: string): string => {
      const cells = rows.find((row) => row[0] === variant && row[1] === who);
      return cells?.[2]?.replace(/ ±.*/, '') ?? '-';
    };
    const unit = /(?:\((\w+)\)|(\w+\/s))$/.exec(header[2] ?? '');
    const [own, peer] = [of(result.rows[0]!.contestant), of(other)];
    return [[what, `${own} ${unit?.[1] ?? unit?.[2] ?? ''}`, other, peer]];
  });
  return markdown(['', 'nestjs-vts', 'compared with', ''], rows);
}
