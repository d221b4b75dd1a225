import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { fastai, Learner, ModelStore } from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveKinds } from './helpers/served-kinds.js';

const ROOT = 'test/fixtures';
/** Folders of learners; the others hold bare models, or files that are refused. */
const FOLDERS = [
  'arrays',
  'code',
  'houses',
  'learners',
  'lm',
  'mixed',
  'real',
  'tabular',
  'vision',
];

/** Those that need more than their file, and files that are not learners. */
const OTHERS =
  /code\/(items|modules|notebooks|records|layers|learners\/named|named)|code\/own_procs\/by_name|houses\/(boxes|onnx)|refused-transform|vision\/(families|layouts|models)|arrays\/series|real\/(p_mask_loss_name|p_onnx_fixed|p_spm)/;

const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => /\.(pkl|pickle|cloudpickle|joblib)(\.(br|gz))?$/.test(path))
    .filter((path) => !OTHERS.test(path)),
).sort();

function bytesOf(path: string): Buffer {
  const bytes = readFileSync(join(ROOT, path));
  if (path.endsWith('.gz')) return gunzipSync(bytes);
  return path.endsWith('.br') ? brotliDecompressSync(bytes) : bytes;
}

/** A name of a model: `learners/few_rules/export.pkl` is `learners_few_rules`. */
const nameOf = (path: string): string =>
  path
    .replace(/(\/export)?\.(pkl|pickle|cloudpickle|joblib)(\.(br|gz))?$/, (_, __, kind: string) =>
      kind === 'pkl' ? '' : `_${kind}`,
    )
    .toLowerCase()
    .replace(/\W+/g, '_');

describe('Each learner that Learner.load takes', () => {
  let home: string;
  let store: ModelStore;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'vts-every-'));
    store = new ModelStore(home);
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  it.each(files)('%s is saved, loaded from the store, and opened by a runner', async (path) => {
    const bytes = bytesOf(path);
    const learner = await Learner.load(bytes);
    const { description } = learner;
    await learner.release();
    const model = await fastai.saveModel(nameOf(path), bytes, { store });
    const runner = model.toRunner({ workers: 1 });
    try {
      await runner.open();
      expect(runner.description).toEqual(description);
    } finally {
      await runner.close();
    }
  });

  it('is served by vts serve, one of each folder', async () => {
    const names = FOLDERS.map((folder) =>
      nameOf(files.find((path) => path.startsWith(`${folder}/`))!),
    );
    const served = await serveKinds(home, [...names, '--workers', '1']);
    try {
      const document = (await (await fetch(`${served.url}docs-json`)).json()) as {
        readonly paths: Readonly<Record<string, unknown>>;
      };
      const routes = Object.keys(document.paths);
      for (const name of names) expect(routes).toContain(`/models/${name}/predict`);
    } finally {
      await served.stop();
    }
  }, 120_000);
});
