import { Tensor } from 'onnxruntime-common';
import type { BatchCodec } from '../../runner/batching/index.js';
import { concat, slice } from '../../runner/batching/tensor-block.js';

/** `[ids, lengths]` as `readInputs` packs them: int32 [rows, width], and int32 [rows]. */
type PackedRows = readonly [ids: Tensor, lengths: Tensor];

/**
 * Rows of token ids. Each row carries its length, so that rows of any length share a run and each
 * gets the same numbers as alone. Values after the end of a row do not matter.
 */
export const textCodec: BatchCodec<PackedRows, Tensor> = {
  copies: true,
  rows: ([, lengths]) => lengths.dims[0]!,
  key: () => 'ids',
  width: ([ids]) => ids.dims[1]!,

  merge(items) {
    if (items.length === 1) return items[0];
    const rows = items.reduce((sum, [, lengths]) => sum + lengths.dims[0]!, 0);
    const width = items.reduce((most, [ids]) => Math.max(most, ids.dims[1]!), 0);
    const ids = new Int32Array(rows * width);
    const lengths = new Int32Array(rows);
    let row = 0;
    for (const [given, givenLengths] of items) {
      const [count, own] = given.dims as [number, number];
      const data = given.data as Int32Array;
      if (own === width) ids.set(data, row * width);
      else {
        for (let i = 0; i < count; i++) {
          ids.set(data.subarray(i * own, (i + 1) * own), (row + i) * width);
        }
      }
      lengths.set(givenLengths.data as Int32Array, row);
      row += count;
    }
    return [new Tensor('int32', ids, [rows, width]), new Tensor('int32', lengths, [rows])];
  },

  split(result, counts) {
    const { data, dims } = result as Tensor;
    const values = data as Float32Array;
    const size = values.length / dims[0]!;
    let row = 0;
    return counts.map((count) => {
      const part = values.slice(row * size, (row + count) * size);
      row += count;
      return new Tensor('float32', part, [count, ...dims.slice(1)]);
    });
  },

  divide([ids, lengths], most) {
    const [rows, width] = ids.dims as [number, number];
    const parts: PackedRows[] = [];
    for (let start = 0; start < rows; start += most) {
      const count = Math.min(most, rows - start);
      parts.push([slice(ids, [start, 0], [count, width]), slice(lengths, [start], [count])]);
    }
    return parts;
  },

  join: (outputs) => concat(outputs, 0),
};
