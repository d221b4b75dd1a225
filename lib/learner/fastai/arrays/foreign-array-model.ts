import type { Tensor } from 'onnxruntime-common';
import { readInputs, type InputPlan, type ModelInputDType } from '../../pytorch/index.js';
import { guarded } from '../../runtime/run-guard.js';
import type { LearnerOptions } from '../contract.js';
import { UnsupportedLearnerError } from '../errors.js';
import type { ExpectedModel } from '../foreign/expected-model.js';
import { openForeign } from '../foreign/open-foreign.js';
import type { BatchShape, RunsBatches } from './array-model.js';

/**
 * The ONNX file that replaces the model of a learner of arrays. Inputs are checked before each run,
 * as in the PyTorch layer.
 *
 * @throws UnsupportedLearnerError for a file of another model
 */
export async function openForeignArrayModel(
  options: LearnerOptions & { readonly onnx: string | Uint8Array },
  expected: ExpectedModel | undefined,
): Promise<RunsBatches & { readonly shape: BatchShape; readonly dtype: ModelInputDType }> {
  const { onnx, intraOpNumThreads = 1, quantize } = options;
  const how = { intraOpNumThreads, ...(quantize === 'int8' && { exactInt8: true }) };
  const session = await openForeign(onnx, options, how, expected);
  const release = (): Promise<void> => guarded(() => session.release());
  const [input, ...others] = session.inputMetadata;
  if (!input?.isTensor || others.length > 0) {
    await release();
    throw new UnsupportedLearnerError(
      `The ONNX model takes ${session.inputMetadata.length} inputs, but the learner gives it ` +
        'one tensor',
      "export this learner's own model with torch.onnx.export(learner.model, ...)",
    );
  }
  const shape = input.shape.map((size) => (typeof size === 'number' && size > 0 ? size : null));
  const dtype = input.type as ModelInputDType;
  // Items run one by one if the file fixes a batch of one.
  const dims = shape.map((size, axis) => (axis === 0 ? null : size));
  const plan: InputPlan = {
    inputs: [{ name: input.name, dtype, feed: dtype, shape: dims, dims }],
  };
  return {
    shape: dims,
    dtype,
    run: async (batch) => {
      const [tensor] = readInputs(plan, batch).tensors;
      const results = await guarded(() => session.run({ [input.name]: tensor! }));
      return results[session.outputNames[0]!] as Tensor;
    },
    release,
  };
}
