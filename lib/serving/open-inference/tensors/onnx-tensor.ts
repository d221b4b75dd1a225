import { Tensor } from 'onnxruntime-common';
import type { Datatype, TensorData } from '../../../client/protocol/datatypes.js';
import type { InferTensor } from '../../../client/protocol/messages.js';
import { TensorValueError } from '../errors.js';
import { textAt } from './texts.js';

/** The element types of onnxruntime by the protocol's datatypes. */
const TYPES = {
  BOOL: 'bool',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FP16: 'float16',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'string',
} as const satisfies Record<Datatype, Tensor.Type>;

const DATATYPES = new Map<string, Datatype>(
  Object.entries(TYPES).map(([datatype, type]) => [type, datatype as Datatype]),
);

/** The datatype of an onnxruntime element type; undefined if the protocol has none. */
export function datatypeOf(type: string): Datatype | undefined {
  return DATATYPES.get(type);
}

/** The tensor as runners take it. It shares the elements of the message. */
export function tensorOf({ name, datatype, shape, data }: InferTensor): Tensor {
  if (datatype === 'BYTES') {
    const texts = Array.from(data as ArrayLike<string | Uint8Array>, (text, at) =>
      textAt(name, text, at),
    );
    return new Tensor('string', texts, shape);
  }
  return new Tensor(TYPES[datatype] as 'float32', data as Float32Array, shape);
}

/**
 * A runner's tensor in the protocol's form.
 *
 * @throws TensorValueError for element types that the protocol does not support.
 */
export function inferTensor(name: string, tensor: Tensor): InferTensor {
  const datatype = datatypeOf(tensor.type);
  if (datatype === undefined) {
    throw new TensorValueError(
      name,
      `is a tensor of ${tensor.type}, which the protocol does not support`,
      'cast it in the model',
    );
  }
  return { name, datatype, shape: [...tensor.dims], data: elementsOf(tensor) };
}

/** The elements in the protocol's form: FP16 as bits. */
function elementsOf({ type, data }: Tensor): TensorData {
  if (type === 'float16' && !(data instanceof Uint16Array)) {
    const { buffer, byteOffset, length } = data as unknown as Uint16Array;
    return new Uint16Array(buffer, byteOffset, length);
  }
  return data as TensorData;
}
