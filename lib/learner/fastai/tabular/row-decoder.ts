import type { Tensor } from 'onnxruntime-common';
import { PyObject, type PyValue } from '../../torch/python.js';
import type { DecodedRow, ShownRow } from '../contract.js';
import { numbersOf } from '../data/target.js';
import { unfit } from '../results/result-targets.js';
import type { EncodedRows } from './row-encoder.js';
import type { TabularRecord } from './tabular-record.js';
import { isoformat, timestampOf } from './timestamps.js';

/** fastai's `ReadTabBatch.decodes`, and the decoding of the procs. */
export class RowDecoder {
  constructor(private readonly record: TabularRecord) {}

  /** The encoded row and its target as one object, columns in fastai's order. */
  decode(target: Tensor, encoded: EncodedRows): DecodedRow {
    return this.#row(numbersOf(target), encoded);
  }

  /**
   * The same for several results, which are the columns of the targets one after another.
   *
   * @throws UnsupportedLearnerError if they are more or fewer: fastai's DataFrame fails as well.
   */
  decodeSeveral(targets: readonly Tensor[], encoded: EncodedRows): DecodedRow {
    const values = targets.flatMap(numbersOf);
    const { length } = this.record.targets;
    if (values.length === length) return this.#row(values, encoded);
    throw unfit(values.length, length);
  }

  #row(values: readonly number[], { codes, numbers }: EncodedRows): DecodedRow {
    const { categories, numbers: numeric, targets } = this.record;
    const row: DecodedRow = {};
    for (let i = 0; i < categories.length; i++) put(row, categories[i]!, codes[i]!);
    for (let i = 0; i < numeric.length; i++) put(row, numeric[i]!, numbers[i]!);
    if (targets.length === values.length) {
      for (let i = 0; i < targets.length; i++) put(row, targets[i]!, values[i]!);
    } else if (targets.length > 0) {
      // There are more outputs than targets: fastai cannot put them into a row.
      put(row, targets[0]!, [...values]);
    }
    return row;
  }

  /** The row with names instead of codes, and numbers before Normalize. */
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
          change(numbers, (x, name) => {
            const scaled = x * (stds.get(name) ?? NaN);
            return shortest(scaled + (means.get(name) ?? NaN), Math.abs(scaled) * FLOAT32_ROUNDING);
          });
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

/** The largest relative difference between a float32 and the number before rounding. */
const FLOAT32_ROUNDING = 2 ** -24;

/** The number with the fewest digits that rounds to it: 18 for 17.9999998. */
function shortest(value: number, error: number): number {
  if (!Number.isFinite(value)) return value;
  for (let digits = 1; digits <= 17; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.abs(shorter - value) <= error) return shorter;
  }
  return value;
}

/** Sets an own property whatever its name is, so that no name can reach the prototype. */
function put(row: DecodedRow, name: string, value: number | number[]): void {
  if (name !== '__proto__') row[name] = value;
  else
    Object.defineProperty(row, name, {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    });
}

type Shown = string | number | boolean | null;

/** A class as JSON; null if the code has none. */
export function label(value: PyValue | undefined): Shown {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value;
  }
  const timestamp = value instanceof PyObject ? timestampOf(value) : undefined;
  return timestamp === undefined ? String(value) : isoformat(timestamp);
}
