import { ELEMENT_TYPES, type Elements } from './element-types.js';
import { TensorInputError } from './errors.js';
import type { GivenTensor } from './given-tensor.js';
import type { ModelInputDType, PlannedInput } from './model-input.js';

/**
 * The elements in the model's type: the given array itself if nothing has to change. Plain
 * JavaScript numbers, which have no dtype, are rounded to floating types as in `torch.tensor`.
 *
 * @throws TensorInputError for any other number that would change.
 */
export function convert(given: GivenTensor, input: PlannedInput): Elements {
  const { dtype, data } = given;
  const { feed } = input;
  if (dtype === feed) return data as Elements;
  if (dtype === 'int64' && feed === 'int32' && data instanceof BigInt64Array) {
    const narrow = narrowed(data);
    if (narrow) return narrow;
  }
  const target = ELEMENT_TYPES[feed];
  const source = dtype === undefined ? undefined : ELEMENT_TYPES[dtype];
  const refuse = (value: unknown): never => {
    // The graph takes ids in fewer bits than their dtype has.
    if (dtype === input.dtype) {
      const fact = `received ${show(value)}, which is outside its range`;
      throw new TensorInputError(input.name, fact, "give numbers within the model's range");
    }
    throw new TensorInputError(
      input.name,
      `takes ${input.dtype}, but received ${dtype ?? 'numbers'} with ${show(value)}, which ` +
        `${input.dtype} cannot hold exactly`,
      `give ${input.dtype}`,
    );
  };
  if (dtype === 'float16' || feed === 'float16' || !source !== (dtype === undefined)) {
    throw new TensorInputError(
      input.name,
      `takes ${input.dtype}, but received ${dtype ?? 'numbers'}`,
      `give a Tensor of type ${input.dtype}`,
    );
  }
  const result = target.allocate(data.length);
  const cast = caster(feed, source === undefined, refuse);
  // The elements of a bool tensor are bytes.
  const fromBool = dtype === 'bool';
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    (result as unknown[])[i] = cast(fromBool ? Boolean(value) : value);
  }
  return result;
}

type Element = number | bigint | boolean | string;

/** Converts one element into one of `feed`, or refuses it. */
function caster(
  feed: ModelInputDType,
  plain: boolean,
  refuse: (value: unknown) => never,
): (value: Element) => Element {
  const { kind, least = 0, most = 0 } = ELEMENT_TYPES[feed];
  const wide = feed === 'int64' || feed === 'uint64';
  switch (kind) {
    case 'bool':
      return (value) =>
        value === true || value === 1 || value === 1n
          ? 1
          : value === false || value === 0 || value === 0n
            ? 0
            : refuse(value);
    case 'string':
      return (value) => (typeof value === 'string' ? value : refuse(value));
    case 'float': {
      const round = feed === 'float32' ? Math.fround : Number;
      return (value) => {
        if (typeof value === 'bigint') {
          const near = round(Number(value));
          return Number.isFinite(near) && BigInt(near) === value ? near : refuse(value);
        }
        if (typeof value !== 'number') return refuse(value);
        const near = round(value);
        if (near === value || Number.isNaN(value)) return near;
        // Rounding is allowed; turning a finite number into infinity is not.
        return plain && Number.isFinite(near) ? near : refuse(value);
      };
    }
    case 'int':
      return (value) => {
        if (typeof value === 'bigint') {
          const fits = wide
            ? BigInt[feed === 'int64' ? 'asIntN' : 'asUintN'](64, value) === value
            : value >= BigInt(least) && value <= BigInt(most);
          return fits ? (wide ? value : Number(value)) : refuse(value);
        }
        if (typeof value !== 'number' || !Number.isInteger(value)) return refuse(value);
        // Neither end of the 64-bit types is a double: 2^63 itself is one too many.
        if (value < least || value > most || (wide && value === most)) return refuse(value);
        return wide ? BigInt(value) : value;
      };
  }
}

/**
 * Reads 32-bit halves: bigints would cost ten times as much. Undefined if an element does not fit
 * int32.
 */
function narrowed(values: BigInt64Array): Int32Array | undefined {
  const halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  const result = new Int32Array(values.length);
  for (let i = 0; i < result.length; i++) {
    const low = halves[2 * i]!;
    if (halves[2 * i + 1]! !== low >> 31) return undefined;
    result[i] = low;
  }
  return result;
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value);
}
