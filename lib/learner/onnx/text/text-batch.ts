import type { TextLimits } from '../lowering/lowering.js';
import { TextInputError } from '../errors.js';

/** Rows of token ids for a text classifier's graph. */
export interface TextBatch {
  /** [rows, width], row-major; any id of the vocabulary after a row's end. */
  readonly ids: Int32Array;
  readonly lengths: Int32Array;
  /** [rows, width of the longest]. */
  readonly dims: readonly number[];
}

/**
 * Packs rows of token ids after a check for invalid input: onnxruntime aborts the process on an
 * empty batch, and wraps negative ids.
 *
 * @throws TextInputError
 */
export function packTextBatch(rows: readonly ArrayLike<number>[], limits: TextLimits): TextBatch {
  if (rows.length === 0) {
    throw new TextInputError('The batch is empty', 'Send at least one text.');
  }
  const width = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const ids = new Int32Array(rows.length * width);
  rows.forEach((row, index) => {
    checkRow(row, index, limits);
    ids.set(row, index * width);
  });
  return { ids, lengths: Int32Array.from(rows, (row) => row.length), dims: [rows.length, width] };
}

/**
 * The same for rows of one length in chunks: [rows, chunks, bptt], the last chunk filled up.
 *
 * @throws TextInputError
 */
export function packChunks(rows: readonly Int32Array[], limits: TextLimits): TextBatch {
  const { lengths, dims } = packTextBatch(rows, limits);
  const { bptt, padIdx } = limits;
  const count = Math.ceil(dims[1]! / bptt);
  const ids = new Int32Array(rows.length * count * bptt).fill(padIdx);
  rows.forEach((row, index) => ids.set(row, index * count * bptt));
  return { ids, lengths, dims: [rows.length, count, bptt] };
}

function checkRow(row: ArrayLike<number>, index: number, limits: TextLimits): void {
  const { vocabSize, padIdx, bptt, maxLen } = limits;
  if (row.length === 0) {
    throw new TextInputError(`Row ${index} has no tokens`, 'Send texts of at least one token.');
  }
  let padding = 0;
  for (let i = 0; i < row.length; i++) {
    const id = row[i] as number;
    if (id === padIdx) padding++;
    if (!Number.isInteger(id) || id < 0 || id >= vocabSize) {
      throw new TextInputError(
        `Row ${index} has the token id ${id}, but the model's vocabulary ends at ${vocabSize - 1}`,
        'Use the ids that the learner gives for its tokens.',
      );
    }
  }
  if (padding === row.length) {
    throw new TextInputError(
      `Row ${index} is all padding (fastai fails on it too)`,
      'Send texts with at least one token other than xxpad.',
    );
  }
  if (limits.skipsNoChunk) {
    refusePadAtChunkStart(row, index, limits, 'Remove the token.', limits.skipsNoChunk);
  }
  const lastChunk = ((row.length - 1) % bptt) + 1;
  if (maxLen !== null && lastChunk > maxLen) {
    throw new TextInputError(
      `Row ${index} has ${row.length} tokens, and its last chunk of ${lastChunk} is longer than the ` +
        `model's max_len of ${maxLen}, so no token is pooled (fastai fails on it too)`,
      'Train the model with a max_len of at least its bptt.',
    );
  }
}

/**
 * For a QRNN's graph, or one lowered with `skipsChunks: false`: fastai skips a chunk that begins
 * with padding inside a row's text.
 *
 * @throws TextInputError
 */
export function refusePadAtChunkStart(
  row: ArrayLike<number>,
  index: number,
  { padIdx, bptt }: Pick<TextLimits, 'padIdx' | 'bptt'>,
  remedy: string,
  what = 'int8 model',
): void {
  for (let at = 0; at < row.length; at += bptt) {
    if (row[at] !== padIdx) continue;
    throw new TextInputError(
      `Row ${index} has the padding token inside its text at position ${at}, where fastai ` +
        `starts a new chunk; the ${what} does not support that`,
      remedy,
    );
  }
}
