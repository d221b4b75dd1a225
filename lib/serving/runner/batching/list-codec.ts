import { nameOf } from '../../runtime/name-of.js';
import { joinResults, splitResult } from './batch-result.js';
import type { BatchCodec } from './batch-codec.js';
import { BatchInputError } from '../errors.js';

/**
 * Arrays with one element per row. The result of a batch is also an array, or tensors with one row
 * per element.
 *
 * @param outputDim The dimension that counts rows, if the result is tensors.
 */
export function listCodec(outputDim = 0): BatchCodec<readonly unknown[], unknown> {
  return {
    rows: (item) => {
      // A string also has a length and elements, but must not be split into letters.
      if (!Array.isArray(item)) {
        throw new BatchInputError(
          `The item is ${nameOf(item)}, but this batchable method takes arrays with one element per row`,
          'put it into an array, even if it is a single element',
        );
      }
      return item.length;
    },
    key: () => 'list',
    merge: (items) => (items.length === 1 ? items[0] : ([] as unknown[]).concat(...items)),
    split: (result, rows) => splitResult(result, rows, outputDim),
    divide: (item, maxRows) => {
      const parts: unknown[][] = [];
      for (let i = 0; i < item.length; i += maxRows) parts.push(item.slice(i, i + maxRows));
      return parts;
    },
    join: (outputs) => joinResults(outputs, outputDim),
  };
}
