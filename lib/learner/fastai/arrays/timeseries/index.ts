import { PyObject, type PyValue } from '../../../torch/index.js';
import { qualifiedName, transformName } from '../../data/pipeline.js';
import type { SeriesReader, SeriesTransform } from './attributes.js';
import { readPatchEncoder, readTuplePatchEncoder } from './patches.js';
import {
  readClipOutliers,
  readNormalize,
  readRobustScale,
  readStandardize,
  readStandardizeTuple,
} from './scaling.js';
import {
  readAdd,
  readClip,
  readClipByVariable,
  readDiff,
  readLog,
  readLogReturn,
  readNanToValue,
} from './values.js';
import {
  readCategoryEncode,
  readCyclicalPosition,
  readDropVariables,
  readLinearPosition,
  readMissingness,
  readOneHotEncode,
  readPosition,
  readPositionGaps,
  readRollingMean,
} from './variables.js';

const readers: ReadonlyMap<string, SeriesReader> = new Map([
  ['TSStandardize', readStandardize],
  ['TSNormalize', readNormalize],
  ['TSStandardizeTuple', readStandardizeTuple],
  ['TSClipOutliers', readClipOutliers],
  ['TSRobustScale', readRobustScale],
  ['TSRobustScaler', readRobustScale],
  ['TSNan2Value', readNanToValue],
  ['Nan2Value', readNanToValue],
  ['TSClip', readClip],
  ['TSClipByVar', readClipByVariable],
  ['TSLog', readLog],
  ['TSDiff', readDiff],
  ['TSLogReturn', readLogReturn],
  ['TSAdd', readAdd],
  ['TSCyclicalPosition', readCyclicalPosition],
  ['TSLinearPosition', readLinearPosition],
  ['TSPosition', readPosition],
  ['TSMissingness', readMissingness],
  ['TSPositionGaps', readPositionGaps],
  ['TSRollingMean', readRollingMean],
  ['TSDropVars', readDropVariables],
  ['TSOneHotEncode', readOneHotEncode],
  ['TSCatEncode', readCategoryEncode],
  ['TSPatchEncoder', readPatchEncoder],
  ['TSTuplePatchEncoder', readTuplePatchEncoder],
]);

/** These also change targets and tuples, so they act on tensors of any class. */
const ON_TUPLES: ReadonlySet<string> = new Set(['TSStandardizeTuple', 'TSTuplePatchEncoder']);

/**
 * Replaces a missing value with one from another item of the batch. A batch of one has no other
 * item.
 */
const ALONE_NOTHING: ReadonlySet<string> = new Set(['TSSelfMissingness']);

/**
 * A transform of tsai's preprocessing. Undefined for an unsupported transform.
 *
 * @param isSeries Whether the input is a `TSTensor`: most transforms do not change other tensors.
 */
export function readSeriesTransform(
  record: PyValue,
  isSeries: boolean,
): readonly SeriesTransform[] | undefined {
  if (!(record instanceof PyObject) || !qualifiedName(record).startsWith('tsai.data.')) {
    return undefined;
  }
  const name = transformName(record);
  // All of tsai's augmentations: their random part has `split_idx = 0` in every version.
  const read = readers.get(name);
  if (!read) return ALONE_NOTHING.has(name) ? [] : undefined;
  if (!isSeries && !ON_TUPLES.has(name)) return [];
  return [read(record)];
}
