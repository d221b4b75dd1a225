import { expect, it } from 'vitest';
import { GraphBuilder } from '../graph-builder.js';
import { isOfSizesAlone, knownElements } from './known-elements.js';

it('computes elements from known ones, rounded to their types', () => {
  const graph = new GraphBuilder();
  const steps = graph.constant([7], 'int64', []);
  const half = graph.op('Div', [steps, graph.scalar(2, 'int64')]);
  expect(knownElements(graph, half)).toEqual([3]);
  const third = graph.op('Div', [graph.scalar(1), graph.scalar(3)]);
  expect(knownElements(graph, third)).toEqual([Math.fround(1 / 3)]);
  const above = graph.op('Greater', [graph.constant([1, 5, 3], 'float32'), graph.scalar(2)]);
  expect(knownElements(graph, above)).toEqual([0, 1, 1]);
  const rest = graph.op('Mod', [graph.scalar(-7, 'int64'), graph.scalar(3, 'int64')]);
  expect(knownElements(graph, rest)).toEqual([2]);
});

it('does not know elements that depend on an input, and ends if values share operands', () => {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'float32', ['batch', 3]);
  expect(knownElements(graph, graph.op('ReduceMax', [x], { keepdims: 0 }))).toBeUndefined();
  let value = graph.scalar(1);
  for (let i = 0; i < 50; i++) value = graph.op('Add', [value, value]);
  expect(knownElements(graph, value)).toEqual([2 ** 50]);
  for (let i = 0; i < 100; i++) value = graph.op('Neg', [value]);
  expect(knownElements(graph, value)).toBeUndefined();
});

it('knows which values depend only on sizes', () => {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'float32', ['batch', 3]);
  const zeros = graph.op('Expand', [graph.scalar(0), graph.op('Shape', [x])]);
  expect(isOfSizesAlone(graph, zeros)).toBe(true);
  expect(isOfSizesAlone(graph, zeros, [zeros])).toBe(false);
  expect(isOfSizesAlone(graph, graph.op('Add', [zeros, x]))).toBe(false);
});
