import { readArray } from '../../../learner/fastai/arrays/array-item.js';
import type { LearnerDescription } from '../../../learner/fastai/contract.js';
import { elementNameOf } from '../../../learner/torch/element-array.js';
import { bytesOfText } from '../../../client/protocol/binary.js';
import type { Datatype, NumericData } from '../../../client/protocol/datatypes.js';
import type { InferTensor } from '../../../client/protocol/messages.js';
import { TensorValueError } from '../errors.js';
import { checkItems, type InputSpec } from '../request.js';
import type { ItemCodec } from './contract.js';
import { datatypeOf } from './onnx-tensor.js';
import { textAt } from './texts.js';

const ARRAY = 'array';

/** Number datatypes. FP16 is missing because it arrives as bits, which no array learner takes. */
const NUMBERS: readonly Datatype[] = [
  ...(['FP32', 'FP64', 'INT8', 'INT16', 'INT32', 'INT64', 'BOOL'] as const),
  ...(['UINT8', 'UINT16', 'UINT32', 'UINT64'] as const),
];

/**
 * Arrays: FP32 [items, ...], where NaN is a missing value. Other numbers are rounded as the learner
 * rounds them. BYTES [items] are `.npy` files, CSV or JSON.
 */
export function arrayItems({ shape }: Pick<LearnerDescription, 'shape'>): ItemCodec {
  const spec: InputSpec = {
    ...numbersSpec(ARRAY, 'FP32', shape?.map((size) => size ?? -1) ?? [-1]),
    accepts: [...NUMBERS, 'BYTES'],
  };
  return {
    inputs: [spec],
    owned: true,
    items(inputs, most) {
      const input = inputs.get(ARRAY)!;
      if (input.datatype !== 'BYTES') return numbersOf(input, most);
      checkItems(input.data.length, most);
      // A file may begin like text, so its bytes decide what it is.
      return Array.from(input.data as ArrayLike<string | Uint8Array>, (text) =>
        Uint8Array.prototype.slice.call(bytesOfText(text)),
      );
    },
    inputsOf: (item) => [arrayTensor(item)],
  };
}

/** An input of numbers. The learner checks its sizes. */
export function numbersSpec(name: string, datatype: Datatype, shape: readonly number[]): InputSpec {
  return { name, datatype, shape: [-1, ...shape], accepts: NUMBERS, anyShape: true };
}

/** Each item of numbers, in its own memory. */
export function numbersOf(
  { shape, data }: InferTensor,
  most: number,
): { readonly data: NumericData; readonly dims: readonly number[] }[] {
  const [count = 1, ...dims] = shape;
  checkItems(count, most);
  const size = data.length / count;
  return Array.from({ length: count }, (_, at) => ({
    data: (data as NumericData).slice(at * size, (at + 1) * size),
    dims,
  }));
}

function arrayTensor(item: unknown): InferTensor {
  if (typeof item === 'string' || item instanceof Uint8Array || item instanceof ArrayBuffer) {
    const bytes = item instanceof ArrayBuffer ? new Uint8Array(item) : item;
    return { name: ARRAY, datatype: 'BYTES', shape: [1], data: [bytes] };
  }
  const { data, dims } = readArray(item);
  return { name: ARRAY, shape: [1, ...dims], ...travellingNumbers(ARRAY, data) };
}

/** Numbers in the datatype that holds them exactly. @throws TensorValueError */
export function travellingNumbers(
  name: string,
  data: ArrayLike<number | bigint | boolean>,
): Pick<InferTensor, 'datatype' | 'data'> {
  const datatype = datatypeOf(elementNameOf(data) ?? '');
  if (datatype !== undefined) return { datatype, data: data as unknown as Float64Array };
  const numbers = Float64Array.from(data as ArrayLike<number | bigint>, (value) => {
    const number = Number(value);
    if (typeof value !== 'bigint' || BigInt(number) === value) return number;
    throw new TensorValueError(name, `has the number ${value}`, 'give numbers up to 2 ** 53');
  });
  return { datatype: 'FP64', data: numbers };
}

/** One element as a JavaScript value. @throws InferenceMessageError */
export function cellAt({ name, datatype, data }: InferTensor, at: number): unknown {
  const value = (data as ArrayLike<number | bigint | string | Uint8Array>)[at]!;
  if (datatype === 'BOOL') return value === 1;
  if (datatype === 'BYTES') return textAt(name, value as string | Uint8Array, at);
  return typeof value === 'bigint' ? wholeNumber(value) : value;
}

/** Converts integers to numbers, which applications use, if that is exact. */
function wholeNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
