import type { TextLimits } from '../lowering/lowering.js';
import { TextInputError } from '../errors.js';

/** Rows of token ids as a text classifier's graph takes them. */
export interface TextBatch {
  /** [rows, width], row-major; behind a row's end any id of the vocabulary. */
  readonly ids: Int32Array;
  readonly lengths: Int32Array;
  /** [rows, width of the longest]. */
  readonly dims: readonly [number, number];
}

/**
 * Packs rows of token ids, after checking everything that onnxruntime would not survive or would
 * answer with nonsense: it aborts the process on an empty batch, and wraps negative ids round.
 *
 * @throws TextInputError
 */
export function packTextBatch(rows: readonly ArrayLike<number>[], limits: TextLimits): TextBatch {
  if (rows.length === 0) {
    throw new TextInputError('The batch holds no text', 'Send one text or more.');
  }
  const width = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const ids = new Int32Array(rows.length * width);
  rows.forEach((row, index) => {
    checkRow(row, index, limits);
    ids.set(row, index * width);
  });
  return { ids, lengths: Int32Array.from(rows, (row) => row.length), dims: [rows.length, width] };
}

function checkRow(row: ArrayLike<number>, index: number, limits: TextLimits): void {
  const { vocabSize, padIdx, bptt, maxLen } = limits;
  if (row.length === 0) {
    throw new TextInputError(`Row ${index} holds no token`, 'Send texts of one token or more.');
  }
  let padding = 0;
  for (let i = 0; i < row.length; i++) {
    const id = row[i] as number;
    if (id === padIdx) padding++;
    if (!Number.isInteger(id) || id < 0 || id >= vocabSize) {
      throw new TextInputError(
        `Row ${index} has the token id ${id}, and the model's vocabulary ends at ${vocabSize - 1}`,
        'Use the ids that the learner itself gives for its tokens.',
      );
    }
  }
  if (padding === row.length) {
    throw new TextInputError(
      `Row ${index} holds padding alone (fastai fails on it too)`,
      'Send texts of one token or more that is not xxpad.',
    );
  }
  if (limits.skipsNoChunk) refusePadAtChunkStart(row, index, limits, 'Remove the token.', 'QRNN');
  const lastChunk = ((row.length - 1) % bptt) + 1;
  if (maxLen !== null && lastChunk > maxLen) {
    throw new TextInputError(
      `Row ${index} has ${row.length} tokens, and its last chunk of ${lastChunk} is longer than the ` +
        `model's max_len of ${maxLen}, so no token is pooled (fastai fails on it too)`,
      'Train the model with a max_len that is not below its bptt.',
    );
  }
}

/**
 * For a graph that was lowered with `skipsChunks: false`, or is a QRNN's: fastai runs no chunk of a row that begins
 * with padding inside its text.
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
  for (let at = bptt; at < row.length; at += bptt) {
    if (row[at] !== padIdx) continue;
    throw new TextInputError(
      `Row ${index} has the padding token inside its text at position ${at}, where fastai starts a new chunk; the ${what} cannot do that`,
      remedy,
    );
  }
}
