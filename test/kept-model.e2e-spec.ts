import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastai, Learner, ModelStore, pytorch, type Prediction } from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const LEARNERS = ['few_rules', 'german_bidir', 'legacy_stream', 'multi_label', 'regression'];
const CACHE = '.vts-cache';

let home: string;
let store: ModelStore;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vts-kept-'));
  store = new ModelStore(join(home, 'store'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const fileOf = (learner: string): string => `test/fixtures/learners/${learner}/export.pkl`;

async function textsOf(learner: string): Promise<string[]> {
  const path = fileOf(learner).replace('export.pkl', 'cases.json');
  const { cases } = JSON.parse(await readFile(path, 'utf8')) as { cases: { input: string }[] };
  return cases.slice(0, 8).map(({ input }) => input);
}

/** Decoded values and the bits of targets and probabilities. */
const bitsOf = ([decoded, target, probs]: Prediction<unknown>): unknown[] => [
  decoded,
  ...[target, probs].map(({ data, dims }) => {
    const { buffer, byteOffset, byteLength } = data as Float32Array;
    return [dims, Buffer.from(buffer, byteOffset, byteLength).toString('hex')];
  }),
];

async function predictions<Decoded>(
  learner: Learner<string, Decoded>,
  texts: readonly string[],
): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const text of texts) results.push(bitsOf(await learner.predict(text)));
  await learner.release();
  return results;
}

describe('Learner.load with a cacheFolder', () => {
  it.each(LEARNERS)('gives the same bits from the cached model: %s', async (name) => {
    const texts = await textsOf(name);
    const cacheFolder = join(home, name);
    const load = (options = {}) => Learner.load<string>(fileOf(name), options);
    const expected = await predictions(await load(), texts);
    expect(await predictions(await load({ cacheFolder }), texts)).toEqual(expected);
    const [kept] = await readdir(cacheFolder);
    expect(kept).toMatch(/^lowered-[0-9a-f]{32}$/);
    expect(await predictions(await load({ cacheFolder }), texts)).toEqual(expected);
    expect(await readdir(cacheFolder)).toEqual([kept]);
  });

  it('keeps one for each file', async () => {
    const cacheFolder = join(home, 'several');
    for (const name of ['few_rules', 'regression']) {
      await (await Learner.load(fileOf(name), { cacheFolder })).release();
    }
    expect(await readdir(cacheFolder)).toHaveLength(2);
  });
});

describe('a model of a store', () => {
  it('keeps its lowered model, which no archive holds', async () => {
    const model = await fastai.saveModel('reviews', fileOf('few_rules'), { store });
    expect((await readdir(model.path)).sort()).toEqual(['model.yaml', 'saved_model.pkl']);
    const texts = await textsOf('few_rules');
    const expected = await predictions(await Learner.load(fileOf('few_rules')), texts);
    for (const workers of [1, 2]) {
      const runner = model.toRunner({ workers }) as ReturnType<typeof model.toRunner> & {
        predict: { run(text: string): Promise<Prediction<unknown>> };
      };
      const results = await Promise.all(texts.map((text) => runner.predict.run(text)));
      await runner.close();
      expect(results.map(bitsOf)).toEqual(expected);
      expect(await readdir(join(model.path, CACHE))).toHaveLength(1);
    }
    expect(await predictions(await fastai.loadModel('reviews', { store }), texts)).toEqual(
      expected,
    );

    const archive = await store.export('reviews', join(home, 'reviews.bentomodel'));
    const other = new ModelStore(join(home, 'other'));
    const imported = await other.import(archive);
    expect((await readdir(imported.path)).sort()).toEqual(['model.yaml', 'saved_model.pkl']);
  });

  it('replaces a damaged cached model', async () => {
    const model = await fastai.saveModel('scores', fileOf('regression'), { store });
    const texts = await textsOf('regression');
    const load = () => fastai.loadModel<string>('scores', { store });
    const expected = await predictions(await load(), texts);
    const [kept] = await readdir(join(model.path, CACHE));
    const data = join(model.path, CACHE, kept!, 'model.onnx');
    const bytes = await readFile(data);
    const sound = Buffer.from(bytes);
    bytes.fill(0, bytes.length / 2);
    await writeFile(data, bytes);
    expect(await predictions(await load(), texts)).toEqual(expected);
    expect((await readFile(data)).equals(sound)).toBe(true);
  });

  it('is served from a store that cannot be written', async () => {
    const model = await fastai.saveModel('sealed', fileOf('few_rules'), { store });
    await chmod(model.path, 0o500);
    try {
      const learner = await fastai.loadModel<string>('sealed', { store });
      expect(await predictions(learner, ['Good.'])).toHaveLength(1);
    } finally {
      await chmod(model.path, 0o700);
    }
  });

  it('keeps that of the PyTorch layer too', async () => {
    const learner = await Learner.load<string>(fileOf('few_rules'));
    const model = await pytorch.saveModel('module', learner.model, { store });
    await learner.release();
    const row = [[2, 5, 9, 11, 7]];
    const outputs: unknown[] = [];
    for (let i = 0; i < 2; i++) {
      const runner = model.toRunner({ workers: 1 });
      outputs.push(await runner.run(row));
      await runner.close();
      expect(await readdir(join(model.path, CACHE))).toHaveLength(1);
    }
    expect(outputs[1]).toEqual(outputs[0]);
  });
});
