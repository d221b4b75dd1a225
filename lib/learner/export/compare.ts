import { Tensor } from 'onnxruntime-common';
import { joinTensors } from '../fastai/data/tensor-rows.js';
import type { ModelSession } from '../onnx/session/model-session.js';
import { openSession } from '../onnx/session/create-session.js';
import { guarded } from '../runtime/run-guard.js';
import { ExportMismatchError } from './errors.js';

/**
 * Differences that the order of summation explains: onnxruntime fuses a graph differently when its
 * neighbours change.
 */
const TOLERANCE = 1e-4;

type Tensors = Readonly<Record<string, Tensor>>;

/** The observations of the check about a written file. */
export interface Checked {
  readonly difference: number;
  /** Whether the file takes several rows at once, with the same result for each as alone. */
  readonly batched: boolean;
  /** Of the outputs, by name. */
  readonly ranks: ReadonlyMap<string, number>;
}

/**
 * Loads an exported file and compares it with the model.
 *
 * @param expected By output name of the file; outputs without an entry are not compared.
 * @throws ExportMismatchError, SessionCreationError
 */
export async function checkExport(
  path: string,
  feeds: Tensors,
  expected: Tensors,
): Promise<Checked> {
  const session = await guarded(() => openSession(path, { intraOpNumThreads: 1 }));
  try {
    const run = async (given: Tensors): Promise<Tensors> =>
      (await guarded(() => session.run(given))) as Tensors;
    const outputs = await run(feeds);
    let difference = 0;
    for (const [name, wanted] of Object.entries(expected)) {
      const made = outputs[name];
      if (!made) throw new ExportMismatchError(name, 'is missing');
      difference = Math.max(difference, compared(name, made, wanted));
    }
    const ranks = new Map(Object.entries(outputs).map(([name, { dims }]) => [name, dims.length]));
    return { difference, batched: await rowsAreAlone(session, feeds, outputs, run), ranks };
  } finally {
    await guarded(() => session.release());
  }
}

/** @throws ExportMismatchError */
function compared(name: string, made: Tensor, wanted: Tensor): number {
  if (made.dims.join() !== wanted.dims.join()) {
    throw new ExportMismatchError(
      name,
      `has the shape [${made.dims.join(', ')}], but the model's has [${wanted.dims.join(', ')}]`,
    );
  }
  const { greatest, at } = differenceOf(made, wanted);
  if (greatest <= TOLERANCE) return greatest;
  throw new ExportMismatchError(
    name,
    `has ${String(made.data[at])} at index ${at}, but the model gives ${String(wanted.data[at])}`,
  );
}

/** Relative to numbers above 1; NaN equals itself. */
function differenceOf(made: Tensor, wanted: Tensor): { greatest: number; at: number } {
  let [greatest, at] = [0, 0];
  for (let i = 0; i < wanted.data.length; i++) {
    const [a, b] = [Number(made.data[i]), Number(wanted.data[i])];
    if (Object.is(a, b) || a === b) continue;
    const gap = Math.abs(a - b) / Math.max(1, Math.abs(b));
    const counted = Number.isNaN(gap) ? Infinity : gap;
    if (counted > greatest) [greatest, at] = [counted, i];
  }
  return { greatest, at };
}

/** Whether two rows together give the same results as each alone. */
async function rowsAreAlone(
  session: ModelSession,
  feeds: Tensors,
  outputs: Tensors,
  run: (given: Tensors) => Promise<Tensors>,
): Promise<boolean> {
  const isOpen = session.inputMetadata.every(
    (input) => input.isTensor && typeof input.shape[0] === 'string',
  );
  const isRow = (tensors: Tensors): boolean =>
    Object.values(tensors).every(({ dims }) => dims[0] === 1);
  if (!isOpen || !isRow(feeds) || !isRow(outputs)) return false;
  const other = mapped(feeds, another);
  try {
    const second = await run(other);
    const both = await run(mapped(feeds, (tensor, name) => joinTensors([tensor, other[name]!])));
    return Object.entries(both).every(([name, made]) => {
      const wanted = joinTensors([outputs[name]!, second[name]!]);
      return (
        made.dims.join() === wanted.dims.join() && differenceOf(made, wanted).greatest <= TOLERANCE
      );
    });
  } catch {
    return false;
  }
}

function mapped(tensors: Tensors, to: (tensor: Tensor, name: string) => Tensor): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, to(tensor, name)]),
  );
}

/** Another row of the same sizes, with values that the model also takes: ids stay known ones. */
function another(tensor: Tensor): Tensor {
  const { type, dims, data } = tensor;
  if (type === 'float32') {
    return new Tensor(
      type,
      (data as Float32Array).map((x) => x / 2),
      dims,
    );
  }
  if (type === 'float64') {
    return new Tensor(
      type,
      (data as Float64Array).map((x) => x / 2),
      dims,
    );
  }
  if (type === 'uint8')
    return new Tensor(
      type,
      (data as Uint8Array).map((x) => 255 - x),
      dims,
    );
  return tensor;
}
