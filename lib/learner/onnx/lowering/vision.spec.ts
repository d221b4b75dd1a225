import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { floats, largestDifference, noise } from '../../../../test/helpers/noise.js';
import { Module, readTorchFile } from '../../torch/index.js';
import type { Dim } from '../graph.js';
import { createSession } from '../session/create-session.js';
import { lowerModel } from './lower-model.js';
import { loadLowerings } from './registry.js';

interface Run {
  readonly shape: readonly number[];
  readonly seed: number;
  readonly dims: readonly number[];
  readonly result: string;
}

const folder = new URL('../../../../test/fixtures/vision/', import.meta.url);
const models = JSON.parse(readFileSync(new URL('models.json', folder), 'utf8')) as Record<
  string,
  Run[]
>;

/** Pooling to a fixed number of cells needs the size of the image. */
const fixedSize = new Set(['layers', 'vision-transformer', 'timm-vit', 'timm-vit-average']);

function model(name: string): Module {
  const bytes = brotliDecompressSync(readFileSync(new URL(`models/${name}.pkl.br`, folder)));
  return Module.from(readTorchFile(bytes).root)!;
}

async function difference(module: Module, dims: readonly Dim[], run: Run): Promise<number> {
  await loadLowerings(module);
  const { graph } = lowerModel(module, { inputs: [{ name: 'image', dtype: 'float32', dims }] });
  const session = await createSession(graph, { intraOpNumThreads: 1 });
  const length = run.shape.reduce((product, size) => product * size, 1);
  const data = Float32Array.from(noise(length, run.seed), (byte) => byte / 255);
  const { output } = await session.run({ image: new Tensor('float32', data, run.shape) });
  await session.release();
  expect(output!.dims).toEqual(run.dims);
  const expected = floats(run.result);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return largestDifference(output!.data as Float32Array, expected) / scale;
}

describe('Models of images, with weights of their own', () => {
  it.each(Object.entries(models))('%s computes what torch computes', async (name, runs) => {
    const module = model(name);
    for (const run of runs) {
      const [, channels, height, width] = run.shape as [number, number, number, number];
      expect(await difference(module, ['batch', channels, height, width], run)).toBeLessThan(1e-4);
      if (fixedSize.has(name)) continue;
      const open: Dim[] = ['batch', channels, 'height', 'width'];
      expect(await difference(module, open, run)).toBeLessThan(1e-4);
    }
  });
});
