import type { InferTensor } from '../../../client/protocol/messages.js';
import { isTensor } from '../../../learner/runtime/is-tensor.js';
import { RemoteItemError } from '../errors.js';

/** The limit on nested lists. */
const DEEPEST = 16;

/**
 * A BYTES tensor of strings or bytes, or of nested lists of them. A single value counts as a list
 * of one.
 *
 * @throws RemoteItemError
 */
export function bytesTensor(runner: string, name: string, value: unknown): InferTensor {
  if (isTensor(value)) {
    return { name, datatype: 'BYTES', shape: value.dims, data: texts(runner, name, value.data) };
  }
  if (typeof value === 'object' && value !== null && 'dims' in value && 'data' in value) {
    const { dims, data } = value as { dims: readonly number[]; data: unknown };
    return { name, datatype: 'BYTES', shape: dims, data: texts(runner, name, data) };
  }
  if (!Array.isArray(value)) {
    return { name, datatype: 'BYTES', shape: [1], data: texts(runner, name, [value]) };
  }
  const shape: number[] = [];
  let level: readonly unknown[] = [value];
  while (level.length > 0 && level.every((each) => Array.isArray(each))) {
    const rows = level as readonly (readonly unknown[])[];
    const size = rows[0]?.length ?? 0;
    if (shape.length === DEEPEST || rows.some(({ length }) => length !== size)) {
      throw new RemoteItemError(
        runner,
        `The input "${name}" has lists of different lengths, or more than ${DEEPEST} levels of lists`,
        'give lists of equal length',
      );
    }
    shape.push(size);
    level = rows.flat();
  }
  return { name, datatype: 'BYTES', shape, data: texts(runner, name, level) };
}

function texts(runner: string, name: string, data: unknown): (string | Uint8Array)[] {
  return Array.from(data as ArrayLike<unknown>, (each) => {
    if (typeof each === 'string' || each instanceof Uint8Array) return each;
    throw new RemoteItemError(
      runner,
      `The input "${name}" takes strings or bytes, but was given a ${typeof each}`,
      'give strings or Uint8Arrays',
    );
  });
}
