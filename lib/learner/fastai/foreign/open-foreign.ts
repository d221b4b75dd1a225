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
 * @param targets How many targets the learner has.
 * @throws OutsideWeightsError, UnsupportedLearnerError if the model is not the learner's.
 */
export async function openForeign(
  onnx: string | Uint8Array,
  { cacheFolder, quantize }: Pick<LearnerOptions, 'cacheFolder' | 'quantize'>,
  options: SessionOptions,
  expected: ExpectedModel | undefined,
  targets = 1,
): Promise<ModelSession> {
  const session = await guarded(() =>
    quantize === 'int8' ? quantized(onnx, cacheFolder, options) : opened(onnx, options),
  );
  try {
    // A file with an output for each target stands for a model of several results.
    const isSeveral = targets > 1 && session.outputNames.length === targets;
    if (expected) checkModel(session, isSeveral ? { inputs: expected.inputs } : expected);
    return new ForeignSession(session, isSeveral ? targets : 1);
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
