import type { Tensor } from '../torch/tensor.js';
import { bytesOf, sizeOf, type OnnxDType, type RawArray } from './dtype.js';
import { UnsupportedDTypeError } from './errors.js';
import type { TensorData } from './graph.js';

/** Elements that are computed on demand and not kept. */
export function lazyTensorData(
  dtype: OnnxDType,
  dims: readonly number[],
  produce: () => RawArray,
): TensorData {
  const elements = dims.reduce((product, size) => product * size, 1);
  return {
    dtype,
    dims: [...dims],
    byteLength: elements * sizeOf(dtype),
    *chunks() {
      yield bytesOf(produce());
    },
  };
}

/** A tensor of the file: every floating type becomes float32, others keep their type. */
export function tensorDataOf(tensor: Tensor): TensorData {
  const dtype = onnxDTypeOf(tensor);
  const data = lazyTensorData(dtype, tensor.shape, () =>
    dtype === 'float32' ? tensor.toFloat32() : (tensor.toTyped() as RawArray),
  );
  return dtype === tensor.dtype ? { ...data, chunks: () => tensor.pieces() } : data;
}

function onnxDTypeOf(tensor: Tensor): OnnxDType {
  switch (tensor.dtype) {
    case 'float64':
    case 'float32':
    case 'float16':
    case 'bfloat16':
    case 'float8_e4m3fn':
    case 'float8_e5m2':
      return 'float32';
    case 'int64':
    case 'int32':
    case 'int8':
    case 'uint8':
    case 'bool':
      return tensor.dtype;
    default:
      throw new UnsupportedDTypeError(tensor.dtype);
  }
}
