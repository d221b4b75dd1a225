import { expect, it } from 'vitest';
import { GraphBuilder } from '../onnx/graph-builder.js';
import { oneResult } from './open-model.js';

it('refuses a model with several results, because a prediction shows only one', () => {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'float32', ['batch', 3]);
  graph.output('output', x);
  const one = graph.finish();
  expect(oneResult({ graph: one })).toBe(one);
  graph.output('output_1', graph.op('Neg', [x]));
  expect(() => oneResult({ graph: graph.finish() })).toThrow('gives 2 results');
});
