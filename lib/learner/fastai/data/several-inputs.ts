import { BatchTuple, batchInputs, batchTypes } from './batch-types.js';
import type { DataLoadersRecord } from './data-loaders.js';

/** Whether a model takes several inputs, or one tuple. */
export function takesSeveral(
  dls: Pick<DataLoadersRecord, 'dataset' | 'loader' | 'inputs'>,
): boolean {
  if (dls.inputs.length > 1) return true;
  if (dls.inputs.length === 0) return false;
  const [first] = batchTypes(dls.loader) ?? [];
  return first instanceof BatchTuple || batchInputs(dls) > 1;
}
