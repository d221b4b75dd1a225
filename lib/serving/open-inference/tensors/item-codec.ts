import type { LearnerDescription } from '../../../learner/fastai/contract.js';
import { shortened } from '../../../learner/errors/index.js';
import { ModelNotServableError } from '../errors.js';
import { arrayItems } from './array-items.js';
import type { ItemCodec } from './contract.js';
import { imageItems } from './image-items.js';
import { mixedItems } from './mixed-items.js';
import { rowItems } from './row-items.js';
import { TEXT_ITEMS } from './text-items.js';

export type { ItemCodec } from './contract.js';

/**
 * The codec for the items of a learner.
 *
 * @throws ModelNotServableError for a learner whose items tensors cannot express.
 */
export function itemCodecOf(model: string, learner: LearnerDescription): ItemCodec {
  const { kind, columns, inputs, pathReader } = learner;
  switch (kind) {
    case 'text':
      return TEXT_ITEMS;
    case 'vision':
      return imageItems(pathReader);
    case 'array':
      return arrayItems(learner);
    case 'tabular':
    case 'collab':
      if (columns) return rowItems(columns);
      break;
    case 'mixed':
      if (inputs) return mixedItems(inputs);
  }
  throw new ModelNotServableError(
    model,
    `takes items of kind "${shortened(kind)}", which tensors cannot express`,
    'serve it with your own endpoint, or save its model through the PyTorch layer',
  );
}
