import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { floats, largestDifference, noise } from '../../../../test/helpers/noise.js';
import { Module, PyDict, readTorchFile } from '../../torch/index.js';
import { loadLowerings } from '../lowering/registry.js';
import { createSession } from '../session/create-session.js';
import { NoGradientError } from './derivation.js';
import { gradCamGraph } from './grad-cam.js';

interface Run {
  readonly shape: readonly [number, number, number, number];
  readonly dims: readonly number[];
  readonly map: string;
}

const folder = new URL('../../../../test/fixtures/', import.meta.url);
const { models: runs } = JSON.parse(readFileSync(new URL('explain.json', folder), 'utf8')) as {
  models: Record<string, Run>;
};
const bytes = brotliDecompressSync(readFileSync(new URL('vision/families.pkl.br', folder)));
const models = readTorchFile(bytes).root as PyDict;
const modelOf = (name: string): Module => Module.from(models.get(name))!;

/** The classes of which the fixture's models have three. */
const OUTPUTS = 3;

describe("Grad-CAM equals torch's", () => {
  it.each(Object.entries(runs))('%s', async (name, { shape, dims, map }) => {
    const model = modelOf(name);
    await loadLowerings(model);
    const graph = gradCamGraph(model, ['batch', ...shape.slice(1)]);
    const session = await createSession(graph, { intraOpNumThreads: 1 });
    const length = shape.reduce((product, size) => product * size, 1);
    const image = Float32Array.from(noise(length, 7), (byte) => byte / 255);
    const outputs = graph.inputs[1]!.shape!.at(-1) ?? OUTPUTS;
    const seed = Float32Array.from({ length: outputs as number }, (_, i) => Number(i === 1));
    const { map: found } = await session.run({
      image: new Tensor('float32', image, shape),
      seed: new Tensor('float32', seed, [1, seed.length]),
    });
    await session.release();
    expect(found!.dims).toEqual(dims);
    const expected = floats(map);
    const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largestDifference(found!.data as Float32Array, expected) / scale).toBeLessThan(1e-3);
  });
});

it.each(['vit-parallel', 'mixer', 'cait'])(
  '%s has tokens instead of an image, and is refused',
  async (name) => {
    const model = modelOf(name);
    await loadLowerings(model);
    expect(() => gradCamGraph(model, ['batch', 3, 32, 32])).toThrow(NoGradientError);
  },
);
