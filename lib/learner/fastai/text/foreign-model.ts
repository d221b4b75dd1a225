import { Tensor } from 'onnxruntime-common';
import type { ModelSession } from '../../onnx/session/model-session.js';
import { guarded } from '../../runtime/run-guard.js';
import type { ExpectedInput } from '../foreign/expected-model.js';

/** What a learner of texts gives to a model from `torch.onnx.export`. */
export const TOKEN_IDS: ExpectedInput = { dtypes: ['int64'], sizes: [null], mustBeFree: true };

/** Runs a model from `torch.onnx.export`: int64 ids of one text in, the first output out. */
export async function runForeignModel(session: ModelSession, ids: Int32Array): Promise<Tensor> {
  const feed = new Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]);
  const outputs = await guarded(() => session.run({ [session.inputNames[0]!]: feed }));
  return outputs[session.outputNames[0]!] as Tensor;
}
