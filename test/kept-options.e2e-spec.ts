import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  fastai,
  InvalidKeptOptionError,
  Learner,
  ModelStore,
  NotKeptOptionError,
  type LearnerOptions,
} from 'nestjs-vts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { vts } from './helpers/vts.js';

const LEARNERS = 'test/fixtures/real';
const FIXED = join(LEARNERS, 'p_onnx_fixed');
const BY_NAME = join(LEARNERS, 'p_mask_loss_name');

interface Cases {
  readonly cases: readonly { input: string; probs: number[]; pred: unknown }[];
}

async function firstCase(folder: string) {
  const { cases } = JSON.parse(await readFile(join(folder, 'cases.json'), 'utf8')) as Cases;
  return { item: join(folder, cases[0]!.input), ...cases[0]! };
}

function expectClose(actual: ArrayLike<number>, expected: readonly unknown[]): void {
  const numbers = expected.flat(4) as number[];
  expect(actual).toHaveLength(numbers.length);
  numbers.forEach((value, i) => expect(Math.abs(actual[i]! - value)).toBeLessThan(1e-4));
}

let home: string;
let store: ModelStore;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'vts-kept-'));
  store = new ModelStore(home);
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe('The options that a learner is loaded with are saved with its model', () => {
  const kinds: [string, string, LearnerOptions][] = [
    ['an ONNX file', FIXED, { onnx: join(FIXED, 'model.onnx') }],
    ['a notebook', BY_NAME, { code: join(BY_NAME, 'notebook.ipynb') }],
    ['a source file', BY_NAME, { code: [join(BY_NAME, 'notebook.py')] }],
  ];

  it.each(kinds)('%s', async (_, folder, options) => {
    const { item, probs } = await firstCase(folder);
    const saved = await fastai.saveModel('kept', join(folder, 'export.pkl'), { store, ...options });

    const archive = join(home, 'kept.bentomodel');
    await store.export(saved.tag, archive);
    const other = new ModelStore(join(home, 'other'));
    const model = await other.import(archive);
    // Nothing but the store's own files.
    const runner = (await fastai.get(model.tag, { store: other })).toRunner({ workers: 1 });
    const learner = await fastai.loadModel(model.tag, { store: other });
    try {
      const [, , fromRunner] = await runner.predict.run(item);
      expectClose(fromRunner.data as Float32Array, probs);
      const [, , fromLearner] = await learner.predict(item);
      expectClose(fromLearner.data as Float32Array, probs);
      // A learner brings along what it was loaded with.
      const again = await fastai.saveModel('again', learner, { store });
      const second = await fastai.loadModel(again, { store });
      const [, , fromSecond] = await second.predict(item);
      expectClose(fromSecond.data as Float32Array, probs);
      await second.release();
    } finally {
      await learner.release();
      await runner.close();
    }
  });

  it('an activation and transforms of training', async () => {
    const folder = join(LEARNERS, 'p_aug_name');
    const { item, probs } = await firstCase(folder);
    const name = { trainingOnly: ['AlbumentationsTransform'] };
    const file = join(folder, 'export.pkl');
    const model = await fastai.saveModel('m', file, { store, ...name, activation: 'softmax' });
    expect(JSON.parse(JSON.stringify(model.info.options))).toEqual({
      vts_load: { activation: 'softmax', training_only: ['AlbumentationsTransform'] },
    });
    const learner = await fastai.loadModel(model, { store });
    const [, , given] = await learner.predict(item);
    expectClose(given.data as Float32Array, probs);
    await learner.release();
  });

  it('by the command line', async () => {
    const { item, probs } = await firstCase(BY_NAME);
    const run = (...args: string[]) => vts(args, { home });
    const flags = ['--code', join(BY_NAME, 'notebook.ipynb')];
    const file = join(BY_NAME, 'export.pkl');
    const imported = await run('import', 'masks:v1', file, ...flags);
    expect([imported.code, imported.stderr]).toEqual([0, '']);
    for (const args of [['masks:v1'], [file, ...flags]]) {
      const [target, ...options] = args;
      const { code, stdout } = await run('predict', target!, item, '-o', 'json', ...options);
      expect(code).toBe(0);
      const { probabilities } = JSON.parse(stdout) as { probabilities?: number[] };
      if (probabilities) expectClose(probabilities, probs);
    }
    const inspected = await run('inspect', 'masks:v1', '-o', 'json');
    expect(JSON.parse(inspected.stdout)).toMatchObject({ servable: true });
    expect((await run('doctor', 'masks:v1')).code).toBe(0);
    expect((await run('doctor', file)).code).toBe(1);
  });

  const flags: [string, string, string[]][] = [
    ['--code', BY_NAME, ['--code', join(BY_NAME, 'notebook.py')]],
    ['--onnx', FIXED, ['--onnx', join(FIXED, 'model.onnx')]],
    ['--activation', BY_NAME, ['--activation', 'softmax']],
    [
      '--training-only',
      join(LEARNERS, 'p_aug_name'),
      ['--training-only', 'AlbumentationsTransform'],
    ],
  ];

  it.each(flags)('commands take %s', async (_, folder, options) => {
    const file = join(folder, 'export.pkl');
    const { item } = await firstCase(folder);
    const run = (...args: string[]) => vts(args, { home });
    expect((await run('doctor', file, ...options)).code).toBe(0);
    const inspected = await run('inspect', file, '-o', 'json', ...options);
    expect(JSON.parse(inspected.stdout)).toMatchObject({ servable: true });
    const compared = await run('compare', file, '--decode', 'scaled', item, ...options);
    expect(compared.code).toBe(0);
    expect(compared.stdout).toMatch(/equal/i);
  });

  it('inspect prints the code', async () => {
    const inspect = (...args: string[]) => vts(['inspect', ...args], { home });
    const file = join(LEARNERS, 'c_view_cnn', 'export.pkl');
    const listed = await inspect(file);
    expect(listed.stdout).toMatch(/Own code {2}--show-code prints it\n(.*\n)+.*__main__\.ViewCnn/);
    expect((await inspect(file, '--show-code')).stdout).toMatch(/ViewCnn\.forward\(.*line \d+/);
    expect((await inspect(file, '--show-code', '-o', 'json')).code).toBe(1);
    const given = ['--code', join(BY_NAME, 'notebook.py'), '--show-code'];
    const byName = await inspect(join(BY_NAME, 'export.pkl'), ...given);
    expect(byName.stdout).toMatch(/\d+ {2}class CombinedLoss/);
  });

  it('but functions are not', async () => {
    const file = 'test/fixtures/learners/base_tokenizer/export.pkl';
    const tokenizer = (text: string): string[] => text.split(' ');
    const learner = await Learner.load(file, { tokenizer });
    await expect(fastai.saveModel('m', learner, { store })).rejects.toThrow(NotKeptOptionError);
    const model = await fastai.saveModel('m', learner, { store, load: { tokenizer } });
    expect({ ...model.info.options }).toEqual({});
    await learner.release();
  });

  it('a model.yaml that names files elsewhere is refused', async () => {
    const file = join(FIXED, 'export.pkl');
    const onnx = join(FIXED, 'model.onnx');
    const model = await fastai.saveModel('m:v1', file, { store, onnx });
    const yaml = model.pathOf('model.yaml');
    const text = await readFile(yaml, 'utf8');
    for (const name of ['../../secret.onnx', '/etc/passwd', '{}', '3']) {
      await rm(yaml);
      await writeFile(yaml, text.replace('onnx: model.onnx', `onnx: ${name}`));
      const changed = await new ModelStore(home).get('m:v1');
      expect(() => changed.toRunner()).toThrow(InvalidKeptOptionError);
      await expect(fastai.loadModel(changed)).rejects.toThrow(InvalidKeptOptionError);
    }
    await mkdir(home, { recursive: true });
  });
});
