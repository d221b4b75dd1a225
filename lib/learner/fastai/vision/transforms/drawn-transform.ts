import { asNumber, PyObject, type PyValue } from '../../../torch/index.js';
import type { DataLoadersRecord } from '../../data/data-loaders.js';
import { isOfFastai, transformName } from '../../data/pipeline.js';
import { doesNothing, transformTitle } from './neutral.js';

/** Transforms of fastai that do the same in training and at validation. */
const ALIKE: ReadonlySet<string> = new Set([
  'ToTensor',
  'AddMaskCodes',
  'PointScaler',
  'Cuda',
  'IntToFloatTensor',
  'Normalize',
  'RatioResize',
  'CropPad',
  'Pad_Chunk',
  'Pad_Input',
  'pad_input',
  'pad_input_chunk',
  'noop',
]);

type Data = Pick<DataLoadersRecord, 'afterItem' | 'beforeBatch' | 'afterBatch'>;

/**
 * The name of the first transform that changes items in another way in training; null if there is
 * none. Code of the notebook for both sets counts as alike.
 */
export function drawnTransform({ afterItem, beforeBatch, afterBatch }: Data): string | null {
  const drawn = [...afterItem, ...beforeBatch, ...afterBatch].find(isDrawn);
  return drawn === undefined ? null : transformTitle(drawn);
}

function isDrawn(record: PyValue): boolean {
  const title = transformTitle(record).replace(/^.*\./, '');
  if (ALIKE.has(title) && (isOfFastai(record) || title === 'noop')) return false;
  if (!(record instanceof PyObject)) return doesNothing(record);
  if (!isOfFastai(record)) return asNumber(record.attr('split_idx')) !== 1 && doesNothing(record);
  if (transformName(record) === 'Resize') return record.attr('method') !== 'squish';
  // fastai's Transform around a function of the notebook, or around a library's.
  return transformName(record) !== 'Transform' || doesNothing(record);
}
