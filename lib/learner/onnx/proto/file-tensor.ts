import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { SessionCreationError } from '../errors.js';
import { pathInside, placeOf } from './external-files.js';
import { fields } from './onnx-fields.js';
import { fieldsOf, intsOf, textOf } from './protobuf-reader.js';
import type { Weights } from './weight-placer.js';

const CHUNK_BYTES = 1 << 20;

/** A tensor of an ONNX file. */
export interface FileTensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** `TensorProto.DataType`. */
  readonly dataType: number;
  /** The elements as raw data; undefined where they are kept in a form of their own. */
  readonly elements: Weights | undefined;
}

/**
 * Reads the message of a tensor; elements in another file are read when they are asked for.
 *
 * @param model Path of the model's file; undefined where it came as bytes.
 * @throws SessionCreationError where the other file cannot be read.
 */
export function readTensor(message: Uint8Array, model: string | undefined): FileTensor {
  let name = '';
  let dataType = 0;
  const dims: number[] = [];
  const parts: Uint8Array[] = [];
  for (const field of fieldsOf(message)) {
    if (field.number === fields.tensor.name) name = textOf(field.body);
    if (field.number === fields.tensor.dataType) dataType = field.int;
    if (field.number === fields.tensor.dims) dims.push(...intsOf(field));
    // Floats are written in the order of raw data, each alone or all together.
    if (field.number === fields.tensor.floats || field.number === fields.tensor.raw) {
      parts.push(field.body);
    }
  }
  const external = externalElements(message, model);
  if (external || parts.length === 0) return { name, dims, dataType, elements: external };
  const byteLength = parts.reduce((sum, part) => sum + part.byteLength, 0);
  return { name, dims, dataType, elements: { byteLength, chunks: () => parts } };
}

/**
 * The elements of a tensor that are in another file than its message.
 *
 * @throws SessionCreationError
 */
export function externalElements(
  message: Uint8Array,
  model: string | undefined,
): Weights | undefined {
  const place = placeOf(message);
  if (!place) return undefined;
  const { location, offset } = place;
  const { path, size } = dataFile(location, model);
  const byteLength = place.length ?? size - offset;
  if (!(offset >= 0) || !(byteLength >= 0) || offset + byteLength > size) {
    throw new SessionCreationError(`its data file "${location}" is missing or too short`);
  }
  return { byteLength, chunks: () => read(path, offset, byteLength) };
}

/**
 * The file beside a model that it calls by this name.
 *
 * @param model Path of the model's file; undefined where it came as bytes.
 * @throws SessionCreationError where it is not there, or not in the model's folder.
 */
export function dataFile(
  location: string,
  model: string | undefined,
): { readonly path: string; readonly size: number } {
  const path = model === undefined ? undefined : pathInside(dirname(model), location);
  if (path === undefined) {
    throw new SessionCreationError(`its data file "${location}" is not in the model's folder`);
  }
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isFile()) {
    throw new SessionCreationError(`its data file "${location}" is missing or too short`);
  }
  return { path, size: found.size };
}

function* read(path: string, offset: number, byteLength: number): Generator<Uint8Array> {
  const file = openSync(path, 'r');
  try {
    for (let done = 0; done < byteLength;) {
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, byteLength - done));
      const count = readSync(file, chunk, 0, chunk.byteLength, offset + done);
      if (count === 0) return;
      yield chunk.subarray(0, count);
      done += count;
    }
  } finally {
    closeSync(file);
  }
}
