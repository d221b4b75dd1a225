import { OutsideWeightsError } from '../errors.js';
import { externalFiles } from './external-files.js';

/**
 * Refuses bytes of an ONNX model with weights in other files: given bytes, onnxruntime would look
 * for the files in the working directory.
 */
export function refuseOutsideWeights(model: string | Uint8Array): void {
  const [file] = typeof model === 'string' ? [] : (externalFiles(model) ?? []);
  if (file !== undefined) throw new OutsideWeightsError(file);
}
