import { InputError } from '../../errors/index.js';

/** A row or table lacks a column that the learner was trained on. @publicApi */
export class MissingColumnError extends InputError {
  constructor(
    readonly columns: readonly string[],
    available: readonly string[],
  ) {
    const [what, names] = [
      columns.length === 1 ? 'column' : 'columns',
      columns.map(quoted).join(', '),
    ];
    const given = available.length === 0 ? 'none' : available.slice(0, 30).map(quoted).join(', ');
    super(`The learner needs the ${what} ${names}, and was given ${given}; add what is missing.`);
  }
}

/** A cell holds what the learner's preparation of its column does not take. @publicApi */
export class CellError extends InputError {
  constructor(
    readonly column: string,
    /** Position in the table, from 0. */
    readonly row: number,
    fact: string,
    remedy: string,
  ) {
    super(`The column "${column}" at row ${row} (counted from 0) ${fact}; ${remedy}.`);
  }
}

function quoted(name: string): string {
  return `"${name}"`;
}

/** A value for a message: short, and never the whole of a long text. */
export function describeCell(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') {
    return value.length > 40 ? `the text "${value.slice(0, 40)}…"` : `the text "${value}"`;
  }
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return value instanceof Date ? 'a date' : 'an object';
  return `the ${typeof value} ${String(value)}`;
}
