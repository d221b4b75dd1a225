import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fixture } from '../../../../test/helpers/torch-cases.js';
import { ExportTargetError, UnexportableModelError } from '../errors.js';
import { tritonConfig } from './config.js';
import { exportTriton } from './export-triton.js';

let repository: string;

beforeEach(() => (repository = mkdtempSync(join(tmpdir(), 'vts-triton-'))));
afterEach(() => rmSync(repository, { recursive: true, force: true }));

const files = (): string[] =>
  (
    readdirSync(repository, { recursive: true, withFileTypes: true }) as unknown as {
      isFile(): boolean;
      parentPath: string;
      name: string;
    }[]
  )
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(repository.length + 1))
    .sort();
const config = (name: string): string =>
  readFileSync(join(repository, name, 'config.pbtxt'), 'utf8');

it('writes a repository of an image learner', async () => {
  const path = 'test/fixtures/vision/learners/classes/export.pkl.br';
  const learner = brotliDecompressSync(readFileSync(path));
  const made = await exportTriton({ learner }, repository, { name: 'shapes' });
  expect(files()).toEqual(['shapes/1/model.onnx', 'shapes/config.pbtxt', 'shapes/labels.txt']);
  expect(made.path).toBe(join(repository, 'shapes/1/model.onnx'));
  expect(config('shapes')).toBe(`name: "shapes"
platform: "onnxruntime_onnx"
max_batch_size: 32
input [
  {
    name: "image"
    data_type: TYPE_UINT8
    dims: [ 3, 32, 32 ]
  }
]
output [
  {
    name: "probabilities"
    data_type: TYPE_FP32
    dims: [ 6 ]
    label_filename: "labels.txt"
  }
]
dynamic_batching { }
`);
});

it('counts versions, and keeps a configuration that was changed', async () => {
  const model = { module: fixture('mlp.pt') };
  await exportTriton(model, repository, { name: 'mlp' });
  await exportTriton(model, repository, { name: 'mlp' });
  expect(files()).toEqual(['mlp/1/model.onnx', 'mlp/2/model.onnx', 'mlp/config.pbtxt']);
  const again = exportTriton(model, repository, { name: 'mlp', version: 2 });
  await expect(again).rejects.toThrow(ExportTargetError);
  writeFileSync(join(repository, 'mlp/config.pbtxt'), 'mine');
  await expect(exportTriton(model, repository, { name: 'mlp' })).rejects.toThrow(
    /config\.pbtxt describes other inputs/,
  );
  expect(files()).toHaveLength(3);
  await exportTriton(model, repository, { name: 'mlp', version: 2, overwrite: true });
  expect(config('mlp')).toMatch(/^name: "mlp"/);
});

it('writes all sizes if rows cannot be batched', async () => {
  await exportTriton({ module: fixture('lstm.pt') }, repository, { name: 'lstm' });
  expect(config('lstm')).toMatch(/^max_batch_size: 0$/m);
  expect(config('lstm')).toContain('dims: [ -1, -1, 5 ]');
  expect(config('lstm')).not.toContain('dynamic_batching');
});

it('supports rows of one number, and refuses names that leave the folder', async () => {
  const row = { name: 'y', dtype: 'float32', shape: ['batch'] } as const;
  const text = tritonConfig(
    { inputs: [row], outputs: [row], batched: true },
    { name: 'a"b', maxBatchSize: 4, labels: undefined },
  );
  expect(text).toMatch(/^name: "a\\"b"$/m);
  expect(text).toContain('dims: [ 1 ]\n    reshape { shape: [ ] }');
  for (const name of ['../up', '', '.hidden', 'a/b']) {
    await expect(exportTriton({ module: fixture('mlp.pt') }, repository, { name })).rejects.toThrow(
      UnexportableModelError,
    );
  }
  expect(files()).toEqual([]);
});
