import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { noise } from '../../../../test/helpers/noise.js';
import { GraphBuilder } from '../graph-builder.js';
import type { Value } from '../graph.js';
import { createSession } from '../session/create-session.js';
import { gradient } from './backward.js';
import { NoGradientError } from './derivation.js';

type Build = (graph: GraphBuilder, x: Value) => Value;

const sizeOf = (dims: readonly number[]): number =>
  dims.reduce((product, size) => product * size, 1);

/** Numbers from -2 to 2 that are on no kink of any operator. */
const numbers = (length: number, seed: number): Float32Array =>
  Float32Array.from(noise(length, seed), (byte) => (byte - 127.3) / 64);

/** The gradient of a weighted sum of an operator's results, and what small steps give for it. */
async function both(
  dims: readonly number[],
  build: Build,
  values = numbers(sizeOf(dims), 3),
): Promise<{ slope: Float32Array; steps: number[] }> {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'float32', dims);
  const y = build(graph, x);
  const result = graph.output('y', y);
  const shape = y.shape as number[];
  const seed = numbers(sizeOf(shape), 5);
  const slope = gradient(graph, y, x, graph.constant(seed, 'float32', shape));
  graph.output('slope', slope);
  const session = await createSession(graph.finish(), { intraOpNumThreads: 1 });
  const run = async (data: Float32Array) => {
    const outputs = await session.run({ x: new Tensor('float32', data, dims) });
    const sum = (outputs[result.name]!.data as Float32Array).reduce(
      (total, value, i) => total + value * seed[i]!,
      0,
    );
    return { sum, slope: outputs['slope']! };
  };
  const { slope: found } = await run(values);
  expect(found.dims).toEqual(dims);
  const steps: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const [above, below] = [0.004, -0.004].map((step) => {
      const moved = values.slice();
      moved[i]! += step;
      return moved;
    });
    steps.push(((await run(above!)).sum - (await run(below!)).sum) / 0.008);
  }
  await session.release();
  return { slope: found.data as Float32Array, steps };
}

async function expectGradient(
  dims: readonly number[],
  build: Build,
  values?: Float32Array,
): Promise<void> {
  const { slope, steps } = await both(dims, build, values);
  expect(steps.some((step) => Math.abs(step) > 0.01)).toBe(true);
  steps.forEach((step, i) => {
    expect(Math.abs(slope[i]! - step) / Math.max(1, Math.abs(step))).toBeLessThan(0.02);
  });
}

const alone =
  (op: string, attributes = {}): Build =>
  (graph, x) =>
    graph.op(op, [x], attributes);

const weight = (graph: GraphBuilder, ...dims: number[]): Value =>
  graph.constant(numbers(sizeOf(dims), 11), 'float32', dims);

