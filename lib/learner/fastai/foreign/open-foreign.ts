import { refuseOutsideWeights } from '../../onnx/proto/outside-weights.js';
import { openSession, type SessionOptions } from '../../onnx/session/create-session.js';
import type { ModelSession } from '../../onnx/session/model-session.js';
import type { OnnxSession } from '../../onnx/session/onnx-session.js';
import { guarded } from '../../runtime/run-guard.js';
import type { LearnerOptions } from '../contract.js';
import { NothingToQuantizeError } from '../errors.js';
import { checkModel, type ExpectedModel } from './expected-model.js';
import { ForeignSession } from './foreign-session.js';

/**
 * Opens the ONNX file that replaces a learner's model.
 *
 * @throws OutsideWeightsError, UnsupportedLearnerError if the model is not the learner's.
 */
export async function openForeign(
  onnx: string | Uint8Array,
  { cacheFolder, quantize }: Pick<LearnerOptions, 'cacheFolder' | 'quantize'>,
  options: SessionOptions,
  expected: ExpectedModel | undefined,
): Promise<ModelSession> {
  const session = await guarded(() =>
    quantize === 'int8' ? quantized(onnx, cacheFolder, options) : opened(onnx, options),
  );
  try {
    if (expected) checkModel(session, expected);
    return new ForeignSession(session);
  } catch (error) {
    await guarded(() => session.release());
    throw error;
  }
}

async function opened(onnx: string | Uint8Array, options: SessionOptions): Promise<OnnxSession> {
  refuseOutsideWeights(onnx);
  return openSession(onnx, options);
}

async function quantized(
  onnx: string | Uint8Array,
  cacheFolder: string | undefined,
  options: SessionOptions,
): Promise<OnnxSession> {
  const { openQuantizedFile } = await import('../../onnx/quantize/quantized-session.js');
  const session = await openQuantizedFile(onnx, cacheFolder, options);
  if (!session) throw new NothingToQuantizeError();
  return session;
}
