import { shortened } from '../../learner/errors/index.js';
import { readRaw, writeRaw } from './binary.js';
import { hasAny, refuseSharedMemory, requireDatatype, TextCount } from './checks.js';
import { InferenceMessageError } from './errors.js';
import { dataText, readData } from './json-data.js';
import type { InferTensor, ParameterValue } from './messages.js';
import { elementsOf } from './shape.js';

/** The parameter that tells how many bytes after the JSON belong to a tensor. */
const BINARY_SIZE = 'binary_data_size';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The bytes after the JSON of a message, from which its tensors read in order. */
export class BinaryPart {
  #at = 0;
  readonly texts = new TextCount();

  constructor(private readonly bytes: Uint8Array) {}

  take(name: string, size: number): Uint8Array {
    const end = this.#at + size;
    if (end > this.bytes.length) {
      throw new InferenceMessageError(
        `The tensor "${shortened(name)}" has ${size} bytes of binary data, but ${this.bytes.length - this.#at} are left`,
        'send as many bytes as binary_data_size says',
      );
    }
    const taken = this.bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  /** @throws InferenceMessageError if bytes are left over. */
  end(): void {
    const left = this.bytes.length - this.#at;
    if (left === 0) return;
    throw new InferenceMessageError(
      `${left} bytes of binary data belong to no tensor`,
      'give each tensor its binary_data_size',
    );
  }
}

/** @throws InferenceMessageError */
export function readTensor(given: unknown, binary: BinaryPart): InferTensor {
  if (!isObject(given)) {
    throw new InferenceMessageError(
      'A tensor is not an object',
      'send { name, shape, datatype, data }',
    );
  }
  const name = readName(given, 'A tensor');
  const { shape, datatype } = given;
  requireDatatype(name, datatype);
  if (!Array.isArray(shape)) {
    throw new InferenceMessageError(
      `The tensor "${shortened(name)}" has no shape`,
      'send a list of sizes',
    );
  }
  const count = elementsOf(name, shape as number[]);
  const parameters = readParameters(given['parameters'], name);
  const size = parameters[BINARY_SIZE];
  if (size !== undefined) delete parameters[BINARY_SIZE];
  refuseSharedMemory(name, parameters);
  const tensor = {
    name,
    datatype,
    shape: shape as number[],
    ...(hasAny(parameters) && { parameters }),
  };
  if (size === undefined) {
    const base64 = parameters['content_type'] === 'base64';
    return { ...tensor, data: readData(name, datatype, count, given['data'], base64) };
  }
  if (given['data'] !== undefined && given['data'] !== null) {
    throw new InferenceMessageError(
      `The tensor "${shortened(name)}" has both data and ${BINARY_SIZE}`,
      'send only one of them',
    );
  }
  if (!Number.isSafeInteger(size) || (size as number) < 0) {
    throw new InferenceMessageError(
      `${BINARY_SIZE} of the tensor "${shortened(name)}" is ${shortened(String(size), 40)}`,
      'send a number of bytes',
    );
  }
  binary.texts.add(datatype, count);
  return { ...tensor, data: readRaw(name, datatype, count, binary.take(name, size as number)) };
}

/** A tensor as JSON, with its data inside. */
export function tensorText({ name, datatype, shape, data, parameters }: InferTensor): string {
  const members = jsonText({ name, datatype, shape, parameters }).slice(0, -1);
  return `${members},"data":${dataText(name, datatype, data)}}`;
}

/** The JSON of a tensor whose data is appended to `binary`. */
export function binaryTensor(
  { name, datatype, shape, data, parameters }: InferTensor,
  binary: Uint8Array[],
): object {
  const bytes = writeRaw(datatype, data);
  binary.push(bytes);
  return { name, datatype, shape, parameters: { ...parameters, [BINARY_SIZE]: bytes.length } };
}

/**
 * Writes everything except tensor data as JSON.
 *
 * @throws InferenceMessageError for a bigint of `parameters` that readers of JSON would round
 */
export function jsonText(value: unknown): string {
  try {
    // Without a replacer function, `JSON.stringify` is several times as fast.
    return JSON.stringify(value);
  } catch {
    return JSON.stringify(value, withoutBigints);
  }
}

function withoutBigints(key: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value;
  if (Number.isSafeInteger(Number(value))) return Number(value);
  throw new InferenceMessageError(
    `The parameter "${shortened(key, 40)}" is ${value}, which JSON cannot carry exactly`,
    'use gRPC, or a string',
  );
}

/** @throws InferenceMessageError */
export function readName(given: JsonObject, what: string): string {
  const { name } = given;
  if (typeof name === 'string' && name !== '') return name;
  throw new InferenceMessageError(`${what} has no name`, 'send its name as a string');
}

/** @throws InferenceMessageError unless it is a flat object of booleans, numbers and strings. */
export function readParameters(given: unknown, of: string): Record<string, ParameterValue> {
  if (given === undefined || given === null) return {};
  const wrong = (fact: string): InferenceMessageError =>
    new InferenceMessageError(
      `The parameters of "${shortened(of)}" ${fact}`,
      'send an object of booleans, numbers and strings',
    );
  if (!isObject(given)) throw wrong('are not an object');
  const read: Record<string, ParameterValue> = Object.create(null) as Record<
    string,
    ParameterValue
  >;
  for (const [key, value] of Object.entries(given)) {
    if (!['boolean', 'number', 'string'].includes(typeof value)) {
      throw wrong(`have an unsupported value at "${shortened(key, 40)}"`);
    }
    read[key] = value as ParameterValue;
  }
  return read;
}