describe('The gradient of an operator equals that of small steps', () => {
  it.each<[string, Build]>([
    ...['Relu', 'Sigmoid', 'Tanh', 'Erf', 'Exp', 'Softplus', 'HardSwish', 'Neg'].map(
      (op): [string, Build] => [op, alone(op)],
    ),
    ['HardSigmoid', alone('HardSigmoid', { alpha: 1 / 3, beta: 0.5 })],
    ['LeakyRelu', alone('LeakyRelu', { alpha: 0.3 })],
    ['Elu', alone('Elu', { alpha: 0.7 })],
    ['Softmax', alone('Softmax', { axis: -1 })],
    ['LogSoftmax', alone('LogSoftmax', { axis: 1 })],
    ['Clip', (graph, x) => graph.op('Clip', [x, graph.scalar(-1), graph.scalar(0.5)])],
    ['Sqrt', (graph, x) => graph.op('Sqrt', [graph.op('Exp', [x])])],
    ['Pow', (graph, x) => graph.op('Pow', [graph.op('Exp', [x]), graph.scalar(3)])],
    ['Add', (graph, x) => graph.op('Add', [x, graph.op('Add', [weight(graph, 4), x])])],
    ['Sub', (graph, x) => graph.op('Sub', [weight(graph, 3, 4), x])],
    ['Mul', (graph, x) => graph.op('Mul', [x, graph.op('Tanh', [x])])],
    ['Div', (graph, x) => graph.op('Div', [x, graph.op('Exp', [x])])],
    [
      'Where',
      (graph, x) => {
        const isLarge = graph.op('Greater', [x, graph.scalar(0.3)]);
        return graph.op('Where', [isLarge, graph.op('Exp', [x]), x]);
      },
    ],
    ['Gemm', (graph, x) => graph.op('Gemm', [x, weight(graph, 5, 4)], { transB: 1, alpha: 2 })],
    ['Gemm, turned', (graph, x) => graph.op('Gemm', [x, weight(graph, 4, 5), weight(graph, 5)])],
    ['MatMul', (graph, x) => graph.op('MatMul', [x, graph.op('Transpose', [x], { perm: [1, 0] })])],
    [
      'LayerNormalization',
      (graph, x) =>
        graph.op('LayerNormalization', [x, weight(graph, 4), weight(graph, 4)], { axis: -1 }),
    ],
    ['ReduceSum', (graph, x) => graph.op('ReduceSum', [x, graph.axes(0)], { keepdims: 0 })],
    ['ReduceMean', alone('ReduceMean', { axes: [1], keepdims: 0 })],
    ['ReduceMax', alone('ReduceMax', { axes: [0], keepdims: 1 })],
    ['Unsqueeze', (graph, x) => graph.op('Unsqueeze', [x, graph.axes(1)])],
    [
      'Concat',
      (graph, x) =>
        graph.op('Concat', [graph.op('Tanh', [x]), weight(graph, 3, 2), x], { axis: 1 }),
    ],
    ['Expand', (graph, x) => graph.op('Expand', [x, graph.axes(2, 3, 4)])],
    ['Reshape', (graph, x) => graph.op('Relu', [graph.op('Reshape', [x, graph.axes(2, 6)])])],
  ])('%s', async (_, build) => {
    await expectGradient([3, 4], build);
  });

  it.each<[string, Build]>([
    ['GlobalAveragePool', alone('GlobalAveragePool')],
    ['GlobalMaxPool', alone('GlobalMaxPool')],
    ['Flatten', alone('Flatten', { axis: 1 })],
    [
      'BatchNormalization',
      (graph, x) => {
        const positive = graph.op('Exp', [weight(graph, 3)]);
        const [scale, shift, mean] = [1, 2, 3].map(() => weight(graph, 3));
        return graph.op('BatchNormalization', [x, scale, shift, mean, positive]);
      },
    ],
    [
      'Conv',
      (graph, x) => graph.op('Conv', [x, weight(graph, 2, 3, 3, 3)], { pads: [1, 0, 1, 0] }),
    ],
  ])('%s', async (_, build) => {
    await expectGradient([2, 3, 3, 5], build);
  });

  it('GlobalMaxPool gives all to the first of equals, as torch does', async () => {
    const values = Float32Array.of(0, 1, 1, 1);
    const { slope } = await both([1, 1, 2, 2], alone('GlobalMaxPool'), values);
    expect(slope[1]).not.toBe(0);
    expect([0, 2, 3].every((i) => slope[i] === 0)).toBe(true);
  });
});

describe('An operator without a gradient is refused by name', () => {
  const refused = (build: Build): (() => unknown) => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', [1, 2, 4, 4]);
    const y = build(graph, x);
    return () => gradient(graph, y, x, y);
  };

  it.each<[string, Build]>([
    ['MaxPool', alone('MaxPool', { kernel_shape: [2, 2] })],
    ['Conv', (graph, x) => graph.op('Conv', [x, weight(graph, 2, 2, 1, 1)], { strides: [2, 2] })],
    ['Softsign', (graph, x) => graph.op('Relu', [graph.op('Softsign', [x])])],
    ['the output', (graph) => graph.constant([1, 2], 'float32')],
  ])('%s', (op, build) => {
    expect(refused(build)).toThrow(NoGradientError);
    expect(refused(build)).toThrow(op);
  });
});
