import { Tensor } from 'onnxruntime-common';
import type { ModelSession } from '../../onnx/session/model-session.js';
import { guarded } from '../../runtime/run-guard.js';
import { UnsupportedLearnerError } from '../errors.js';

/** Runs a model from `torch.onnx.export`: int64 ids of one text in, the first output out. */
export async function runForeignModel(
  session: ModelSession,
  ids: Int32Array,
  kind: 'text learner' | 'language model',
): Promise<Tensor> {
  const [input, ...others] = session.inputNames;
  const [output] = session.outputNames;
  if (input === undefined || output === undefined || others.length > 0) {
    throw new UnsupportedLearnerError(
      `The ONNX model takes ${session.inputNames.length} inputs, but a ${kind} gives one, the token ids`,
      'export it with torch.onnx.export(learner.model, ids) where ids is an int64 tensor of shape [1, length]',
    );
  }
  const feed = new Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]);
  const outputs = await guarded(() => session.run({ [input]: feed }));
  return outputs[output] as Tensor;
}
