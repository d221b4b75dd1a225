import {
  listCodec,
  tensorCodec,
  tensorsIn,
  type BatchCodec,
  type TensorCodecOptions,
} from '../../runner/batching/index.js';

type Codec = BatchCodec<unknown, unknown>;

/**
 * Batches the calls of a runnable's batchable method: an array is a list of rows; tensors, and
 * objects of tensors, have their rows along `batchDim`. Items and results may be of different
 * kinds.
 */
export function runnableCodec(options: TensorCodecOptions): Codec {
  const [, outputDim] = options.batchDim;
  const tensors = tensorCodec(options);
  const lists = listCodec(outputDim) as unknown as Codec;
  // An array of tensors is also a list of rows.
  const codecOf = (value: unknown): Codec =>
    Array.isArray(value) || tensorsIn(value) === undefined ? lists : tensors;
  return {
    rows: (item) => codecOf(item).rows(item),
    key: (item) => codecOf(item).key(item),
    width: (item) => codecOf(item).width?.(item) ?? 1,
    merge: (items) => codecOf(items[0]).merge(items),
    split: (result, rows, items) => codecOf(items[0]).split(result, rows, items),
    divide: (item, maxRows) => codecOf(item).divide(item, maxRows),
    join: (outputs) => lists.join(outputs),
  };
}
