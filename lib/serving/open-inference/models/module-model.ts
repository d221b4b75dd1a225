import type { Tensor } from 'onnxruntime-common';
import type { ModelInput } from '../../../learner/pytorch/index.js';
import type { TensorMetadata } from '../../../client/protocol/messages.js';
import { CALL } from '../../models/pytorch/rules.js';
import type { RunnerHandle } from '../../runner/runner-types.js';
import type { ServedRunner } from '../contract.js';
import { ModelNotServableError } from '../errors.js';
import { checkedInputs, wantedOutputs, type InputSpec } from '../request.js';
import { ResponseSize } from '../response-size.js';
import { datatypeOf, inferTensor, tensorOf } from '../tensors/onnx-tensor.js';
import type { ServableLimits, ServableModel } from './servable.js';

/** A PyTorch layer runner that has loaded its model. */
export interface ModuleHandle extends RunnerHandle {
  readonly inputs: readonly ModelInput[];
  readonly outputs: readonly ModelInput[];
  /** The largest number of rows in a run; 0 if calls run alone. */
  readonly maxBatchSize: number;
}

/**
 * A model of the PyTorch layer, with its tensors unchanged. The runner checks shapes, and its
 * message says what the model takes.
 *
 * @throws ModelNotServableError for tensor types that the protocol does not support.
 */
export function moduleModel(
  { name }: ServedRunner,
  runner: ModuleHandle,
  { maxResponseBytes }: ServableLimits,
): ServableModel {
  const inputs = runner.inputs.map((input): InputSpec => ({
    ...metadataOf(name, input),
    anyShape: true,
  }));
  const outputs = runner.outputs.map((output) => metadataOf(name, output));
  const order = outputs.map((output) => output.name);
  return {
    platform: 'pytorch',
    inputs,
    outputs,
    properties: { kind: 'module' },
    maxBatchSize: runner.maxBatchSize,

    read(request) {
      const given = checkedInputs(request, inputs);
      const wanted = wantedOutputs(request, outputs);
      const tensors = inputs.map(
        (input) => [input.name, tensorOf(given.get(input.name)!)] as const,
      );
      return {
        rows: tensors[0]?.[1].dims[0] ?? 1,
        async run() {
          const result = (await runner.method(CALL).run(Object.fromEntries(tensors))) as
            Tensor | Tensor[];
          const results = Array.isArray(result) ? result : [result];
          new ResponseSize(maxResponseBytes).add(results);
          return () => wanted.map((output) => inferTensor(output, results[order.indexOf(output)]!));
        },
      };
    },
  };
}

function metadataOf(model: string, { name, dtype, shape }: ModelInput): TensorMetadata {
  const datatype = datatypeOf(dtype);
  if (datatype === undefined) {
    throw new ModelNotServableError(
      model,
      `has the tensor "${name}" of ${dtype}, which the protocol does not support`,
      'cast it in the model',
    );
  }
  return { name, datatype, shape: shape.map((size) => size ?? -1) };
}
