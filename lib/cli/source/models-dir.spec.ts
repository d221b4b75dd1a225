import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModelStore } from '../../serving/store/index.js';
import { readModelsDir } from './models-dir.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-models-dir-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The folder as KServe mounts it. */
async function mounted(files: Record<string, string>): Promise<string> {
  const dir = join(folder, 'mnt', 'models');
  await mkdir(dir, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
  return dir;
}

/** `name file` of files, the tags of stored models, the paths of archives. */
async function models(dir: string): Promise<string[]> {
  const shown = (path: string): string => path.replace(`${dir}/`, '');
  return (await readModelsDir(dir)).map((each) => {
    if (each.kind === 'stored') return `${each.model.tag} ${shown(each.model.path)}`;
    return each.kind === 'archive' ? shown(each.file) : `${each.name} ${shown(each.file)}`;
  });
}

const MLMODEL = 'flavors:\n  fastai:\n    data: model.fastai\n    fastai_version: 2.7.19\n';
const PYPROJECT = '[build-system]\nrequires = ["python=3.10.12", "fastai=2.7.15"]\n';

describe('readModelsDir', () => {
  it.each<[string, Record<string, string>, string[]]>([
    [
      'a repository of the Hugging Face Hub',
      {
        'model.pkl': '',
        'pyproject.toml': PYPROJECT,
        'README.md': '',
        'config.json': '{}',
        '.cache/huggingface/download/model.pkl.metadata': '',
      },
      ['model model.pkl'],
    ],
    ['an export.pkl', { 'export.pkl': '', 'other.pkl': '' }, ['model export.pkl']],
    ['a learner of another name', { 'bears.pkl': '', 'images/a.png': '' }, ['bears bears.pkl']],
    ['an application', { 'app.py': '', 'app/model.pkl': '' }, ['model app/model.pkl']],
    ['a model of MLflow', { MLmodel: MLMODEL, 'model.fastai': '' }, ['model model.fastai']],
    ['a layer', { 'model.onnx': '', 'model.onnx.data': '' }, ['model model.onnx']],
    [
      'files of learners and layers',
      { 'bears.pkl': '', 'cats.fastai': '', 'layer.pt': '', 'notes.txt': '' },
      ['bears bears.pkl', 'cats cats.fastai', 'layer layer.pt'],
    ],
    [
      'folders of learners',
      {
        'bears/export.pkl': '',
        'pets/model.pkl': '',
        'pets/pyproject.toml': PYPROJECT,
        'reviews/MLmodel': MLMODEL,
        'reviews/model.fastai': '',
        'lost+found/x.pkl': '',
        '.git/x.pkl': '',
      },
      ['bears bears/export.pkl', 'pets pets/model.pkl', 'reviews reviews/model.fastai'],
    ],
    [
      'folders below models',
      { 'models/bears/export.pkl': '', 'models/pets/model.pkl': '' },
      ['bears models/bears/export.pkl', 'pets models/pets/model.pkl'],
    ],
    [
      'archives',
      { 'reviews.bentomodel': '', 'bears/bears.bentomodel': '', 'data.zip': '' },
      ['reviews.bentomodel', 'bears/bears.bentomodel'],
    ],
    ['an archive of another kind', { 'reviews.tar.gz': '' }, ['reviews.tar.gz']],
  ])('finds %s', async (_, files, expected) => {
    expect(await models(await mounted(files))).toEqual(expected);
  });

  it('reads versions from the files', async () => {
    const dir = await mounted({ 'model.pkl': '', 'pyproject.toml': PYPROJECT });
    expect(await readModelsDir(dir)).toMatchObject([{ versions: { fastai: '2.7.15' } }]);
  });

  it('takes the newest version of each name of a store, at any level of its folders', async () => {
    const dir = await mounted({});
    const store = new ModelStore(dir);
    for (const tag of ['reviews:v2', 'reviews:v1', 'bears:v1']) {
      await store.create(tag, { module: 'bentoml.fastai' }, (to) =>
        writeFile(join(to, 'saved_model.pkl'), ''),
      );
    }
    const expected = ['bears:v1 bears/v1', 'reviews:v1 reviews/v1'];
    const below = (path: string): string => path.replace(' ', ' models/');
    expect(await models(dir)).toEqual(expected.map(below));
    expect(await models(join(dir, 'models'))).toEqual(expected);
    expect(await models(join(dir, 'models', 'reviews'))).toEqual(['reviews:v1 v1']);
    const one = join(dir, 'models', 'reviews', 'v2');
    expect(await models(one)).toEqual([`reviews:v2 ${one}`]);
  });

  it('follows links, which Kubernetes volumes have', async () => {
    const dir = await mounted({ '..2026_11_27/export.pkl': '' });
    await symlink('..2026_11_27', join(dir, '..data'));
    await symlink('..data/export.pkl', join(dir, 'export.pkl'));
    expect(await models(dir)).toEqual(['model export.pkl']);
  });

  it.each<[string, Record<string, string>, string]>([
    ['nothing', {}, 'has no model: it is empty. Put an export.pkl or model.pkl there'],
    ['no model', { 'README.md': '', 'weights.h5': '' }, 'it has README.md, weights.h5. Put'],
    ['another flavor', { MLmodel: 'flavors:\n  sklearn: {}\n' }, 'its flavors are sklearn'],
    [
      'many files',
      Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i}.txt`, ''])),
      'and 12 more. Put',
    ],
  ])('lists the contents of a folder with %s', async (_, files, message) => {
    await expect(models(await mounted(files))).rejects.toThrow(message);
  });

  it('refuses a path that is not a folder', async () => {
    const dir = await mounted({ 'export.pkl': '' });
    await expect(models(join(dir, 'none'))).rejects.toThrow('No folder at');
    await expect(models(join(dir, 'export.pkl'))).rejects.toThrow(
      `export.pkl is a file, but --models-dir takes a folder. Serve the file with vts serve`,
    );
  });

  it('does not read endless folders', async () => {
    const dir = await mounted({ 'a/b/c/d/export.pkl': '' });
    await symlink(dir, join(dir, 'loop'));
    await expect(models(dir)).rejects.toThrow('has no model: it has a, loop.');
  });
});
