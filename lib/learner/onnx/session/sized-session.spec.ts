import { Tensor } from 'onnxruntime-common';
import { expect, it } from 'vitest';
import { SessionReleasedError } from '../errors.js';
import type { ModelSession } from './model-session.js';
import { SizedSession, type FixedSizes } from './sized-session.js';

/** Sessions that say for which sizes they were made. */
function sessions(fixesBatch: (sizes: FixedSizes) => boolean = () => false) {
  const made: string[] = [];
  const released: string[] = [];
  const sessionOf = (name: string): ModelSession => ({
    inputNames: ['x'],
    outputNames: ['y'],
    inputMetadata: [],
    outputMetadata: [],
    run: () => Promise.resolve({ y: new Tensor('string', [name], [1]) }),
    release: () => {
      released.push(name);
      return Promise.resolve();
    },
  });
  const make = (sizes: FixedSizes, withBatch: boolean) => {
    const name = sizes['x']!.join('x');
    made.push(name);
    const batch = withBatch || fixesBatch(sizes);
    return Promise.resolve({ session: sessionOf(name), fixesBatch: batch });
  };
  const example = { session: sessionOf('example'), fixesBatch: false };
  const session = new SizedSession(example, { x: [1, 5] }, make);
  const run = async (...dims: number[]): Promise<unknown> => {
    const count = dims.reduce((product, size) => product * size, 1);
    const results = await session.run({ x: new Tensor('float32', new Float32Array(count), dims) });
    return (results['y'] as Tensor).data[0];
  };
  return { session, run, made, released };
}

it('makes a graph for each size, with the batch free', async () => {
  const { run, made } = sessions();
  expect(await run(1, 5)).toBe('example');
  expect(await run(3, 5)).toBe('example');
  expect(await run(2, 7)).toBe('2x7');
  expect(await run(1, 7)).toBe('2x7');
  expect(made).toEqual(['2x7']);
});

it('keeps eight graphs, and frees the least recently used one', async () => {
  const { session, run, made, released } = sessions();
  for (let size = 1; size <= 9; size++) await run(1, size);
  await run(1, 2);
  await run(1, 10);
  await expect.poll(() => released).toEqual(['1x1', '1x3']);
  expect(await run(1, 2)).toBe('1x2');
  expect(made).toHaveLength(9);
  await session.release();
  expect(released).toHaveLength(10);
  await expect(run(1, 2)).rejects.toThrow(SessionReleasedError);
});

it('makes one for each batch size once the code needs it', async () => {
  const { run, made } = sessions(({ x }) => x![1] === 7);
  expect(await run(2, 7)).toBe('2x7');
  expect(await run(3, 7)).toBe('3x7');
  expect(await run(2, 7)).toBe('2x7');
  expect(made).toEqual(['2x7', '3x7']);
});
