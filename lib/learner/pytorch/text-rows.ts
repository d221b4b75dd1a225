import { Tensor } from 'onnxruntime-common';
import { packTextBatch, refusePadAtChunkStart, TextInputError } from '../onnx/index.js';
import type { TextPlan } from './model-input.js';

const REMEDY = "Remove the token, or run the model with precision: 'fp32'.";

/**
 * Removes the padding of rows on either side, so that each row gives the same result as alone.
 *
 * @returns ids [rows, width] and lengths [rows], both int32. @throws TextInputError
 */
export function packTextRows(
  ids: Int32Array,
  [count, width]: readonly [number, number],
  plan: TextPlan,
): Tensor[] {
  const { padIdx } = plan;
  const rows = Array.from({ length: count }, (_, row) => {
    let [start, end] = [row * width, (row + 1) * width];
    while (start < end && ids[start] === padIdx) start++;
    while (end > start && ids[end - 1] === padIdx) end--;
    return ids.subarray(start, end);
  });
  rows.forEach((row, index) => {
    if (row.length === 0) {
      throw new TextInputError(
        `Row ${index} is all padding (fastai fails on it too)`,
        'Send texts with at least one token other than xxpad.',
      );
    }
    if (plan.noPadAtChunkStart === true) refusePadAtChunkStart(row, index, plan, REMEDY);
  });
  const batch = packTextBatch(rows, plan);
  return [
    new Tensor('int32', batch.ids, batch.dims),
    new Tensor('int32', batch.lengths, [batch.lengths.length]),
  ];
}
