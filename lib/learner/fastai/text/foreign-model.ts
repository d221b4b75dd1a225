import { Tensor, type OnnxValue } from 'onnxruntime-common';
import type { ModelSession } from '../../onnx/session/model-session.js';
import { guarded } from '../../runtime/run-guard.js';
import type { ExpectedInput } from '../foreign/expected-model.js';

/** The inputs of a text model from `torch.onnx.export`. */
export const TOKEN_IDS: ExpectedInput = { dtypes: ['int64'], sizes: [null], mustBeFree: true };

/** Runs a model that takes the int64 ids of one text, such as one from `torch.onnx.export`. */
export async function runForeignModel(
  session: ModelSession,
  ids: Int32Array,
): Promise<Readonly<Record<string, OnnxValue>>> {
  const feed = new Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]);
  return guarded(() => session.run({ [session.inputNames[0]!]: feed }));
}
