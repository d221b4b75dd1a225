import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { Tensor } from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { floats, largestDifference, noise } from '../../../../test/helpers/noise.js';
import { Module, PyDict, readTorchFile } from '../../torch/index.js';
import { UnsupportedModuleError } from '../errors.js';
import { createSession } from '../session/create-session.js';
import { lowerModel } from './lower-model.js';
import { loadLowerings } from './registry.js';

interface Run {
  readonly shape: readonly [number, number, number, number];
  readonly seed: number;
  readonly dims: readonly number[];
  readonly result: string;
}

const folder = new URL('../../../../test/fixtures/vision/', import.meta.url);

/** Models that one file holds, by name. */
function modelsOf(stem: string): ReadonlyMap<string, Module> {
  const bytes = brotliDecompressSync(readFileSync(new URL(`${stem}.pkl.br`, folder)));
  const { root } = readTorchFile(bytes);
  const entries = root instanceof PyDict ? [...root] : [];
  return new Map(entries.map(([name, model]) => [String(name), Module.from(model)!]));
}

function runsOf(stem: string): [name: string, run: Run][] {
  return Object.entries(
    JSON.parse(readFileSync(new URL(`${stem}.json`, folder), 'utf8')) as Record<string, Run>,
  );
}

function graphOf(module: Module, height: number, width: number) {
  const dims = ['batch', 3, height, width];
  return lowerModel(module, { inputs: [{ name: 'image', dtype: 'float32', dims }] }).graph;
}

/** The largest difference from torch's result, by the size of that. */
async function difference(module: Module, run: Run): Promise<number> {
  await loadLowerings(module);
  const [, , height, width] = run.shape;
  const session = await createSession(graphOf(module, height, width), { intraOpNumThreads: 1 });
  const length = run.shape.reduce((product, size) => product * size, 1);
  const data = Float32Array.from(noise(length, run.seed), (byte) => byte / 255);
  const { output } = await session.run({ image: new Tensor('float32', data, run.shape) });
  await session.release();
  expect(output!.dims).toEqual(run.dims);
  const expected = floats(run.result);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return largestDifference(output!.data as Float32Array, expected) / scale;
}

describe.each([
  'families',
  'families-recent',
  'families-further',
  'families-0.6.13',
  'layouts-0.4.12',
  'layouts-0.5.4',
  'layouts-0.6.13',
])('Architectures of images in %s', (stem) => {
  const models = modelsOf(stem);

  it.each(runsOf(stem))('%s computes what torch computes', async (name, run) => {
    expect(await difference(models.get(name)!, run)).toBeLessThan(1e-4);
  });
});

describe('An architecture that is made for one size of image', () => {
  const models = modelsOf('families');
  beforeAll(async () => {
    for (const model of models.values()) await loadLowerings(model);
  });

  it.each(['swin', 'beit', 'cait', 'eva02', 'tv-maxvit'])('%s refuses another', (name) => {
    expect(() => graphOf(models.get(name)!, 72, 72)).toThrow(UnsupportedModuleError);
    expect(() => graphOf(models.get(name)!, 72, 72)).toThrow(/size|patches|images must/);
  });

  it('says what to do if the size is open', () => {
    const dims = ['batch', 3, 'height', 'width'];
    const inputs = [{ name: 'image', dtype: 'float32', dims }] as const;
    expect(() => lowerModel(models.get('swin-any-size')!, { inputs })).toThrow(/Resize/);
  });
});
