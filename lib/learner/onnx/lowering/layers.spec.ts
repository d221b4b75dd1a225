import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Tensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { Module, readTorchFile } from '../../torch/index.js';
import { createSession, lowerModel } from '../index.js';
import { loadLowerings } from './registry.js';

const fixtures = new URL('../../../../test/fixtures/onnx/', import.meta.url);

interface Expected {
  readonly shape: number[];
  readonly data: number[];
}
interface LayerCase {
  readonly input: Expected & { readonly dtype: 'float32' | 'int64' };
  readonly outputs: Expected[];
}

const cases = JSON.parse(readFileSync(new URL('layers.json', fixtures), 'utf8')) as Record<
  string,
  LayerCase
>;
const archive = gunzipSync(readFileSync(new URL('layers.pkl.gz', fixtures)));
const modules = Module.from(readTorchFile(archive).root)!;

/** The first size stays open, as a batch is. */
function inputOf({ dtype, shape, data }: LayerCase['input']) {
  const values = dtype === 'int64' ? BigInt64Array.from(data, BigInt) : Float32Array.from(data);
  return {
    spec: { name: 'x', dtype, dims: ['batch', ...shape.slice(1)] },
    tensor: new Tensor(dtype, values as Float32Array, shape),
  };
}

it.each(Object.keys(cases))('%s computes what torch computes', async (name) => {
  const { input, outputs } = cases[name]!;
  const { spec, tensor } = inputOf(input);
  const module = modules.child(`m_${name}`)!;
  await loadLowerings(module);
  const lowered = lowerModel(module, { inputs: [spec] });
  const session = await createSession(lowered.graph, { intraOpNumThreads: 1 });
  try {
    const results = await session.run({ x: tensor });
    expect(lowered.outputs).toHaveLength(outputs.length);
    lowered.outputs.forEach((output, i) => {
      const { dims, data } = results[output.name] as Tensor;
      const wanted = outputs[i]!;
      expect(dims).toEqual(wanted.shape);
      output.shape?.forEach((dim, axis) => {
        if (typeof dim === 'number') expect(dims[axis]).toBe(dim);
      });
      (data as Float32Array).forEach((value, at) => {
        const target = wanted.data[at]!;
        expect(Math.abs(value - target) / Math.max(1, Math.abs(target))).toBeLessThanOrEqual(2e-6);
      });
    });
  } finally {
    await session.release();
  }
});
