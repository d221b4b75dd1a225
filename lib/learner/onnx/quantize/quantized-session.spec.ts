import { chmodSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tensor } from 'onnxruntime-node';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { GraphBuilder } from '../graph-builder.js';
import type { Graph } from '../graph.js';
import { writeModel } from '../proto/model-writer.js';
import { lazyTensorData } from '../tensor-data.js';
import { quantizeGraph } from './quantize-graph.js';
import { quantizedSession } from './quantized-session.js';

let cache: string;
let reads = 0;

beforeEach(() => {
  reads = 0;
  cache = join(mkdtempSync(join(tmpdir(), 'vts-spec-')), 'cache');
});
afterEach(() => rmSync(join(cache, '..'), { recursive: true, force: true }));

/** Doubles its input; counts how often its weight is read. */
function doubling(): Graph {
  const builder = new GraphBuilder();
  const x = builder.input('x', 'float32', ['rows', 64]);
  const weight = builder.weights(
    lazyTensorData('float32', [64, 64], () => {
      reads++;
      return Float32Array.from({ length: 64 * 64 }, (_, i) => (i % 65 === 0 ? 2 : 0));
    }),
  );
  builder.output('y', builder.op('MatMul', [x, weight]));
  return quantizeGraph(builder.finish());
}

async function doubles(content = 'a', folder: string | undefined = cache): Promise<void> {
  const graph = doubling();
  const session = await quantizedSession(
    { sources: [Buffer.from(content)], write: (options) => writeModel(graph, options) },
    folder,
    {},
  );
  const { y } = await session.run({
    x: new Tensor('float32', new Float32Array(64).fill(3), [1, 64]),
  });
  await session.release();
  expect(((y as Tensor).data as Float32Array)[5]).toBeCloseTo(6, 1);
}

it('quantizes once, and keeps the result', async () => {
  await doubles();
  expect(reads).toBeGreaterThan(0);
  const files = readdirSync(cache);
  expect(files).toHaveLength(1);
  reads = 0;
  await doubles();
  expect(reads).toBe(0);
  expect(readdirSync(cache)).toEqual(files);
});

it('does not use the result of other weights', async () => {
  await doubles('a');
  reads = 0;
  await doubles('b');
  expect(reads).toBeGreaterThan(0);
  expect(readdirSync(cache)).toHaveLength(2);
});

it('makes a damaged result again', async () => {
  await doubles();
  const [folder] = readdirSync(cache);
  const data = readdirSync(join(cache, folder!)).find((name) => name.endsWith('.onnx'))!;
  truncateSync(join(cache, folder!, data), 10);
  reads = 0;
  await doubles();
  expect(reads).toBeGreaterThan(0);
  reads = 0;
  await doubles();
  expect(reads).toBe(0);
});

it('may be made by several at once', async () => {
  await Promise.all(Array.from({ length: 6 }, () => doubles()));
  expect(readdirSync(cache)).toHaveLength(1);
});

it('works without a folder', async () => {
  const file = join(cache, '..', 'file');
  writeFileSync(file, '');
  chmodSync(file, 0o400);
  await doubles('a', join(file, 'cache'));
  await doubles('a', undefined);
});
