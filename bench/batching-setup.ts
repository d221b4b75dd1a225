import { Tensor } from 'onnxruntime-common';
import { pytorch } from '../lib/serving/index.js';
import type { PytorchRunner } from '../lib/serving/models/pytorch/types.js';
import type { RunnerOptions } from '../lib/serving/runner/runner-options-types.js';
import type { ModelStore } from '../lib/serving/store/index.js';
import { benchFile, serve } from './serve.js';

export const PORT = 3913;
export const ONE: RunnerOptions = { workers: 1, threads: 1 };

/** Some ids of the vocabulary, which has more. */
function ids(tokens: number): number[] {
  return Array.from({ length: tokens }, (_, index) => 10 + ((index * 7) % 150));
}

export function itemOf(tokens: number): Tensor {
  return new Tensor('int64', BigInt64Array.from(ids(tokens), BigInt), [1, tokens]);
}

/** A runner of one of the two models, loaded. */
export async function runnerOf(
  store: ModelStore,
  name: 'bench_batched' | 'bench_plain',
  options: RunnerOptions = ONE,
): Promise<PytorchRunner> {
  const runner = (await pytorch.get(`${name}:1`, { store })).toRunner(options);
  await runner.open();
  return runner;
}

/** So many callers that each make their next call when the last one is answered. */
export async function callsPerSecond(
  runner: PytorchRunner,
  callers: number,
  ms: number,
  item: Tensor,
): Promise<number> {
  const start = performance.now();
  let calls = 0;
  const caller = async (): Promise<void> => {
    for (; performance.now() - start < ms; calls++) await runner.run(item);
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return (calls * 1000) / (performance.now() - start);
}

/** The server of `batching-server.ts`, in a process of its own. */
export function serveModels(home: string, batched: RunnerOptions = ONE): ReturnType<typeof serve> {
  return serve(benchFile('batching-server.js'), [], {
    PORT: String(PORT),
    VTS_HOME: home,
    BATCHED: JSON.stringify(batched),
    PLAIN: JSON.stringify(ONE),
  });
}

/** A request to one of its routes, as autocannon takes it. */
export function requestOf(route: string, tokens: number, port = PORT) {
  return {
    url: `http://127.0.0.1:${port}/${route}`,
    method: 'POST' as const,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([ids(tokens)]),
  };
}
