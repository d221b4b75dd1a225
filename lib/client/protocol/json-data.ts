import { listed, shortened } from '../../learner/errors/index.js';
import { isNumeric } from './binary.js';
import { infoOf, type Datatype, type TensorData } from './datatypes.js';
import { InferenceMessageError } from './errors.js';
import { shownValue } from './shown-value.js';

/** The limit on nested lists, the same as in Triton. */
const DEEPEST = 100;

/**
 * The elements of a tensor from the `data` of JSON, nested or flat.
 *
 * @param base64 Whether BYTES are base64 strings, according to
 * `parameters: { content_type: 'base64' }`.
 * @throws InferenceMessageError
 */
export function readData(
  name: string,
  datatype: Datatype,
  count: number,
  data: unknown,
  base64 = false,
): TensorData {
  const { array, size, kind } = infoOf(datatype);
  if (datatype === 'FP16') {
    throw new InferenceMessageError(
      `The tensor "${shortened(name)}" is FP16, which JSON cannot carry`,
      'send it as binary data, or as FP32',
    );
  }
  // The shape is not trusted: memory is allocated only for existing elements.
  const values = flat(name, count, data);
  if (array === undefined || size === undefined) {
    const read = base64 ? bytesOfBase64 : textOf;
    return values.map((value, at) => read(name, value, at));
  }
  const out = new array(new ArrayBuffer(count * size));
  const wide = out instanceof BigInt64Array || out instanceof BigUint64Array;
  for (let at = 0; at < count; at++) {
    const value = values[at];
    if (kind === 'bool') (out as Uint8Array)[at] = boolOf(name, value, at);
    else if (kind === 'float') (out as Float32Array)[at] = floatOf(name, value, at);
    else if (wide) out[at] = BigInt(intOf(name, datatype, value, at));
    else (out as Int32Array)[at] = intOf(name, datatype, value, at);
  }
  return out;
}

/** The elements of nested lists, without recursion. */
function flat(name: string, count: number, data: unknown): readonly unknown[] {
  if (!Array.isArray(data)) {
    throw new InferenceMessageError(
      `The data of the tensor "${shortened(name)}" is not a list`,
      'send its elements as a list, nested or flat',
    );
  }
  if (data.length === count && !data.some(Array.isArray)) return data;
  const values: unknown[] = [];
  const stack: { readonly list: readonly unknown[]; at: number }[] = [{ list: data, at: 0 }];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    if (top.at === top.list.length) {
      stack.pop();
      continue;
    }
    const value = top.list[top.at++];
    if (!Array.isArray(value)) {
      if (values.length === count) throw wrongCount(name, `more than ${count}`, count);
      values.push(value);
      continue;
    }
    if (stack.length === DEEPEST) {
      throw new InferenceMessageError(
        `The data of the tensor "${shortened(name)}" is nested more than ${DEEPEST} levels deep`,
        'send it flat',
      );
    }
    stack.push({ list: value, at: 0 });
  }
  if (values.length !== count) throw wrongCount(name, String(values.length), count);
  return values;
}

function wrongCount(name: string, found: string, wanted: number): InferenceMessageError {
  return new InferenceMessageError(
    `The tensor "${shortened(name)}" has ${found} elements, but its shape requires ${wanted}`,
    'send as many elements as the shape requires',
  );
}

function wrong(name: string, at: number, value: unknown, wanted: string): InferenceMessageError {
  return new InferenceMessageError(
    `Element ${at} of the tensor "${shortened(name)}" is ${shownValue(value)}, not ${wanted}`,
    `send ${wanted}`,
  );
}

function boolOf(name: string, value: unknown, at: number): number {
  if (value === true || value === 1) return 1;
  if (value === false || value === 0) return 0;
  throw wrong(name, at, value, 'true or false');
}

function floatOf(name: string, value: unknown, at: number): number {
  if (typeof value === 'number') return value;
  throw wrong(name, at, value, 'a number');
}

/** Values that JSON cannot express exactly are refused, not rounded. */
function intOf(name: string, datatype: Datatype, value: unknown, at: number): number {
  const { range } = infoOf(datatype);
  if (Number.isSafeInteger(value) && range) {
    const [low, high] = range;
    if (BigInt(value as number) >= low && BigInt(value as number) <= high) return value as number;
  }
  const large = typeof value === 'number' && Number.isInteger(value) && Math.abs(value) > 2 ** 53;
  const wanted = `a whole number of ${datatype}${large ? ' that JSON carries exactly (binary data does)' : ''}`;
  throw wrong(name, at, value, wanted);
}

function textOf(name: string, value: unknown, at: number): string {
  if (typeof value === 'string') return value;
  throw wrong(name, at, value, 'a string');
}

function bytesOfBase64(name: string, value: unknown, at: number): Uint8Array {
  const text = textOf(name, value, at);
  try {
    return Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) =>
      c.charCodeAt(0),
    );
  } catch {
    throw wrong(name, at, value, 'a string in base64');
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The elements as flat JSON. Numbers that are not finite become null.
 *
 * @throws InferenceMessageError for FP16, and for bytes that are not UTF-8: both need binary data.
 */
export function dataText(name: string, datatype: Datatype, data: TensorData): string {
  if (datatype === 'FP16') {
    throw new InferenceMessageError(
      `The tensor "${shortened(name)}" is FP16, which JSON cannot carry`,
      'ask for binary data (parameters: { binary_data_output: true })',
    );
  }
  if (!isNumeric(data)) return `[${data.map((text) => textJson(name, text)).join(',')}]`;
  if (datatype === 'BOOL')
    return `[${Array.from(data as Uint8Array, (value) => value === 1).join(',')}]`;
  if (infoOf(datatype).kind === 'int') return `[${data.join(',')}]`;
  return floatsText(data as Float64Array);
}

/** `JSON.stringify` writes -0 as 0. */
function floatsText(data: Float64Array): string {
  if (!data.some((value) => Object.is(value, -0))) return JSON.stringify(Array.from(data));
  const text = (value: number): string => (Object.is(value, -0) ? '-0' : JSON.stringify(value));
  return `[${Array.from(data, text).join(',')}]`;
}

function textJson(name: string, text: string | Uint8Array): string {
  if (typeof text === 'string') return JSON.stringify(text);
  try {
    return JSON.stringify(decoder.decode(text));
  } catch {
    throw new InferenceMessageError(
      `The tensor "${shortened(name)}" has bytes that are not UTF-8 (${listed([...text.subarray(0, 4)].map(String))})`,
      'ask for binary data (parameters: { binary_data_output: true })',
    );
  }
}
