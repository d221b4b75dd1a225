import type { Tensor } from 'onnxruntime-common';
import { PyObject, type PyValue } from '../../torch/python.js';
import type { DecodedRow, ShownRow } from '../contract.js';
import { numbersOf } from '../data/target.js';
import type { EncodedRows } from './row-encoder.js';
import type { TabularRecord } from './tabular-record.js';
import { isoformat, timestampOf } from './timestamps.js';

/** fastai's `ReadTabBatch.decodes`, and the decoding of the procs. */
export class RowDecoder {
  constructor(private readonly record: TabularRecord) {}

  /** The encoded row and its target as one object, columns in fastai's order. */
  decode(target: Tensor, { codes, numbers }: EncodedRows): DecodedRow {
    const { categories, numbers: numeric, targets } = this.record;
    const values = numbersOf(target);
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
    const change = (names: readonly string[], to: (value: number, name: string) => Shown): void => {
      for (const name of names) {
        const value = shown.get(name);
        if (typeof value === 'number') shown.set(name, to(value, name));
      }
    };
    const { categories, numbers, targets } = this.record;
    for (const step of [...this.record.steps].reverse()) {
      switch (step.kind) {
        case 'normalize': {
          const { means, stds } = step;
          change(numbers, (x, name) => x * (stds.get(name) ?? NaN) + (means.get(name) ?? NaN));
          break;
        }
        case 'categorify':
          change(categories, (code, name) => label(step.classes.get(name)?.[code]));
          break;
        case 'categorize':
          change(targets, (code) => label(step.vocab[code]));
          break;
        case 'flags':
          change(targets, (flag) => flag === 1);
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

type Shown = string | number | boolean | null;

/** A class as JSON has it; null where there is none of that code. */
export function label(value: PyValue | undefined): Shown {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value;
  }
  const timestamp = value instanceof PyObject ? timestampOf(value) : undefined;
  return timestamp === undefined ? String(value) : isoformat(timestamp);
}
