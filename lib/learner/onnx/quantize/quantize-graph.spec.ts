import { Tensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { GraphBuilder } from '../graph-builder.js';
import type { Graph } from '../graph.js';
import { createSession } from '../session/create-session.js';
import { quantizeGraph } from './quantize-graph.js';

/** Numbers between -1 and 1 that look random and are the same in each run. */
function noise(length: number, seed = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state / 2 ** 30 - 1;
  });
}

async function run(graph: Graph, feeds: Record<string, Tensor>): Promise<Float32Array> {
  const session = await createSession(graph, { intraOpNumThreads: 1, exactInt8: true });
  const { y } = await session.run(feeds);
  await session.release();
  return (y as Tensor).data as Float32Array;
}

function furthest(a: Float32Array, b: Float32Array): number {
  expect(a).toHaveLength(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

it.each([
  [
    'Gemm with a transposed weight',
    (g: GraphBuilder, x: never) =>
      g.op(
        'Gemm',
        [x, g.constant(noise(64 * 48), 'float32', [48, 64]), g.constant(noise(48, 3), 'float32')],
        { transB: 1 },
      ),
  ],
  [
    'Gemm',
    (g: GraphBuilder, x: never) =>
      g.op('Gemm', [x, g.constant(noise(64 * 48), 'float32', [64, 48])]),
  ],
  [
    'MatMul',
    (g: GraphBuilder, x: never) =>
      g.op('MatMul', [x, g.constant(noise(64 * 48), 'float32', [64, 48])]),
  ],
])('quantizes %s', async (_, build) => {
  const builder = new GraphBuilder();
  const x = builder.input('x', 'float32', ['rows', 64]);
  builder.output('y', build(builder, x as never));
  const graph = builder.finish();
  const quantized = quantizeGraph(graph);
  expect(quantized.nodes.map(({ op }) => op)).toEqual(['DynamicQuantizeMatMul', 'Identity']);
  // The weight itself is gone.
  expect(
    quantized.initializers.some(({ data }) => data.dtype === 'float32' && data.dims.length > 1),
  ).toBe(false);
  const feeds = { x: new Tensor('float32', noise(5 * 64, 7), [5, 64]) };
  expect(furthest(await run(graph, feeds), await run(quantized, feeds))).toBeLessThan(0.15);
});

it.each([1, 2])('quantizes an LSTM of %i directions', async (directions) => {
  const builder = new GraphBuilder();
  const [inputs, hidden] = [24, 32];
  const x = builder.input('x', 'float32', ['steps', 'batch', inputs]);
  const weight = (columns: number, seed: number) =>
    builder.constant(
      noise(directions * 4 * hidden * columns, seed).map((value) => value / 4),
      'float32',
      [directions, 4 * hidden, columns],
    );
  const bias = builder.constant(noise(directions * 8 * hidden, 5), 'float32', [
    directions,
    8 * hidden,
  ]);
  const [outputs] = builder.ops('LSTM', [x, weight(inputs, 3), weight(hidden, 4), bias], {
    hidden_size: hidden,
    direction: directions === 2 ? 'bidirectional' : 'forward',
  });
  builder.output('y', outputs!);
  const graph = builder.finish();
  const quantized = quantizeGraph(graph);
  expect(quantized.nodes[0]!.op).toBe('DynamicQuantizeLSTM');
  const feeds = { x: new Tensor('float32', noise(9 * 3 * inputs, 7), [9, 3, inputs]) };
  expect(furthest(await run(graph, feeds), await run(quantized, feeds))).toBeLessThan(0.03);
});

it('leaves small weights, products of two inputs and unusual products alone', () => {
  const builder = new GraphBuilder();
  const x = builder.input('x', 'float32', [32, 32]);
  const large = builder.constant(noise(32 * 32), 'float32', [32, 32]);
  const small = builder.op('MatMul', [x, builder.constant(noise(64), 'float32', [32, 2])]);
  const scaled = builder.op('Gemm', [x, large], { alpha: 0.5 });
  builder.output('a', builder.op('MatMul', [x, x]));
  builder.output('b', small);
  builder.output('c', scaled);
  const graph = builder.finish();
  expect(quantizeGraph(graph).nodes).toEqual(graph.nodes);
});

it('keeps a table that is also looked up in', () => {
  const builder = new GraphBuilder();
  const ids = builder.input('ids', 'int64', ['rows']);
  const table = builder.constant(noise(50 * 40), 'float32', [50, 40]);
  const rows = builder.op('Gather', [table, ids]);
  builder.output('y', builder.op('Gemm', [rows, table], { transB: 1 }));
  const { initializers } = quantizeGraph(builder.finish());
  expect(initializers.map(({ data }) => `${data.dtype}[${data.dims.join()}]`).sort()).toEqual([
    'float32[50,40]',
    'float32[50]',
    'int8[40,50]',
  ]);
});

it('is exact for weights that are whole numbers of steps', async () => {
  const builder = new GraphBuilder();
  const x = builder.input('x', 'float32', ['rows', 64]);
  const weight = Float32Array.from(
    { length: 64 * 16 },
    (_, i) => (i % 16 === 0 && i < 16 ? 127 : (i * 7) % 255) - 127,
  );
  for (let column = 0; column < 16; column++) weight[column] = 127;
  builder.output('y', builder.op('MatMul', [x, builder.constant(weight, 'float32', [64, 16])]));
  const graph = builder.finish();
  // Steps of 1 for the input as well: from 0 to 255.
  const data = Float32Array.from({ length: 64 }, (_, i) => (i === 0 ? 255 : (i * 13) % 256));
  const feeds = { x: new Tensor('float32', data, [1, 64]) };
  expect(furthest(await run(graph, feeds), await run(quantizeGraph(graph), feeds))).toBeLessThan(1);
});
