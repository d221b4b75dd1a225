import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Learner } from '../../../learner/fastai/learner.js';
import { fixture, difference, tensorOf, torchCases } from '../../../../test/helpers/torch-cases.js';
import { ModelStore } from '../../store/index.js';
import { FrameworkMismatchError, NotSavableModuleError } from '../errors.js';
import { ModuleMethodError } from '../errors.js';
import { fastai, pytorch } from '../../index.js';

const learnerFile = fileURLToPath(
  new URL('../../../../test/fixtures/learners/few_rules/export.pkl', import.meta.url),
);

let home: string;
let store: ModelStore;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vts-spec-'));
  store = new ModelStore(home);
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe('pytorch.saveModel', () => {
  it('writes the same files as BentoML', async () => {
    const model = await pytorch.saveModel('mlp', fixture('mlp.pt'), {
      store,
      labels: { team: 'a' },
      metadata: { classes: ['x'] },
      frameworkVersions: { torch: '2.8.0' },
    });
    expect(model.info.module).toBe('bentoml.pytorch');
    expect({ ...model.info.signatures }).toEqual({
      __call__: { batchable: false, batchDim: [0, 0] },
    });
    const yaml = await readFile(model.pathOf('model.yaml'), 'utf8');
    expect(yaml).toContain('options:\n  partial_kwargs: {}\n');
    expect(yaml).toContain('framework_name: torch\n');
    expect(yaml).toContain('  __call__:\n    batchable: false\n');
    const saved = await readFile(model.pathOf('saved_model.pt'));
    expect(saved.equals(await readFile(fixture('mlp.pt')))).toBe(true);
  });

  it('accepts the model of a learner', async () => {
    const learner = await Learner.load(learnerFile);
    const model = await pytorch.saveModel('m', learner.model, {
      store,
      signatures: { __call__: { batchable: true, batchDim: 0 } },
    });
    await learner.release();
    expect(await readFile(model.pathOf('model.yaml'), 'utf8')).toMatch(
      /batchable: true\n {4}batch_dim:\n {4,6}- 0\n {4,6}- 0\n/,
    );
    // A file of its own, much smaller than the learner's.
    const saved = await readFile(model.pathOf('saved_model.pt'));
    expect(saved.length).toBeLessThan(readFileSync(learnerFile).length / 2);
    const loaded = await pytorch.loadModel('m', { store });
    expect(loaded.className).toBe('fastai.text.models.core.SequentialRNN');
    expect(await loaded.run([[2, 9, 4]])).toMatchObject({ dims: [1, 2] });
    await loaded.release();
  });

  it('takes the model out of an export.pkl, by path and by bytes', async () => {
    const models = [
      await pytorch.saveModel('a', learnerFile, { store }),
      await pytorch.saveModel('b', await readFile(learnerFile), { store }),
    ];
    const [first, second] = await Promise.all(
      models.map((model) => readFile(model.pathOf('saved_model.pt'))),
    );
    expect(first!.equals(second!)).toBe(true);
  });

  it('takes an ONNX file with the data files that it names', async () => {
    const folder = join(home, 'given');
    await cp(fixture('onnx'), folder, { recursive: true });
    const model = await pytorch.saveModel('o', join(folder, 'mlp.onnx'), { store });
    await rm(folder, { recursive: true });
    expect((await readdir(model.path)).sort()).toEqual([
      'mlp.weights',
      'model.yaml',
      'saved_model.onnx',
    ]);
    const loaded = await pytorch.loadModel('o', { store });
    const { inputs, outputs } = torchCases.get('mlp')![0]!;
    expect(difference(await loaded.run(inputs.map(tensorOf)), outputs)).toBeLessThan(1e-5);
    await loaded.release();
  });

  it('names a data file that is missing', async () => {
    const lone = join(home, 'lone.onnx');
    await cp(fixture('onnx/mlp.onnx'), lone);
    await expect(pytorch.saveModel('o', lone, { store })).rejects.toThrow(/mlp\.weights/);
    expect(await store.list()).toEqual([]);
  });

  it('saves the inputs of a model if the caller gives them', async () => {
    const inputs = [{ name: 'image', dtype: 'float32', shape: [null, 3, 9, 9] }] as const;
    await pytorch.saveModel('cnn', fixture('cnn.pt'), { store, inputs });
    const loaded = await pytorch.loadModel('cnn', { store: new ModelStore(home) });
    expect(loaded.inputs).toEqual(inputs);
    await loaded.release();
  });

  it.each<[string, unknown, RegExp]>([
    ['a file that is not there', '/nowhere/model.pt', /does not exist/],
    ['a number', 5, /a number/],
    ['nothing', undefined, /undefined/],
  ])('refuses %s', async (_, source, message) => {
    const save = pytorch.saveModel('m', source as string, { store });
    await expect(save).rejects.toThrow(NotSavableModuleError);
    await expect(save).rejects.toThrow(message);
  });

  it('refuses a learner, and a part of a model', async () => {
    const learner = await Learner.load(learnerFile);
    await expect(pytorch.saveModel('m', learner as never, { store })).rejects.toThrow(
      'learner.model',
    );
    const part = learner.model.child('0')!;
    await expect(pytorch.saveModel('m', part, { store })).rejects.toThrow('SentenceEncoder');
    await learner.release();
  });

  it.each(['weights.pt', 'checkpoint.pt', 'script.pt'])(
    'refuses %s, and leaves nothing behind',
    async (name) => {
      await expect(pytorch.saveModel('m', fixture(name), { store })).rejects.toThrow(
        /torch\.save|TorchScript/,
      );
      expect(await store.list()).toEqual([]);
    },
  );

  it('refuses signatures of other methods', async () => {
    const save = pytorch.saveModel('m', fixture('mlp.pt'), { store, signatures: { encode: {} } });
    await expect(save).rejects.toThrow(ModuleMethodError);
    await expect(save).rejects.toThrow(/"encode".*__call__, or its other name, forward/);
  });
});

it('recognizes its own models', async () => {
  await fastai.saveModel('learner', learnerFile, { store });
  await pytorch.saveModel('module', fixture('mlp.pt'), { store });
  await expect(pytorch.get('learner', { store })).rejects.toThrow(FrameworkMismatchError);
  await expect(fastai.get('module', { store })).rejects.toThrow(FrameworkMismatchError);
  expect((await pytorch.get('module', { store })).info.name).toBe('module');
});
