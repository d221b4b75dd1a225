import type { ConfiguredTensor, ModelConfig } from '../../client/contract.js';
import type { TensorMetadata } from '../../client/protocol/messages.js';
import type { ServableModel } from './models/servable.js';

/** A model as Triton's extension "model_configuration" has it. */
export function modelConfig(name: string, model: ServableModel): ModelConfig {
  const { platform, properties } = model;
  // Without its batch such a tensor would have no dimension, which Triton does not know: perf_analyzer
  // cannot make its elements then.
  const isFlat = model.inputs.some(({ shape }) => shape.length === 1);
  const maxBatchSize = isFlat ? 0 : model.maxBatchSize;
  const { kind = '', task } = properties ?? {};
  const tensors = (list: readonly TensorMetadata[]): ConfiguredTensor[] =>
    list.map((tensor) => configured(tensor, maxBatchSize > 0));
  return {
    name,
    platform,
    backend: platform,
    maxBatchSize,
    input: tensors(model.inputs),
    output: tensors(model.outputs),
    // A learner has them.
    parameters: task === undefined ? {} : { kind, task },
    // One request of inference has one answer; streams are of the extension "generate".
    decoupled: false,
  };
}

function configured({ name, datatype, shape }: TensorMetadata, batched: boolean): ConfiguredTensor {
  const dataType = `TYPE_${datatype === 'BYTES' ? 'STRING' : datatype}`;
  const dims = batched ? shape.slice(1) : shape;
  // Triton has no tensor without dimensions: one element is [1].
  return { name, dataType, dims: dims.length === 0 ? [1] : dims };
}
