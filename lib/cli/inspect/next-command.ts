import type { TabularSchema } from '../../learner/fastai/contract.js';
import type { Inspection } from './inspection.js';

/** Longer rows are better read from a file. */
const LONGEST_ROW = 60;

/** Commands that one would want next, ready to be pasted into a shell. */
export function nextCommands(it: Inspection, target: string): string[] {
  const name = quoted(target);
  if (!it.servable) return it.kind === 'weights' ? [] : [`vts doctor ${name}`];
  if (!it.description) return [`vts predict ${name} '[[...]]'`, `vts serve ${name}`];
  const { kind, columns } = it.description;
  const inputs: Partial<Record<typeof kind, string>> = {
    vision: 'photo.jpg',
    text: '"I really liked it"',
    lm: '"Once upon a time" --words 30',
  };
  const input = columns ? rowOf(columns) : (inputs[kind] ?? 'INPUT');
  return [`vts predict ${name} ${input}`, `vts serve ${name}`];
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
