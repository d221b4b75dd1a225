import { Tensor } from 'onnxruntime-common';

type Data = Exclude<Tensor['data'], string[]>;

/** Each row as a batch of one, in the same memory. */
export function rowsOf(tensor: Tensor): Tensor[] {
  const { type, dims } = tensor;
  const [rows = 1, ...shape] = dims;
  if (rows === 1) return [tensor];
  const data = tensor.data as Data;
  const size = data.length / rows;
  return Array.from(
    { length: rows },
    (_, row) => new Tensor(type, data.subarray(row * size, (row + 1) * size), [1, ...shape]),
  );
}

/** Concatenates batches of any element type. */
export function joinTensors(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  if (!first || parts.length === 1) return first!;
  const length = parts.reduce((sum, { data }) => sum + data.length, 0);
  const rows = parts.reduce((sum, { dims }) => sum + (dims[0] ?? 1), 0);
  const make = (first.data as Data).constructor as new (length: number) => Data;
  const data = new make(length);
  let at = 0;
  for (const part of parts) {
    (data as Uint8Array).set(part.data as Uint8Array, at);
    at += part.data.length;
  }
  return new Tensor(first.type, data, [rows, ...first.dims.slice(1)]);
}
