import type { LearnerInput, TabularSchema } from '../../learner/fastai/contract.js';
import type { Inspection } from './inspection.js';

/** Longer rows are better read from a file. */
const LONGEST_ROW = 60;

/** Useful next commands, ready to paste into a shell. */
export function nextCommands(it: Inspection, target: string): string[] {
  const name = quoted(target);
  if (!it.servable) return it.kind === 'weights' ? [] : [`vts doctor ${name}`];
  if (!it.description) return [`vts predict ${name} '[[...]]'`, `vts serve ${name}`];
  const { kind, columns, inputs: parts } = it.description;
  const inputs: Partial<Record<typeof kind, string>> = {
    vision: 'photo.jpg',
    array: 'series.csv',
    text: '"I really liked it"',
    lm: '"Once upon a time" --words 30',
    ...(parts && { mixed: quoted(JSON.stringify(parts.map(exampleOf))) }),
  };
  const input = columns ? rowOf(columns) : (inputs[kind] ?? 'INPUT');
  return [`vts predict ${name} ${input}`, `vts serve ${name}`];
}

function exampleOf({ kind, shape, columns }: LearnerInput): unknown {
  if (kind === 'vision') return 'photo.jpg';
  if (kind === 'text') return 'I really liked it';
  return columns ? columns.columns[0]?.example : Array.from({ length: shape?.[0] ?? 1 }, () => 0);
}

function rowOf({ columns }: TabularSchema): string {
  const row = JSON.stringify(
    Object.fromEntries(columns.map(({ name, example }) => [name, example])),
  );
  return row.length <= LONGEST_ROW ? quoted(row) : '--csv rows.csv';
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
