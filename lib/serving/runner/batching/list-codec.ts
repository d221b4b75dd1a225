import { nameOf } from '../../runtime/name-of.js';
import { joinResults, splitResult } from './batch-result.js';
import type { BatchCodec } from './batch-codec.js';
import { BatchInputError } from '../errors.js';

/**
 * Arrays with an element for each row. The result of a batch is an array too, or tensors with a row
 * for each element.
 *
 * @param outputDim The dimension that counts rows, where the result is of tensors.
 */
export function listCodec(outputDim = 0): BatchCodec<readonly unknown[], unknown> {
  return {
    rows: (item) => {
      // Text has a length and elements as well, and must not be taken apart into its letters.
      if (!Array.isArray(item)) {
        throw new BatchInputError(
          `The item is ${nameOf(item)}, but this batchable method takes arrays with an element for each row`,
          'put it into an array, even one alone',
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
