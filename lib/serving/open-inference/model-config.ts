import type { ConfiguredTensor, ModelConfig } from '../../client/contract.js';
import type { TensorMetadata } from '../../client/protocol/messages.js';
import type { ServableModel } from './models/servable.js';

/** A model in the form of Triton's extension "model_configuration". */
export function modelConfig(name: string, model: ServableModel): ModelConfig {
  const { platform, properties } = model;
  // Without its batch, such a tensor would have no dimensions. Triton has no such tensors, and
  // perf_analyzer cannot generate their elements.
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
    parameters: task === undefined ? {} : { kind, task },
    // An inference request has one answer; streams belong to the extension "generate".
    decoupled: false,
  };
}

function configured({ name, datatype, shape }: TensorMetadata, batched: boolean): ConfiguredTensor {
  const dataType = `TYPE_${datatype === 'BYTES' ? 'STRING' : datatype}`;
  const dims = batched ? shape.slice(1) : shape;
  // Triton has no tensors without dimensions: one element is [1].
  return { name, dataType, dims: dims.length === 0 ? [1] : dims };
}
