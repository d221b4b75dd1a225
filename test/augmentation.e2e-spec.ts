import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import {
  fastai,
  ModelStore,
  RunInputError,
  type FastaiRunner,
  type Tensor,
} from 'nestjs-vts/serving';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const folder = new URL('./fixtures/houses/', import.meta.url).pathname;
const { items, runs, preds, decoded } = JSON.parse(
  readFileSync(join(folder, 'augmented.json'), 'utf8'),
) as {
  items: string[];
  runs: { options: { use_max?: boolean; n?: number; beta?: number | null }; preds: unknown[] }[];
  preds: number[][];
  decoded: number[];
};
const paths = items.map((name) => join(folder, name));

function difference(tensor: Tensor, expected: unknown): number {
  const numbers = [expected].flat(Infinity) as number[];
  return Math.max(
    ...[...(tensor.data as Float32Array)].map((value, i) => Math.abs(value - numbers[i]!)),
  );
}

describe('the runner of an image learner', () => {
  let root: string;
  let runner: FastaiRunner;

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'vts-augment-'));
    const file = brotliDecompressSync(readFileSync(join(folder, 'augmented.pkl.br')));
    const model = await fastai.saveModel('augmented', file, { store: new ModelStore(root) });
    runner = model.toRunner();
  });

  afterAll(async () => {
    await runner.close();
    rmSync(root, { recursive: true });
  });

  it("gives fastai's test-time augmentation", async () => {
    for (const { options, preds: expected } of runs) {
      const { use_max: useMax, ...rest } = options;
      const [got] = await runner.tta.run(paths, { ...rest, ...(useMax && { useMax }) });
      if (Array.isArray(got))
        got.forEach((part, at) => expect(difference(part, expected[at])).toBeLessThan(2e-6));
      else expect(difference(got, expected)).toBeLessThan(2e-6);
    }
    await expect(runner.tta.run(paths, { n: 0 })).rejects.toThrow(RunInputError);
  });

  it('returns inputs and decoded predictions on request', async () => {
    const [given, got, targets, labels] = await runner.getPreds.run(paths, {
      withInput: true,
      withDecoded: true,
    });
    expect((given as Tensor).dims).toEqual([4, 3, 16, 16]);
    expect(difference(got, preds)).toBeLessThan(1e-6);
    expect(targets).toBeNull();
    expect([...(labels.data as BigInt64Array)].map(Number)).toEqual(decoded);
    expect(await runner.getPreds.run(paths)).toHaveLength(2);
  });
});
