import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastai, ModelStore } from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import xz from 'xz-decompress';
import { vts } from './helpers/vts.js';

const FOLDER = 'test/fixtures/text/sentencepiece';
const tokenizer = join(FOLDER, 'spm.model');

interface Case {
  readonly input: string;
  readonly decoded: string;
  readonly probs: number[];
}

let home: string;
let file: string;
let cases: Case[];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vts-tokenizer-'));
  const packed = new Blob([await readFile(join(FOLDER, 'given.pkl.xz'))]).stream();
  const bytes = await new Response(new xz.XzReadableStream(packed)).arrayBuffer();
  file = join(home, 'export.pkl');
  await writeFile(file, Buffer.from(bytes));
  const all = JSON.parse(await readFile(join(FOLDER, 'learners.json'), 'utf8')) as {
    given: Case[];
  };
  cases = all.given.filter(({ input }) => input.trim() !== '');
});
afterAll(() => rm(home, { recursive: true, force: true }));

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 4));
}

describe('A SentencePiece model', () => {
  it('is kept with its learner, for runners and archives', async () => {
    const store = new ModelStore(join(home, 'store'));
    const saved = await fastai.saveModel('kept', file, { store, tokenizer });
    expect(JSON.parse(JSON.stringify(saved.info.options))).toEqual({
      vts_load: { tokenizer: 'spm.model' },
    });
    const archive = join(home, 'kept.bentomodel');
    await store.export(saved.tag, archive);
    const model = await new ModelStore(join(home, 'other')).import(archive);
    const runner = (
      await fastai.get(model.tag, { store: new ModelStore(join(home, 'other')) })
    ).toRunner({ workers: 1 });
    const learner = await fastai.loadModel(model);
    // The bytes of a model are kept as well, and so is what a learner was loaded with.
    const bytes = { store, tokenizer: await readFile(tokenizer) };
    await fastai.saveModel('bytes:v1', file, bytes);
    await fastai.saveModel('again:v1', learner, { store });
    const others = await Promise.all(
      ['bytes:v1', 'again:v1'].map((tag) => fastai.loadModel(tag, { store })),
    );
    try {
      for (const { input, decoded, probs } of cases) {
        const [answer, , given] = await runner.predict.run(input);
        expect(answer).toBe(decoded);
        expectClose(given.data as Float32Array, probs);
        for (const each of [learner, ...others]) {
          expectClose((await each.predict(input))[2].data as Float32Array, probs);
        }
      }
    } finally {
      await runner.close();
      await Promise.all([learner, ...others].map((each) => each.release()));
    }
  });

  it('is an option of the commands', async () => {
    const run = (...args: string[]) => vts(args, { home: join(home, 'cli') });
    const flags = ['--tokenizer', tokenizer];
    const imported = await run('import', 'texts:v1', file, ...flags);
    expect([imported.code, imported.stderr]).toEqual([0, '']);
    const { input, probs } = cases[0]!;
    for (const [target, ...options] of [['texts:v1'], [file, ...flags]]) {
      const predicted = await run('predict', target!, input, '-o', 'json', ...options);
      expect(predicted.code).toBe(0);
      const [first] = JSON.parse(predicted.stdout) as { probabilities: number[] }[];
      expectClose(first!.probabilities, probs);
    }
    for (const [target, ...options] of [['texts:v1'], [file, ...flags]]) {
      expect((await run('doctor', target!, ...options)).code).toBe(0);
      const inspected = await run('inspect', target!, '-o', 'json', ...options);
      expect(JSON.parse(inspected.stdout)).toMatchObject({ kind: 'text', servable: true });
      const compared = await run('compare', target!, '--quantize', 'int8', input, ...options);
      expect(compared.stdout + compared.stderr).toMatch(/has no effect on this learner/);
    }
    const diagnosed = await run('doctor', file);
    expect(diagnosed.code).toBe(1);
    expect(diagnosed.stdout.replace(/\s+/g, ' ')).toContain('which is not in the file; give it');
  });
});
