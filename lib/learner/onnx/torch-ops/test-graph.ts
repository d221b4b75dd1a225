import { Tensor as OrtTensor } from 'onnxruntime-common';
import { Evaluator } from '../../python/evaluator.js';
import { type Value } from '../../python/values.js';
import { GraphBuilder } from '../graph-builder.js';
import type { Dim } from '../graph.js';
import { createSession } from '../session/create-session.js';
import type { TorchEnv } from './env.js';
import { graphDType } from './promotion.js';
import { tensorsIn } from './tables.js';
import { TensorValue, type TorchDType } from './tensor-value.js';
import { TraceEnv } from './trace-env.js';

/** A tensor of a test, with a shape instead of nested lists. */
export interface Given {
  readonly data: readonly number[];
  readonly shape: readonly number[];
  readonly dtype?: TorchDType;
}

export interface Got {
  readonly data: readonly number[];
  readonly shape: readonly number[];
  readonly dtype: TorchDType;
}

/** Numbers 0, 1, 2... in a shape, each mapped by `of`. */
export function counting(
  shape: readonly number[],
  dtype: TorchDType = 'float32',
  of: (index: number) => number = (index) => index,
): Given {
  const count = shape.reduce((product, size) => product * size, 1);
  return { shape, dtype, data: Array.from({ length: count }, (_, index) => of(index)) };
}

/** One of several calls that share a graph. */
export interface Call {
  readonly inputs: readonly Given[];
  build(env: TorchEnv, ...tensors: TensorValue[]): Value;
}

/** The result of a call: tensors in order, or the reason why it failed. */
export type Outcome = { readonly got: Got[] } | { readonly error: unknown };

/**
 * For specs of the tables: adds the calls to one graph over their inputs, and runs it.
 *
 * @param free Whether no size of the inputs is known while the graph is built.
 */
export async function runCalls(calls: readonly Call[], free = false): Promise<Outcome[]> {
  const graph = new GraphBuilder();
  const feeds: Record<string, OrtTensor> = {};
  const built = calls.map(({ inputs, build }, which) => {
    const env: TorchEnv = new TraceEnv(new TestContext(), graph);
    const tensors = inputs.map(({ data, shape, dtype = 'float32' }, i) => {
      const name = `call${which}_in${i}`;
      const dims = shape.map((size, axis): Dim => (free ? `${name}_${axis}` : size));
      feeds[name] = ortTensor(data, shape, graphDType(dtype));
      return env.tensor(graph.input(name, graphDType(dtype), dims), dtype);
    });
    try {
      const outputs = tensorsIn(build(env, ...tensors)).map(({ value, dtype }, i) => {
        graph.output(`call${which}_out${i}`, value);
        return dtype;
      });
      return { outputs };
    } catch (error) {
      return { error };
    }
  });
  if (!built.some(({ outputs }) => outputs && outputs.length > 0)) {
    return built.map(({ error }) => (error === undefined ? { got: [] } : { error }));
  }
  const session = await createSession(graph.finish());
  try {
    const given = Object.entries(feeds).filter(([name]) => session.inputNames.includes(name));
    const results = await session.run(Object.fromEntries(given));
    return built.map(({ outputs, error }, which) => {
      if (!outputs) return { error };
      const got = outputs.map((dtype, i) => {
        const { data, dims } = results[`call${which}_out${i}`] as OrtTensor;
        const numbers = Array.from(data as ArrayLike<number | bigint>, Number);
        return { data: numbers, shape: [...dims], dtype };
      });
      return { got };
    });
  } finally {
    await session.release();
  }
}

/** The same for one call. */
export async function runTorch(
  inputs: readonly Given[],
  build: Call['build'],
  { free = false }: { free?: boolean } = {},
): Promise<Got[]> {
  const [outcome] = await runCalls([{ inputs, build }], free);
  if ('error' in outcome!) throw outcome.error;
  return outcome!.got;
}

function ortTensor(data: readonly number[], shape: readonly number[], dtype: string): OrtTensor {
  const type = dtype as 'float32';
  if (dtype === 'int64') return new OrtTensor('int64', BigInt64Array.from(data, BigInt), shape);
  if (dtype === 'bool') return new OrtTensor('bool', Uint8Array.from(data), shape);
  return new OrtTensor(type, data as unknown as Float32Array, shape);
}

/** The evaluator, for operations that need no names. */
export class TestContext extends Evaluator {
  constructor() {
    super({ names: [] });
  }
}
