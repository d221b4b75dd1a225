import { InputError, Tensor } from 'nestjs-vts/runnable';

/** An input row: category names and numbers, null if a value is unknown. */
export type Row = Readonly<Record<string, string | number | boolean | null>>;

/** fastai 1's facts about the training data, from `model/preprocessing.json`. */
export interface PreprocessingFacts {
  readonly classes: readonly string[];
  readonly categories: Readonly<Record<string, readonly (string | boolean)[]>>;
  readonly numbers: readonly string[];
  readonly medians: Readonly<Record<string, number>>;
  readonly means: Readonly<Record<string, number>>;
  readonly stds: Readonly<Record<string, number>>;
}

class UnknownNumberError extends InputError {
  constructor(column: string) {
    super(`The column "${column}" is empty, which it never was in training; give a number.`);
  }
}

/** fastai 1's FillMissing, Categorify and Normalize for one row, in that order. */
export class Preprocessing {
  constructor(private readonly facts: PreprocessingFacts) {}

  /** The model's two inputs. */
  tensors(rows: readonly Row[]): { x_cat: Tensor; x_cont: Tensor } {
    const filled = rows.map((row) => this.#fill(row));
    const categories = Object.entries(this.facts.categories);
    const { numbers } = this.facts;
    const codes = filled.flatMap((row) =>
      // 0 is #na#, a category outside the training data.
      categories.map(([name, known]) => BigInt(1 + known.indexOf(row[name] as string))),
    );
    const scaled = filled.flatMap((row) =>
      numbers.map((name) => this.#normalize(name, row[name] as number)),
    );
    return {
      x_cat: new Tensor('int64', BigInt64Array.from(codes), [rows.length, categories.length]),
      x_cont: new Tensor('float32', Float32Array.from(scaled), [rows.length, numbers.length]),
    };
  }

  /** Replaces missing numbers by medians, and marks them in a column `<name>_na`. */
  #fill(row: Row): Row {
    const filled = new Map(Object.entries(row));
    for (const name of this.facts.numbers) {
      const median = this.facts.medians[name];
      const missing = (row[name] ?? null) === null;
      if (median !== undefined) filled.set(`${name}_na`, missing);
      if (!missing) continue;
      if (median === undefined) throw new UnknownNumberError(name);
      filled.set(name, median);
    }
    return Object.fromEntries(filled);
  }

  #normalize(name: string, value: number): number {
    const { means, stds } = this.facts;
    return (value - (means[name] as number)) / (1e-7 + (stds[name] as number));
  }
}
