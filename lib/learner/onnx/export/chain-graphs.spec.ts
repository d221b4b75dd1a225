import { Tensor } from 'onnxruntime-common';
import { expect, it } from 'vitest';
import { GraphBuilder } from '../graph-builder.js';
import type { Graph } from '../graph.js';
import { writeModel } from '../proto/model-writer.js';
import { openSession } from '../session/create-session.js';
import { chainGraphs } from './chain-graphs.js';

/** x * by, by the names that all of them have. */
function times(by: number): Graph {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'float32', ['batch']);
  graph.output('y', graph.op('Mul', [x, graph.constant([by], 'float32')]));
  return graph.finish();
}

/** The same from y to x. */
function back(by: number): Graph {
  const graph = new GraphBuilder();
  const y = graph.input('y', 'float32', ['batch']);
  graph.output('x', graph.op('Mul', [y, graph.constant([by], 'float32')]));
  return graph.finish();
}

it('runs one graph after the other, whatever the names of their values', async () => {
  const chain = chainGraphs('all', [times(2), back(3), times(5)], {
    inputs: new Map([['x', 'constant']]),
    outputs: new Map([['y', 'Mul']]),
  });
  const session = await openSession(writeModel(chain).model);
  expect(session.inputNames).toEqual(['constant']);
  const { Mul } = await session.run({ constant: new Tensor('float32', [1, 2], [2]) });
  expect([...(Mul as Tensor).data]).toEqual([30, 60]);
  await session.release();
});

it('refuses graphs that do not fit, and duplicate names', () => {
  expect(() => chainGraphs('all', [times(2), times(3)])).toThrow(/nothing provides x/);
  const same = { inputs: new Map([['x', 'y']]) };
  expect(() => chainGraphs('all', [times(2)], same)).toThrow(/two values are called y/);
});
