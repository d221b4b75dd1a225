import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModelStore } from '../../serving/store/index.js';
import { modelName } from './model-name.js';
import { resolveSource } from './resolve-source.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-source-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Writes files into a folder of that name. */
async function project(name: string, files: Record<string, string>): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, name, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return join(folder, name);
}

const resolved = async (target: string) => {
  const { file, name, versions, note, model } = await resolveSource(target, {
    home: join(folder, 'home'),
  });
  return { file: file.replace(`${folder}/`, ''), name, versions, note, tag: model?.tag.toString() };
};

const mlmodel = (flavor: string): string =>
  `flavors:\n  ${flavor}:\n    data: model.fastai\n    fastai_version: 2.7.19\n  python_function:\n    data: model.fastai\nrun_id: 1\n`;

describe('resolveSource', () => {
  it.each([
    ['bears', { 'export.pkl': '', 'model.pkl': '' }, 'bears/export.pkl'],
    ['bears', { 'models/export.pkl': '', 'other.pkl': '' }, 'bears/models/export.pkl'],
    ['bears', { 'app/model.pkl': '', 'app.py': '' }, 'bears/app/model.pkl'],
    ['bears', { 'model/bear-classifier.pkl': '' }, 'bears/model/bear-classifier.pkl'],
    ['bears', { 'images/a.pkl': '', 'learn.pth': '' }, 'bears/learn.pth'],
  ])('finds the learner of a folder %s %j', async (name, files, file) => {
    const given = await project(name, files);
    expect(await resolved(given)).toMatchObject({ file, versions: {}, note: undefined });
  });

  it('follows links to folders', async () => {
    const given = await project('app1', { 'real/export.pkl': '' });
    await symlink(join(given, 'real'), join(given, 'models'));
    expect(await resolved(given)).toMatchObject({ file: 'app1/models/export.pkl', name: 'app1' });
  });

  it('reads the versions of a repository of the Hugging Face Hub', async () => {
    const given = await project('cats_vs_dogs', {
      'model.pkl': '',
      'pyproject.toml':
        '[build-system]\nrequires = ["setuptools>=40.8.0", "wheel", "python=3.10.12", "fastai=2.7.19", "fastcore=1.7.29"]\n',
    });
    expect(await resolved(given)).toMatchObject({
      file: 'cats_vs_dogs/model.pkl',
      name: 'cats_vs_dogs',
      versions: { fastai: '2.7.19', fastcore: '1.7.29' },
    });
  });

  it('reads models of MLflow', async () => {
    const files = {
      'model.fastai': '',
      MLmodel: mlmodel('fastai'),
      'requirements.txt': 'torch==2.6.0',
    };
    const versions = { fastai: '2.7.19', torch: '2.6.0' };
    expect(await resolved(await project('m1', files))).toMatchObject({
      file: 'm1/model.fastai',
      versions,
    });
    const run = Object.entries(files).map(([path, text]) => [`artifacts/reviews/${path}`, text]);
    expect(await resolved(await project('m2', Object.fromEntries(run)))).toMatchObject({
      file: 'm2/artifacts/reviews/model.fastai',
      name: 'reviews',
      versions,
    });
  });

  it('reads the fastai models of AutoGluon, and describes their input', async () => {
    const given = await project('income', {
      'predictor.pkl': '',
      'learner.pkl': '',
      'metadata.json': '{"packages": {"fastai": "2.8.12", "torch": "2.9.1", "numpy": "2.3"}}',
      'models/trainer.pkl': '',
      'models/NeuralNetFastAI/model.pkl': '',
      'models/NeuralNetFastAI/model-internals.pkl': '',
    });
    expect(await resolved(given)).toMatchObject({
      file: 'income/models/NeuralNetFastAI/model-internals.pkl',
      name: 'income',
      versions: { fastai: '2.8.12', torch: '2.9.1' },
      note: expect.stringContaining('that AutoGluon has prepared'),
    });
  });

  it.each([
    ['no learner', { 'README.md': '' }, 'has no learner: no export.pkl, model.pkl or other .pkl'],
    [
      'several',
      { 'a.pkl': '', 'b.pkl': '' },
      'several files that may be a learner: a.pkl, b.pkl. Give',
    ],
    ['another flavor', { MLmodel: mlmodel('pytorch') }, 'its flavors are pytorch, python_function'],
    ['a damaged MLmodel', { MLmodel: 'a: [' }, 'MLmodel is not valid YAML'],
    ['a file that is not there', { MLmodel: mlmodel('fastai') }, 'has no file model.fastai'],
    [
      'a file of elsewhere',
      { MLmodel: mlmodel('fastai').replaceAll('model.fastai', '../../x.pkl') },
      'has no file ../../x.pkl',
    ],
    ['AutoGluon without fastai', { 'predictor.pkl': '' }, 'without a fastai learner'],
    [
      'AutoGluon with several',
      {
        'models/NeuralNetFastAI_BAG_L1/S1F1/model-internals.pkl': '',
        'models/NeuralNetFastAI_BAG_L1/S1F2/model-internals.pkl': '',
      },
      'has 2 fastai learners from AutoGluon: models/NeuralNetFastAI_BAG_L1/S1F1',
    ],
  ])('refuses a folder with %s', async (_, files, message) => {
    const given = await project('folder', files);
    await expect(resolved(given)).rejects.toThrow(message);
  });

  it('prefers a tag to a folder of the same name, unless it is written as a path', async () => {
    const store = new ModelStore(join(folder, 'home'));
    await store.create('bears:v1', { module: 'bentoml.fastai' }, (to) =>
      writeFile(join(to, 'saved_model.pkl'), ''),
    );
    await project('bears', { 'export.pkl': '' });
    await project('dogs', { 'export.pkl': '' });
    const before = process.cwd();
    process.chdir(folder);
    try {
      expect(await resolved('bears')).toMatchObject({
        tag: 'bears:v1',
        name: 'bears',
        file: 'home/models/bears/v1/saved_model.pkl',
      });
      expect(await resolved('./bears')).toMatchObject({ tag: undefined, file: 'bears/export.pkl' });
      expect(await resolved('dogs')).toMatchObject({ name: 'dogs', file: 'dogs/export.pkl' });
      await expect(resolved('cats')).rejects.toThrow('which has bears:v1');
      await expect(resolved('cats/export.pkl')).rejects.toThrow('No file at cats/export.pkl');
    } finally {
      process.chdir(before);
    }
  });
});

describe('modelName', () => {
  it.each([
    ['bears/models/export.pkl', 'bears'],
    ['bears/pet_classifier.pkl', 'pet_classifier'],
    ['x/Cats & Dogs (v2).pkl', 'cats-dogs-v2'],
    ['hub/models--me--dogs/snapshots/0123456789abcdef0123456789abcdef01234567/model.pkl', 'dogs'],
    ['/export.pkl', 'model'],
    [`${'x'.repeat(80)}.pkl`, 'x'.repeat(63)],
    ['x/Übung.pkl', 'ubung'],
  ])('makes a name of %s', (path, name) => {
    expect(modelName(path.split('/'))).toBe(name);
  });
});
