import type { NumericData } from '../../../client/protocol/datatypes.js';
import type { InferTensor } from '../../../client/protocol/messages.js';

/** The inputs of one item. */
export type Inputs = readonly InferTensor[];

/** Limits on the items and bytes of one request, so that several servers share long lists. */
const MOST_ITEMS = 64;
const MOST_BYTES = 4 * 1024 * 1024;
/** How many requests of one call are in progress at most. */
const AT_ONCE = 4;

/** Groups neighbouring items with equal tensor types and shapes, each group for one request. */
export function requestsOf(items: readonly Inputs[]): Inputs[][] {
  const requests: Inputs[][] = [];
  let current: Inputs[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = item.reduce((sum, { data }) => sum + bytesOf(data), 0);
    const [first] = current;
    const full = current.length === MOST_ITEMS || bytes + size > MOST_BYTES;
    if (first === undefined || full || !alike(first, item)) {
      current = [];
      bytes = 0;
      requests.push(current);
    }
    current.push(item);
    bytes += size;
  }
  return requests;
}

/** The inputs of several items as one request. The first size counts the items. */
export function together(items: readonly Inputs[]): Inputs {
  const [first] = items as readonly [Inputs];
  if (items.length === 1) return first;
  return first.map((input, at) => {
    const all = items.map((item) => item[at] as InferTensor);
    const [, ...rest] = input.shape;
    return { ...input, shape: [items.length, ...rest], data: joined(all.map(({ data }) => data)) };
  });
}

/** Runs each part of a list by itself, a few at a time, and returns the results in order. */
export async function inParts<T>(
  parts: readonly Inputs[][],
  run: (part: Inputs[]) => Promise<readonly T[]>,
): Promise<T[]> {
  const results: (readonly T[])[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < parts.length) {
      const at = next++;
      try {
        results[at] = await run(parts[at] as Inputs[]);
      } catch (error) {
        // Nobody waits for the others any longer.
        next = parts.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, parts.length) }, work));
  return results.flat();
}

function alike(one: Inputs, other: Inputs): boolean {
  return (
    one.length === other.length &&
    one.every(({ name, datatype, shape, parameters }, at) => {
      const next = other[at] as InferTensor;
      return (
        shape[0] === 1 &&
        name === next.name &&
        datatype === next.datatype &&
        shape.join() === next.shape.join() &&
        JSON.stringify(parameters) === JSON.stringify(next.parameters)
      );
    })
  );
}

function joined(parts: readonly InferTensor['data'][]): InferTensor['data'] {
  const [first] = parts as readonly [InferTensor['data']];
  if (!ArrayBuffer.isView(first)) return (parts as readonly (readonly string[])[]).flat();
  const Data = first.constructor as new (length: number) => Float32Array;
  const data = new Data(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts as readonly NumericData[]) {
    data.set(part as Float32Array, at);
    at += part.length;
  }
  return data;
}

function bytesOf(data: InferTensor['data']): number {
  if (ArrayBuffer.isView(data)) return data.byteLength;
  return (data as readonly (string | Uint8Array)[]).reduce((sum, { length }) => sum + length, 0);
}
