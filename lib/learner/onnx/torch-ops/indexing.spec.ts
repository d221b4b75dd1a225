import { describe, expect, it } from 'vitest';
import { ELLIPSIS, Slice, Tuple, type Value } from '../../python/values.js';
import { counting, runTorch } from './test-graph.js';
import type { TorchEnv } from './env.js';
import type { TensorValue } from './tensor-value.js';

const slice = (start: number | null, stop: number | null = null, step: number | null = null) =>
  new Slice(
    start === null ? null : BigInt(start),
    stop === null ? null : BigInt(stop),
    step === null ? null : BigInt(step),
  );
const key = (...items: Value[]): Value => new Tuple(items);
const x = counting([2, 3, 4]);

/** With sizes that are known and with such that are not. */
async function indexed(of: (env: TorchEnv, x: TensorValue) => Value, inputs = [x]) {
  const known = await runTorch(inputs, of);
  expect(await runTorch(inputs, of, { free: true })).toEqual(known);
  return known[0]!;
}

describe('indexing', () => {
  it.each<[string, Value, number[], number[]]>([
    ['x[0]', 0n, [3, 4], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
    ['x[:, 0]', key(slice(null), 0n), [2, 4], [0, 1, 2, 3, 12, 13, 14, 15]],
    ['x[-1, 1:, ::2]', key(-1n, slice(1), slice(null, null, 2)), [2, 2], [16, 18, 20, 22]],
    ['x[..., -1]', key(ELLIPSIS, -1n), [2, 3], [3, 7, 11, 15, 19, 23]],
    [
      'x[:, None, :1, -2:]',
      key(slice(null), null, slice(null, 1), slice(-2)),
      [2, 1, 1, 2],
      [2, 3, 14, 15],
    ],
    ['x[0, 5:]', key(0n, slice(5)), [0, 4], []],
  ])('%s', async (_, by, shape, data) => {
    const got = await indexed((env, tensor) => env.getItem(tensor, by));
    expect(got).toEqual({ shape, data, dtype: 'float32' });
  });

  it("reads by tensors, with torch's positions of their dimensions", async () => {
    const ids = { data: [2, 0], shape: [2], dtype: 'int64' } as const;
    const of = (make: (i: TensorValue) => Value) =>
      runTorch([x, ids], (env, tensor, i) => env.getItem(tensor, make(i!)));
    expect((await of((i) => key(slice(null), i)))[0]).toMatchObject({ shape: [2, 2, 4] });
    expect((await of((i) => key(0n, slice(null), i)))[0]).toMatchObject({
      shape: [3, 2],
      data: [2, 0, 6, 4, 10, 8],
    });
    const apart = await runTorch([x, { ...ids, data: [1, 0] }, ids], (env, t, i, j) =>
      env.getItem(t!, key(i!, slice(null), j!)),
    );
    expect(apart[0]).toMatchObject({ shape: [2, 3], data: [14, 18, 22, 0, 4, 8] });
  });

  it('reads by masks', async () => {
    const got = await indexed((env, tensor) => {
      const mask = tensor.compare('>', 20n) as TensorValue | undefined;
      return env.getItem(tensor, mask ?? null);
    }).catch((error: unknown) => error);
    // Comparisons are another table's; without it the error names the operation.
    expect(String(got instanceof Error ? got : JSON.stringify(got))).toMatch(/torch\.gt|21,22,23/);
  });
});

describe('writing', () => {
  it('writes through an index', async () => {
    const got = await indexed((env, tensor) => {
      env.setItem(tensor, key(slice(null), 0n), 0n);
      env.setItem(tensor, key(ELLIPSIS, slice(1, 3)), -1);
      return tensor;
    });
    expect(got.data.slice(0, 12)).toEqual([0, -1, -1, 0, 4, -1, -1, 7, 8, -1, -1, 11]);
  });

  it('changes the base of a view, and the other views', async () => {
    const got = await runTorch([x], (env, tensor) => {
      const row = env.getItem(tensor, 1n) as TensorValue;
      const cell = env.getItem(row, key(0n, 0n)) as TensorValue;
      env.apply('Tensor.fill_', [row, 7n]);
      env.apply('Tensor.zero_', [cell]);
      return new Tuple([tensor, cell, row]);
    });
    expect(got[0]!.data.slice(12)).toEqual([0, ...Array.from({ length: 11 }, () => 7)]);
    expect(got[1]!.data).toEqual([0]);
    expect(got[2]!.data.slice(0, 2)).toEqual([0, 7]);
  });
});
