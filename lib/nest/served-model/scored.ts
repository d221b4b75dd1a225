import type { Tensor } from 'onnxruntime-common';
import type {
  LearnerResult,
  Prediction,
  Results,
  ShownRow,
  Vocab,
} from '../../learner/fastai/contract.js';
import { inRows } from '../../learner/runtime/in-rows.js';
import { isTensor } from '../../learner/runtime/is-tensor.js';

/** A prediction as `vts predict` and `vts serve` write it. */
export interface Scored {
  /** The main result: the class, the classes, the number or the text. */
  readonly prediction: unknown;
  /** For rows: the row as fastai's `row.decode()` shows it. */
  readonly decoded?: unknown;
  readonly target?: unknown;
  /** The model's output after the loss function's activation, nested like its dimensions. */
  readonly probabilities?: unknown;
  /** Names of the probabilities. */
  readonly classes?: readonly string[];
  /** For several results: each by its name. `prediction` has theirs by name as well. */
  readonly results?: Readonly<Record<string, Scored>>;
}

/** fastai's triple in that form. */
export function scoredOf(
  [decoded, target, probs]: Prediction<unknown, Results>,
  names: readonly string[] | undefined,
  shown?: { readonly row: ShownRow; readonly targets: readonly string[] },
): Scored {
  const classes = isTensor(probs) && names?.length === probs.data.length ? { classes: names } : {};
  const tensors = { target: eachNested(target), probabilities: eachNested(probs) };
  if (!shown)
    return { prediction: isTensor(decoded) ? nested(decoded) : decoded, ...tensors, ...classes };
  const wanted = shown.targets.map((name) => shown.row[name]);
  const prediction = wanted.length === 1 ? wanted[0] : wanted;
  return { prediction, decoded: shown.row, ...tensors, ...classes };
}

/** One of several results, as fastai's triple. */
export interface OneResult {
  readonly result: LearnerResult;
  readonly triple: Prediction<unknown>;
}

/**
 * The triples of several results; undefined if the prediction has other ones, such as the columns
 * of a row.
 */
export function eachResult(
  [decoded, targets, probs]: Prediction<unknown, Results>,
  results: readonly LearnerResult[] | undefined,
): OneResult[] | undefined {
  if (results === undefined || !Array.isArray(decoded) || isTensor(targets) || isTensor(probs)) {
    return undefined;
  }
  if (targets.length !== results.length || probs.length !== results.length) return undefined;
  return results.map((result, at) => ({
    result,
    triple: [decoded[at] as unknown, targets[at]!, probs[at]!],
  }));
}

/** The same as one answer. */
export function scoredResults(all: readonly OneResult[]): Scored {
  return namedResults(
    all.map(({ result, triple }) => {
      const { name, classes, threshold } = result;
      const scored = scoredOf(triple, classes);
      return [name, threshold === undefined ? scored : { ...scored, threshold }];
    }),
  );
}

/** The answers of several results as one answer. */
export function namedResults<One extends { readonly prediction: unknown }>(
  results: readonly (readonly [name: string, one: One])[],
): { prediction: Record<string, unknown>; results: Record<string, One> } {
  return {
    prediction: Object.fromEntries(results.map(([name, { prediction }]) => [name, prediction])),
    results: Object.fromEntries(results),
  };
}

/** The last vocabulary, which is that of the target if the learner has one. */
export function classesOf(vocab: Vocab): readonly string[] | undefined {
  const last = vocab.at(-1);
  if (last === undefined) return undefined;
  return typeof last === 'string' ? (vocab as readonly string[]) : last;
}

const eachNested = (given: Results): unknown =>
  isTensor(given) ? nested(given) : given.map(nested);

/** A tensor as nested arrays; one without dimensions as its number. */
export function nested({ data, dims }: Tensor): unknown {
  const values = Array.from(data as ArrayLike<number | bigint>, (value) =>
    typeof value === 'bigint' ? Number(value) : value,
  );
  return inRows(values, dims);
}
