import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import {
  fastai,
  Learner,
  ModelStore,
  type LearnerDescription,
  type LearnerInput,
} from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PinnedModels } from '../lib/cli/build/pin-models.js';
import { commands } from './helpers/commands.js';
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

const TEXT = 'It was not a bad film at all, I liked it.';
const PICTURE = resolve(ROOT, 'houses/cat_1.png');

/** The argument of `vts predict` for a learner; undefined if only a row of its training fits. */
function argumentFor(path: string, { kind, columns, shape, inputs }: LearnerDescription) {
  switch (kind) {
    case 'vision':
      return PICTURE;
    case 'tabular':
    case 'collab':
      return JSON.stringify(rowOf(columns!));
    case 'array':
      return JSON.stringify(firstInput(path) ?? zeros(shape!));
    case 'mixed': {
      // Pictures are named from the root of the repository, where tests run.
      const item = path.startsWith('mixed/') ? firstInput(path) : inputs!.map(partFor);
      return JSON.stringify(item).includes('null') ? undefined : JSON.stringify(item);
    }
    default:
      return TEXT;
  }
}

const rowOf = ({ columns }: NonNullable<LearnerDescription['columns']>): unknown =>
  Object.fromEntries(columns.map(({ name, example }) => [name, example]));

function partFor({ kind, columns, shape }: LearnerInput): unknown {
  if (kind === 'vision') return PICTURE;
  if (kind === 'text') return TEXT;
  return columns ? columns.columns[0]?.example : shape && zeros(shape);
}

const zeros = ([size, ...rest]: readonly (number | null)[]): unknown =>
  size === undefined ? 0 : Array.from({ length: size ?? 1 }, () => zeros(rest));

/** The first item that the learner was tried on in Python. */
function firstInput(path: string): unknown {
  const cases = join(ROOT, dirname(path), 'cases.json');
  if (!existsSync(cases)) return undefined;
  const [first] = (JSON.parse(readFileSync(cases, 'utf8')) as { cases: { input: unknown }[] })
    .cases;
  return first?.input;
}

interface Said {
  readonly prediction: unknown;
  readonly probabilities?: unknown;
}

const parsed = (argument: string): unknown =>
  argument === PICTURE ? argument : (JSON.parse(argument) as unknown);

/** Masks and points are pixels of the picture; all others give the numbers of the answer. */
function expectSame(
  { prediction, probabilities = prediction }: Said,
  own: Float32Array,
  { task }: LearnerDescription,
): void {
  expect(prediction).toBeDefined();
  if (task === 'segment' || task === 'points') return;
  const given = [probabilities].flat(Infinity as 1);
  if (!given.every((value) => typeof value === 'number')) return;
  expect(given).toHaveLength(own.length);
  given.forEach((value, i) => expect(value).toBeCloseTo(own[i]!, 4));
}

describe('Each learner that Learner.load takes', () => {
  let home: string;
  let store: ModelStore;
  let vts: (args: readonly string[]) => Promise<string>;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'vts-every-'));
    store = new ModelStore(home);
    vts = commands(home);
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  it.each(files)('%s is imported, opened by a runner, and predicts', async (path) => {
    const [name, file] = [nameOf(path), join(home, `${nameOf(path)}.pkl`)];
    const bytes = bytesOf(path);
    await writeFile(file, bytes);
    const learner = await Learner.load(bytes);
    try {
      const { description } = learner;
      await vts(['import', name, file]);
      const runner = (await fastai.get(name, { store })).toRunner({ workers: 1 });
      try {
        await runner.open();
        expect(runner.description).toEqual(description);
      } finally {
        await runner.close();
      }
      const argument = argumentFor(path, description);
      // A language model draws its words.
      if (argument === undefined || learner.kind === 'lm') return;
      const item = learner.kind === 'text' ? TEXT : parsed(argument);
      const own = await learner.predict(item).catch((error: Error) => error);
      const said = vts(['predict', name, argument, '-o', 'json']);
      // Code of the notebook may refuse the item: the command refuses it as well.
      if (own instanceof Error) await expect(said).rejects.toThrow(own.message.slice(0, 60));
      else
        expectSame((JSON.parse(await said) as [Said])[0], own[2].data as Float32Array, description);
    } finally {
      await learner.release();
    }
  });

  it('is pinned by a bundle', async () => {
    const bundle = join(home, 'bundle');
    const pinned = new PinnedModels(store as never, bundle);
    for (const path of files) await pinned.add(nameOf(path));
    const copies = new ModelStore(bundle);
    for (const path of files) {
      const { tag, info } = await fastai.get(nameOf(path), { store: copies });
      expect(info).toEqual((await store.get(String(tag))).info);
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
