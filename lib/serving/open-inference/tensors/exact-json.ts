import { Tensor } from 'onnxruntime-common';
import { isTensor } from '../../../learner/runtime/is-tensor.js';
import { elementNameOf } from '../../../learner/torch/element-array.js';
import { infoOf, isDatatype } from '../../../client/protocol/datatypes.js';
import { readRaw, writeRaw } from '../../../client/protocol/binary.js';
import { InferenceMessageError } from '../../../client/protocol/errors.js';
import { elementsOf } from '../../../client/protocol/shape.js';
import { TensorValueError } from '../errors.js';
import { datatypeOf, inferTensor, tensorOf } from './onnx-tensor.js';

/** The limit on nested lists and objects. */
const DEEPEST = 32;

/** The prefix of member names that express what JSON cannot. */
const MARK = '$';

/**
 * Writes a value as JSON from which {@link readExact} restores the same value. It is plain JSON
 * except for what JSON lacks: `{"$number":"NaN"}` (`Infinity`, `-Infinity`, `-0`),
 * `{"$bigint":"12"}`, `{"$undefined":true}`, `{"$tensor":{datatype, shape, base64}}`,
 * `{"$array":{datatype, base64}}` for a typed array, and `{"$object":[[name, value]]}` for an
 * object with a name that begins with `$`.
 *
 * @throws TensorValueError for other values, such as functions and dates.
 */
export function writeExact(name: string, value: unknown): string {
  return JSON.stringify(plain(name, value, 0));
}

/** @throws InferenceMessageError for a text that {@link writeExact} does not write. */
export function readExact(name: string, text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw broken(name, 'is not valid JSON');
  }
  return marked(name, value, 0);
}

function plain(name: string, value: unknown, depth: number): unknown {
  if (depth > DEEPEST) {
    throw new TensorValueError(
      name,
      `is nested more than ${DEEPEST} levels deep`,
      'give a flatter value',
    );
  }
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (Number.isFinite(value) && !Object.is(value, -0)) return value;
      return { [`${MARK}number`]: Object.is(value, -0) ? '-0' : String(value) };
    case 'bigint':
      return { [`${MARK}bigint`]: String(value) };
    case 'undefined':
      return { [`${MARK}undefined`]: true };
    case 'object':
      return plainObject(name, value, depth);
    default:
      throw new TensorValueError(name, `contains a ${typeof value}`, 'give plain data');
  }
}

function plainObject(name: string, value: object | null, depth: number): unknown {
  if (value === null) return null;
  if (Array.isArray(value)) return value.map((each) => plain(name, each, depth + 1));
  if (isTensor(value)) {
    const { datatype, shape, data } = inferTensor(name, value);
    const base64 = Buffer.from(writeRaw(datatype, data)).toString('base64');
    return { [`${MARK}tensor`]: { datatype, shape, base64 } };
  }
  if (ArrayBuffer.isView(value)) return typedArray(name, value);
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype !== null && prototype !== Object.prototype) {
    const { name: type = 'object' } = value.constructor as { name?: string };
    throw new TensorValueError(name, `holds a ${type}`, 'give plain data');
  }
  const members = Object.entries(value).map(
    ([key, each]) => [key, plain(name, each, depth + 1)] as const,
  );
  return members.some(([key]) => key.startsWith(MARK))
    ? { [`${MARK}object`]: members }
    : Object.fromEntries(members);
}

/** The typed arrays of tensor datatypes, except BOOL. */
function typedArray(name: string, value: ArrayBufferView): unknown {
  const bare = Buffer.isBuffer(value) ? new Uint8Array(value) : value;
  const datatype = datatypeOf(elementNameOf(bare) ?? '');
  if (datatype === undefined) {
    throw new TensorValueError(name, `contains a ${value.constructor.name}`, 'give plain data');
  }
  const base64 = Buffer.from(writeRaw(datatype, bare as Float32Array)).toString('base64');
  return { [`${MARK}array`]: { datatype, base64 } };
}

function marked(name: string, value: unknown, depth: number): unknown {
  if (depth > 2 * DEEPEST) throw broken(name, 'is nested too deep');
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => marked(name, each, depth + 1));
  const members = Object.entries(value);
  const [first] = members;
  if (members.length !== 1 || first === undefined || !first[0].startsWith(MARK)) {
    return Object.fromEntries(members.map(([key, each]) => [key, marked(name, each, depth + 1)]));
  }
  const [mark, held] = first as [string, unknown];
  switch (mark.slice(MARK.length)) {
    case 'number':
      if (['NaN', 'Infinity', '-Infinity', '-0'].includes(held as string)) return Number(held);
      break;
    case 'bigint':
      if (typeof held === 'string' && /^-?\d{1,400}$/.test(held)) return BigInt(held);
      break;
    case 'undefined':
      return undefined;
    case 'tensor':
      return tensorIn(name, held);
    case 'array':
      return arrayIn(name, held);
    case 'object':
      if (Array.isArray(held) && held.every(isMember)) {
        return Object.fromEntries(held.map(([key, each]) => [key, marked(name, each, depth + 1)]));
      }
  }
  throw broken(name, `contains "${mark.slice(0, 40)}" with an unexpected value`);
}

function isMember(value: unknown): value is [string, unknown] {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'string';
}

function tensorIn(name: string, held: unknown): Tensor {
  const { datatype, shape, base64 } = (held ?? {}) as Record<string, unknown>;
  if (!isDatatype(datatype) || !Array.isArray(shape) || typeof base64 !== 'string') {
    throw broken(name, 'contains a tensor without a datatype, a shape or data');
  }
  const sizes = shape as number[];
  const bytes = Buffer.from(base64, 'base64');
  const data = readRaw(name, datatype, elementsOf(name, sizes), bytes);
  return tensorOf({ name, datatype, shape: sizes, data });
}

function arrayIn(name: string, held: unknown): unknown {
  const { datatype, base64 } = (held ?? {}) as Record<string, unknown>;
  const { size } = isDatatype(datatype) ? infoOf(datatype) : {};
  if (!isDatatype(datatype) || size === undefined || typeof base64 !== 'string') {
    throw broken(name, 'contains an array without a datatype or data');
  }
  const bytes = Buffer.from(base64, 'base64');
  return readRaw(name, datatype, Math.floor(bytes.length / size), bytes);
}

function broken(name: string, fact: string): InferenceMessageError {
  return new InferenceMessageError(`"${name}" ${fact}`, 'use a server of the same version');
}
