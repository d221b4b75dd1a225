import { Tensor } from 'onnxruntime-common';
import { isTensor } from '../runtime/is-tensor.js';
import { convert } from './convert.js';
import type { Elements } from './element-types.js';
import { TensorInputError } from './errors.js';
import {
  givenTensor,
  isShaped,
  type GivenTensor,
  type NestedNumbers,
  type ShapedArray,
} from './given-tensor.js';
import type { InputPlan, PlannedInput } from './model-input.js';
import { packTextRows } from './text-rows.js';

/** One tensor, in any form that a model accepts. @publicApi */
export type TensorInput = Tensor | ShapedArray | NestedNumbers;

/**
 * The input of a call: a tensor or, for several inputs, a list in order or an object by name.
 *
 * @publicApi
 */
export type PytorchInput =
  TensorInput | readonly TensorInput[] | { readonly [input: string]: TensorInput };

/** Tensors as the graph takes them, in its order. */
export interface Feeds {
  readonly tensors: Tensor[];
  /** All of its memory was allocated here, so it may be transferred. */
  readonly owned: boolean;
}

/** Returns only tensors that cannot crash onnxruntime. @throws TensorInputError, TextInputError */
export function readInputs(plan: InputPlan, item: unknown): Feeds {
  const values = inOrder(plan, item);
  const given = plan.inputs.map((input, i) => givenTensor(input.name, values[i]));
  const sizes = new Map<string, number>();
  plan.inputs.forEach((input, i) => checkShape(input, given[i]!, sizes));
  if (plan.text) {
    const [input] = plan.inputs as [PlannedInput];
    const ids = convert(given[0]!, input) as Int32Array;
    return {
      tensors: packTextRows(ids, given[0]!.dims as [number, number], plan.text),
      owned: true,
    };
  }
  let owned = true;
  const tensors = plan.inputs.map((input, i) => {
    const { data, dims } = given[i]!;
    const elements = convert(given[i]!, input);
    if (elements === (data as unknown)) owned = false;
    checkLimits(input, elements, dims);
    return new Tensor(input.feed as 'float32', elements as Float32Array, dims);
  });
  return { tensors, owned };
}

/** The value for each input. */
function inOrder(plan: InputPlan, item: unknown): readonly unknown[] {
  const { inputs } = plan;
  const names = inputs.map(({ name }) => name);
  const [first = 'input'] = names;
  if (isTensor(item) || isShaped(item) || ArrayBuffer.isView(item)) {
    if (inputs.length === 1) return [item];
    throw new TensorInputError(
      first,
      `is one of ${inputs.length}, but the call gives one tensor`,
      `give a list of ${names.join(', ')}, or an object with these names`,
    );
  }
  if (Array.isArray(item)) {
    // One input, and the list does not hold tensors: it is nested numbers.
    if (inputs.length === 1 && !item.some((each) => isTensor(each) || isShaped(each)))
      return [item];
    const list = plan.mayTakeEmpty && item.length === 2 ? item.filter(hasElements) : item;
    if (list.length === inputs.length) return list;
    throw new TensorInputError(
      first,
      `is one of ${inputs.length} (${names.join(', ')}), but the call gives ${list.length} ` +
        'tensors',
      'give one tensor for each input',
    );
  }
  if (typeof item === 'object' && item !== null) {
    const given = new Map(Object.entries(item));
    const unknown = [...given.keys()].find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw new TensorInputError(unknown, 'does not exist', `name ${names.join(', ')}`);
    }
    for (const name of names) {
      if (!given.has(name)) throw new TensorInputError(name, 'is missing', 'give it too');
    }
    return names.map((name) => given.get(name));
  }
  return inputs.length === 1 ? [item] : [item, ...names.slice(1).map(() => undefined)];
}

function hasElements(value: unknown): boolean {
  return !(isTensor(value) || isShaped(value)) || !value.dims.includes(0);
}

function checkShape(input: PlannedInput, { dims }: GivenTensor, sizes: Map<string, number>): void {
  const { name, tail } = input;
  const wrong = (fact: string): never => {
    throw new TensorInputError(
      name,
      `takes ${input.dtype} of shape ${showShape(input)}, but received ${fact}`,
      'give a tensor of that type and shape',
    );
  };
  if (dims.includes(0)) {
    const what = dims[0] === 0 ? 'no row' : 'no element';
    wrong(`${what} (shape [${dims.join(', ')}])`);
  }
  const fits = tail === undefined ? dims.length === input.dims.length : dims.length >= tail;
  if (!fits || dims.length > 8) wrong(`shape [${dims.join(', ')}]`);
  const count = tail ?? dims.length;
  for (let i = 1; i <= count; i++) {
    const [wanted, size] = [input.dims[input.dims.length - i], dims[dims.length - i]!];
    if (typeof wanted === 'number' && wanted !== size) wrong(`shape [${dims.join(', ')}]`);
    if (typeof wanted !== 'string') continue;
    const other = sizes.get(wanted);
    if (other !== undefined && other !== size) {
      throw new TensorInputError(
        name,
        `has size ${size} for "${wanted}", but an earlier input has ${other}`,
        'give all inputs the same size',
      );
    }
    sizes.set(wanted, size);
  }
  if (input.rowSize !== undefined) {
    const row = dims.slice(1).reduce((product, size) => product * size, 1);
    if (dims.length < 2 || row !== input.rowSize) wrong(`shape [${dims.join(', ')}]`);
  }
}

function showShape({ dims, tail, rowSize }: PlannedInput): string {
  if (rowSize !== undefined) return `[batch, ...] with ${rowSize} elements per row`;
  const shown = (tail === undefined ? dims : dims.slice(dims.length - tail)).map(
    (dim) => dim ?? '?',
  );
  return `[${[...(tail === undefined ? [] : ['...']), ...shown].join(', ')}]`;
}

/** onnxruntime fails on ids past the end, and counts negative ids from the end. */
function checkLimits(input: PlannedInput, elements: Elements, dims: readonly number[]): void {
  const { limits } = input;
  if (!limits || limits.length === 0) return;
  // A list with one limit for each column, or one for all.
  const width = limits.length === 1 ? 1 : dims.at(-1)!;
  for (let i = 0; i < elements.length; i++) {
    const limit = limits[limits.length === 1 ? 0 : i % width];
    const value = elements[i] as number | bigint;
    if (limit === null || limit === undefined || (value >= 0 && value < limit)) continue;
    const where = limits.length === 1 ? '' : ` in column ${i % width}`;
    throw new TensorInputError(
      input.name,
      `has the id ${value}${where}, but the model knows 0 to ${limit - 1}`,
      "give ids from the model's training",
    );
  }
}
