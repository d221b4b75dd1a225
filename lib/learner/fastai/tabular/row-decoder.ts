import type { Tensor } from 'onnxruntime-common';
import { PyObject, type PyValue } from '../../torch/python.js';
import type { EncodedRows } from './row-encoder.js';
import type { TabularRecord } from './tabular-record.js';
import { isoformat, timestampOf } from './timestamps.js';

/**
 * fastai's first element of a tabular prediction: the row as the model took it (category codes,
 * filled and normalized numbers), then the decoded target, a number for each of its columns.
 *
 * @publicApi
 */
export type DecodedRow = Record<string, number | number[]>;

/**
 * A decoded row as fastai shows it: category names, numbers in their own unit, class names.
 *
 * @publicApi
 */
export type ShownRow = Record<string, string | number | boolean | null | number[]>;

/** fastai's `ReadTabBatch.decodes`, and the decoding of the procs. */
export class RowDecoder {
  constructor(private readonly record: TabularRecord) {}

  /** The encoded row and its target as one object, columns in fastai's order. */
  decode(target: Tensor, { codes, numbers }: EncodedRows): DecodedRow {
    const { categories, numbers: numeric, targets } = this.record;
    const values = Array.from(target.data as ArrayLike<number | bigint>, Number);
    // fromEntries makes own properties of any name, and so cannot reach a prototype.
    return Object.fromEntries<number | number[]>([
      ...categories.map((name, place) => [name, codes[place]!] as const),
      ...numeric.map((name, place) => [name, numbers[place]!] as const),
      ...targetEntries(targets, values),
    ]);
  }

  /** The row with names in place of codes, and numbers as they were before Normalize. */
  show(row: DecodedRow): ShownRow {
    const shown = new Map<string, ShownRow[string]>(Object.entries(row));
    for (const step of [...this.record.steps].reverse()) {
      if (step.kind === 'normalize') {
        for (const name of this.record.numbers) {
          change(shown, name, (value) => {
            return value * (step.stds.get(name) ?? NaN) + (step.means.get(name) ?? NaN);
          });
        }
      } else if (step.kind === 'categorify') {
        for (const name of this.record.categories) {
          change(shown, name, (code) => label(step.classes.get(name)?.[code]));
        }
      } else if (step.kind === 'categorize') {
        for (const name of this.record.targets) {
          change(shown, name, (code) => label(step.vocab[code]));
        }
      } else if (step.kind === 'flags') {
        for (const name of this.record.targets) change(shown, name, (flag) => flag === 1);
      }
    }
    return Object.fromEntries(shown);
  }
}

function targetEntries(
  targets: readonly string[],
  values: readonly number[],
): (readonly [string, number | number[]])[] {
  if (targets.length === values.length) {
    return targets.map((name, place) => [name, values[place]!] as const);
  }
  // More outputs than targets: fastai cannot put them into a row.
  const [name] = targets;
  return name === undefined ? [] : [[name, [...values]] as const];
}

function change(
  row: Map<string, ShownRow[string]>,
  name: string,
  to: (value: number) => string | number | boolean | null,
): void {
  const value = row.get(name);
  if (typeof value === 'number') row.set(name, to(value));
}

/** A class as JSON has it; null where there is none of that code. */
export function label(value: PyValue | undefined): string | number | boolean | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value;
  }
  const timestamp = value instanceof PyObject ? timestampOf(value) : undefined;
  return timestamp ? isoformat(timestamp) : String(value);
}
