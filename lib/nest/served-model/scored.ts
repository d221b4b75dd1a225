import type { Tensor } from 'onnxruntime-common';
import type { Vocab, Prediction, ShownRow } from '../../learner/fastai/contract.js';
import { inRows } from '../../learner/runtime/in-rows.js';
import { isTensor } from '../../learner/runtime/is-tensor.js';

/** A prediction as `vts predict` and `vts serve` write it. */
export interface Scored {
  /** The class, the classes, the number, the text: what people ask for. */
  readonly prediction: unknown;
  /** For rows: the row as fastai's `row.decode()` shows it. */
  readonly decoded?: unknown;
  readonly target?: unknown;
  /** What the model says after the loss function's activation; nested as its dimensions are. */
  readonly probabilities?: unknown;
  /** Names of the probabilities. */
  readonly classes?: readonly string[];
}

/** fastai's triple in that form. */
export function scoredOf(
  [decoded, target, probs]: Prediction<unknown>,
  names: readonly string[] | undefined,
  shown?: { readonly row: ShownRow; readonly targets: readonly string[] },
): Scored {
  const classes = names?.length === probs.data.length ? { classes: names } : {};
  const tensors = { target: nested(target), probabilities: nested(probs) };
  if (!shown)
    return { prediction: isTensor(decoded) ? nested(decoded) : decoded, ...tensors, ...classes };
  const wanted = shown.targets.map((name) => shown.row[name]);
  const prediction = wanted.length === 1 ? wanted[0] : wanted;
  return { prediction, decoded: shown.row, ...tensors, ...classes };
}

/** The last vocabulary: that of the target, where the learner has one. */
export function classesOf(vocab: Vocab): readonly string[] | undefined {
  const last = vocab.at(-1);
  if (last === undefined) return undefined;
  return typeof last === 'string' ? (vocab as readonly string[]) : last;
}

/** A tensor as nested arrays; one without dimensions as its number. */
export function nested({ data, dims }: Tensor): unknown {
  const values = Array.from(data as ArrayLike<number | bigint>, (value) =>
    typeof value === 'bigint' ? Number(value) : value,
  );
  return inRows(values, dims);
}
