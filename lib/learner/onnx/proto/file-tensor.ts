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
  /** The elements as raw data; undefined if they have a special form. */
  readonly elements: Weights | undefined;
}

/**
 * Reads the message of a tensor; elements in another file are read on demand.
 *
 * @param model Path of the model's file; undefined if it came as bytes.
 * @throws SessionCreationError if the other file cannot be read.
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
    // Floats have the order of raw data, one by one or all together.
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
 * The elements of a tensor in another file than its message.
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
 * The file beside a model with this name.
 *
 * @param model Path of the model's file; undefined if it came as bytes.
 * @throws SessionCreationError if it is missing or outside the model's folder.
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
