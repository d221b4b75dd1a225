import type { ModelConfig } from '../../../client/contract.js';
import { readRaw } from '../../../client/protocol/binary.js';
import { infoOf, isDatatype, type TensorData } from '../../../client/protocol/datatypes.js';
import { InferenceMessageError } from '../../../client/protocol/errors.js';
import type {
  InferRequest,
  ModelMetadata,
  TensorMetadata,
} from '../../../client/protocol/messages.js';
import { elementsOf } from '../../../client/protocol/shape.js';
import { shortened } from '../../../learner/errors/index.js';

/**
 * A request that contains only the bytes of the model's one input, without JSON: Triton's "raw
 * binary request", `Inference-Header-Content-Length: 0`. For BYTES, the whole body is one element,
 * such as a photo.
 *
 * @throws InferenceMessageError if the input or its shape does not follow from the model.
 */
export function readRawRequest(
  bytes: Uint8Array,
  model: Pick<InferRequest, 'modelName' | 'modelVersion'>,
  { inputs }: ModelMetadata,
  { maxBatchSize }: ModelConfig,
): InferRequest {
  const [input] = inputs;
  if (inputs.length !== 1 || input === undefined) {
    throw new InferenceMessageError(
      `A request without JSON needs a model with one input, but this model has ${inputs.length}`,
      'send JSON that names the inputs',
    );
  }
  const { name, datatype } = input;
  const { shape, data } =
    datatype === 'BYTES' ? oneText(input, bytes) : numbers(input, bytes, maxBatchSize > 0);
  return {
    ...model,
    parameters: { binary_data_output: true },
    inputs: [{ name, datatype, shape, data }],
  };
}

interface RawTensor {
  readonly shape: readonly number[];
  readonly data: TensorData;
}

function oneText({ name, shape }: TensorMetadata, bytes: Uint8Array): RawTensor {
  if (shape.every((size) => size === 1 || size === -1)) {
    return { shape: shape.map(() => 1), data: [bytes] };
  }
  throw new InferenceMessageError(
    `The body is one element, but the input "${shortened(name)}" takes the shape [${shape.join(', ')}]`,
    'send JSON with its data',
  );
}

function numbers(input: TensorMetadata, bytes: Uint8Array, batched: boolean): RawTensor {
  const { name, datatype } = input;
  const free = input.shape.filter((size) => size < 0).length;
  // One row, if that is unambiguous.
  const shape = batched && free > 1 ? [1, ...input.shape.slice(1)] : [...input.shape];
  const unknown = shape.filter((size) => size < 0);
  if (unknown.length > 1) {
    throw new InferenceMessageError(
      `The input "${shortened(name)}" has more than one variable dimension, so its shape cannot be derived from the body`,
      'send JSON with its shape',
    );
  }
  const size = isDatatype(datatype) ? (infoOf(datatype).size ?? 1) : 1;
  const known = elementsOf(
    name,
    shape.filter((each) => each >= 0),
  );
  const count = bytes.length / size;
  const at = shape.indexOf(-1);
  if (at >= 0) shape[at] = Math.floor(known === 0 ? 0 : count / known);
  return { shape, data: readRaw(name, datatype, elementsOf(name, shape), bytes) };
}
