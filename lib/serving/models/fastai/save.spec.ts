import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { VtsError } from '../../../learner/errors/index.js';
import { ModelNotFoundError, ModelStore } from '../../store/index.js';
import { PyDict, PyGlobal, PyObject } from '../../../learner/torch/python.js';
import { Module } from '../../../learner/torch/module.js';
import { FrameworkMismatchError, ModelFileMissingError, NotSavableError } from '../errors.js';
import { BatchableNotSupportedError, UnknownMethodError } from '../errors.js';
import { fastai } from '../../index.js';

const bentomlHome = fileURLToPath(
  new URL('../../../../test/fixtures/store/bentoml_home', import.meta.url),
);

let home: string;
let store: ModelStore;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vts-fastai-'));
  await cp(bentomlHome, home, { recursive: true });
  store = new ModelStore(home);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

const count = async (): Promise<number> => (await store.list()).length;

describe('get', () => {
  it('finds models of BentoML, in the store of the environment by default', async () => {
    vi.stubEnv('VTS_HOME', home);
    const model = await fastai.get('fastai_sentiment');
    expect(model.tag.toString()).toBe('fastai_sentiment:badg6khg4swh4ax4');
    expect(await fastai.get(model)).toBe(model);
  });

  it('refuses models of other frameworks', async () => {
    await expect(fastai.get('my_pytorch_model', { store })).rejects.toThrow(FrameworkMismatchError);
    await expect(fastai.loadModel('my_pytorch_model', { store })).rejects.toThrow(
      'was saved with module "bentoml.pytorch", so fastai cannot load it',
    );
    await expect(fastai.get('nope', { store })).rejects.toThrow(ModelNotFoundError);
  });
});

describe('loadModel', () => {
  it('names the file that a model lacks', async () => {
    const loading = fastai.loadModel('fastai_sentiment', { store });
    await expect(loading).rejects.toThrow(ModelFileMissingError);
    await expect(loading).rejects.toThrow('saved_model.pkl');
  });
});

describe('toRunner', () => {
  it('makes a runner that is not open yet', async () => {
    const runner = (await fastai.get('fastai_sentiment', { store })).toRunner();
    expect(runner.tag).toBe('fastai_sentiment:badg6khg4swh4ax4');
    expect(runner.ready).toBe(false);
    await runner.close();
    expect(() => store.get('fastai_sentiment')).not.toThrow();
  });

  it('refuses a batchable signature in the store', async () => {
    const { path } = await store.get('fastai_sentiment');
    const file = join(path, 'model.yaml');
    const yaml = await readFile(file, 'utf8');
    await writeFile(file, yaml.replace('batchable: false', 'batchable: true'));
    const model = await store.get('fastai_sentiment');
    expect(() => model.toRunner()).toThrow(BatchableNotSupportedError);
  });
});

describe('saveModel', () => {
  const source = join(tmpdir(), 'vts-no-such-export.pkl');

  it('refuses signatures that learners cannot have, before it looks at the file', async () => {
    const batchable = { predict: { batchable: true } };
    await expect(fastai.saveModel('m', source, { store, signatures: batchable })).rejects.toThrow(
      BatchableNotSupportedError,
    );
    await expect(
      fastai.saveModel('m', source, { store, signatures: { forward: {} } }),
    ).rejects.toThrow(UnknownMethodError);
  });

  it.each<[string, unknown, string]>([
    ['a missing file', source, 'which does not exist'],
    ['a folder', tmpdir(), 'which is not a file'],
    ['nothing', undefined, 'was given undefined'],
    ['another object', new Map(), 'was given a Map'],
  ])('refuses %s', async (_, given, message) => {
    const saving = fastai.saveModel('m', given as string, { store });
    await expect(saving).rejects.toThrow(NotSavableError);
    await expect(saving).rejects.toThrow(message);
  });

  it('sends a bare model to the PyTorch layer', async () => {
    const record = new PyObject(new PyGlobal('torch.nn.modules.linear', 'Linear'));
    record.attrs.set('_modules', new PyDict());
    const saving = fastai.saveModel('m', Module.from(record) as never, { store });
    await expect(saving).rejects.toThrow(NotSavableError);
    await expect(saving).rejects.toThrow('torch.nn.modules.linear.Linear');
    await expect(saving).rejects.toThrow('pytorch.saveModel()');
  });

  it('refuses bytes that are not a learner, and leaves the store unchanged', async () => {
    const before = await count();
    const saving = fastai.saveModel('m', new TextEncoder().encode('no archive'), { store });
    await expect(saving).rejects.toThrow(VtsError);
    expect(await count()).toBe(before);
  });
});
