import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastai, Learner, ModelStore, NotSavableError } from 'nestjs-vts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

describe('a learner in the store', () => {
  const file = 'test/fixtures/learners/few_rules/export.pkl';
  const text = 'I really liked that movie!';
  let home: string;
  let store: ModelStore;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'vts-fastai-'));
    store = new ModelStore(home);
  });

  afterEach(() => rm(home, { recursive: true, force: true }));

  it('is saved byte for byte, and predicts as before', async () => {
    const model = await fastai.saveModel('m', file, { store, labels: { team: 'nlp' } });
    const { info } = model;
    expect(info.module).toBe('bentoml.fastai');
    expect(info.context.frameworkName).toBe('fastai');
    expect({ ...info.signatures }).toEqual({ predict: { batchable: false, batchDim: [0, 0] } });
    expect({ ...info.labels }).toEqual({ team: 'nlp' });
    const saved = await readFile(model.pathOf('saved_model.pkl'));
    expect(saved.equals(await readFile(file))).toBe(true);

    const [before, after] = await Promise.all([
      Learner.load(file),
      fastai.loadModel('m:latest', { store }),
    ]);
    expect(await after.predict(text)).toEqual(await before.predict(text));
    await Promise.all([before.release(), after.release()]);
  });

  it('is saved from a Learner and from bytes', async () => {
    const learner = await Learner.load(file);
    const first = await fastai.saveModel('m', learner, {
      store,
      signatures: { predict: {}, getPreds: {} },
      frameworkVersions: { fastai: '2.8.12' },
    });
    expect(Object.keys(first.info.signatures)).toEqual(['predict', 'get_preds']);
    expect({ ...first.info.context.frameworkVersions }).toEqual({ fastai: '2.8.12' });
    await learner.release();

    const second = await fastai.saveModel('m', await readFile(file), { store });
    expect((await store.list('m')).map(String)).toEqual([String(second), String(first)]);
    expect(await readFile(second.pathOf('saved_model.pkl'))).toEqual(
      await readFile(first.pathOf('saved_model.pkl')),
    );
  });

  it('is not saved as a bare model', async () => {
    const learner = await Learner.load(file);
    await expect(fastai.saveModel('m', learner.model as never, { store })).rejects.toThrow(
      NotSavableError,
    );
    await learner.release();
    expect(await store.list()).toEqual([]);
  });

  it('is run by the runner of its model', async () => {
    await fastai.saveModel('m', file, { store });
    const runner = (await fastai.get<string>('m', { store })).toRunner({ workers: 1, threads: 1 });
    const learner = await fastai.loadModel<string>('m', { store });
    try {
      expect(await runner.predict.run(text)).toEqual(await learner.predict(text));
    } finally {
      await Promise.all([runner.close(), learner.release()]);
    }
  });
});
