import { describe, expect, it } from 'vitest';
import { Tensor } from '../torch/index.js';
import { GraphError } from './errors.js';
import { GraphBuilder } from './graph-builder.js';

function builder() {
  const graph = new GraphBuilder();
  return {
    graph,
    x: graph.input('x', 'float32', ['batch', 6]),
    ids: graph.input('ids', 'int32', ['batch', 'length']),
    deep: graph.input('deep', 'float32', ['length', 'batch', 4]),
  };
}

describe('GraphBuilder', () => {
  it('infers types and sizes', () => {
    const { graph, x, ids, deep } = builder();
    const weight = graph.constant(new Float32Array(18), 'float32', [3, 6]);
    expect(graph.op('Gemm', [x, weight], { transB: 1 }).shape).toEqual(['batch', 3]);
    expect(graph.op('Transpose', [deep], { perm: [1, 0, 2] }).shape).toEqual([
      'batch',
      'length',
      4,
    ]);
    expect(graph.op('Gather', [weight, ids]).shape).toEqual(['batch', 'length', 6]);
    expect(graph.op('Equal', [ids, graph.scalar(1, 'int32')]).dtype).toBe('bool');
    expect(graph.op('Concat', [deep, deep], { axis: -1 }).shape).toEqual(['length', 'batch', 8]);
    expect(graph.op('ReduceMax', [deep], { axes: [0], keepdims: 0 }).shape).toEqual(['batch', 4]);
    expect(graph.op('ReduceSum', [deep, graph.axes(-1)]).shape).toEqual(['length', 'batch', 1]);
    expect(graph.op('Unsqueeze', [ids, graph.axes(2)]).shape).toEqual(['batch', 'length', 1]);
    expect(graph.op('Reshape', [weight, graph.axes(-1, 9)]).shape).toEqual([2, 9]);
    expect(graph.op('Shape', [deep], { start: 1 }).shape).toEqual([2]);
    expect(graph.op('Cast', [ids], { to: 'float32' }).dtype).toBe('float32');
  });

  it.each<[string, (b: ReturnType<typeof builder>) => unknown]>([
    ['operands of different types', ({ graph, x, ids }) => graph.op('Add', [x, ids])],
    ['a logical operator on numbers', ({ graph, ids }) => graph.op('Not', [ids])],
    ['float indices', ({ graph, x }) => graph.op('Gather', [x, x])],
    [
      'sizes that do not broadcast',
      ({ graph, x }) => graph.op('Add', [x, graph.constant([1, 2, 3], 'float32')]),
    ],
    [
      'inner sizes that differ',
      ({ graph, x }) =>
        graph.op('MatMul', [x, graph.constant(new Float32Array(10), 'float32', [5, 2])]),
    ],
    ['an axis beyond the rank', ({ graph, x }) => graph.op('Concat', [x, x], { axis: 2 })],
    ['a wrong permutation', ({ graph, x }) => graph.op('Transpose', [x], { perm: [0, 0] })],
    ['squeezing a size', ({ graph, x }) => graph.op('Squeeze', [x, graph.axes(1)])],
    [
      'a reshape that loses elements',
      ({ graph }) => graph.op('Reshape', [graph.constant([1, 2, 3], 'float32'), graph.axes(2, 2)]),
    ],
    ['too few operands', ({ graph, x }) => graph.op('Add', [x])],
    ['an unknown operator', ({ graph, x }) => graph.op('Frobnicate', [x])],
    ['an unknown attribute', ({ graph, x }) => graph.op('Relu', [x], { alpha: 1 })],
    ['an attribute of the wrong kind', ({ graph, x }) => graph.op('Elu', [x], { alpha: 'one' })],
    ['a broken integer attribute', ({ graph, x }) => graph.op('Softmax', [x], { axis: 0.5 })],
    ['a value of another graph', ({ graph }) => graph.op('Relu', [builder().x])],
    [
      'a constant that does not fill its shape',
      ({ graph }) => graph.constant([1, 2], 'int64', [3]),
    ],
    ['a name that is taken', ({ graph, x }) => graph.output('x', x)],
    ['a graph without outputs', ({ graph }) => graph.finish()],
  ])('refuses %s', (_, build) => {
    expect(() => build(builder())).toThrow(GraphError);
  });

  it('names nodes and errors after the module', () => {
    const { graph, x } = builder();
    const value = graph.scoped('layers.0', () => graph.op('Relu', [x]));
    expect(value.name).toBe('layers.0.Relu');
    expect(() => graph.scoped('layers.1', () => graph.op('Not', [x]))).toThrow(/"layers\.1"/);
    expect(graph.op('Relu', [x]).name).toBe('Relu');
  });

  it('never uses a name twice', () => {
    const { graph, x } = builder();
    graph.input('Relu_1', 'float32', []);
    const names = Array.from({ length: 4 }, () => graph.op('Relu', [x]).name);
    expect(new Set([...names, 'Relu_1']).size).toBe(5);
  });

  it('keeps equal constants and equal views of one storage once', () => {
    const { graph } = builder();
    expect(graph.scalar(2)).toBe(graph.scalar(2));
    expect(graph.scalar(2)).not.toBe(graph.scalar(2, 'int32'));
    expect(graph.axes(1)).not.toBe(graph.scalar(1, 'int64'));
    const base = Tensor.fromArray(Float32Array.of(1, 2, 3, 4), [2, 2]);
    const same = new Tensor(base.storage, base.dtype, base.shape, base.strides, base.offset);
    const transposed = new Tensor(base.storage, base.dtype, base.shape, [1, 2], 0);
    expect(graph.initializer(base)).toBe(graph.initializer(same));
    expect(graph.initializer(base)).not.toBe(graph.initializer(transposed));
  });
});
