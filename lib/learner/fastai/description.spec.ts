import { readFileSync } from 'node:fs';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { InputError } from '../errors/index.js';
import type { LearnerDescription } from './contract.js';
import { Learner } from './learner.js';
import type { ShownColumns, ShownImage, ShownText } from './shown.js';
import { LMLearner } from './text/lm/lm-learner.js';

const fixtures = 'test/fixtures';

async function using<T>(
  source: string | Uint8Array,
  use: (learner: Learner) => T | Promise<T>,
): Promise<T> {
  const learner = await Learner.load(source);
  try {
    return await use(learner);
  } finally {
    await learner.release();
  }
}

const vision = (name: string): Uint8Array =>
  brotliDecompressSync(readFileSync(`${fixtures}/vision/learners/${name}/export.pkl.br`));

const described = (source: string | Uint8Array): Promise<LearnerDescription> =>
  using(source, ({ description }) => {
    // What pages and other threads get.
    expect(JSON.parse(JSON.stringify(description))).toEqual(structuredClone(description));
    return description;
  });

const shown = <T>(source: string | Uint8Array, item: unknown): Promise<T> =>
  using(source, async (learner) => (await learner.show(item)) as T);

const tabular = (name: string): Uint8Array =>
  gunzipSync(readFileSync(`${fixtures}/tabular/${name}.pkl.gz`));

const languageModel = (name: string): Uint8Array =>
  gunzipSync(readFileSync(`${fixtures}/lm/${name}/export.pkl.gz`));

describe('The description of a learner', () => {
  it.each([
    ['base_tokenizer', { kind: 'text', task: 'classify', classes: ['neg', 'pos'] }],
    [
      'multi_label',
      { kind: 'text', task: 'multilabel', classes: ['neg', 'pos', 'shout'], threshold: 0.3 },
    ],
    ['regression', { kind: 'text', task: 'regress', range: [0, 12] }],
  ])('text: %s', async (name, expected) => {
    expect(await described(`${fixtures}/learners/${name}/export.pkl`)).toEqual(expected);
  });

  const classes = ['cmyk', 'exif', 'lossless', 'palette', 'plain', 'rgb'];
  it.each([
    ['classes', { task: 'classify', classes, size: [32, 32] }],
    ['crop-pad', { task: 'classify', classes, size: [50, 30] }],
    ['multi-label', { task: 'multilabel', threshold: 0.3, size: [32, 32] }],
    ['mask', { task: 'segment', classes: ['ground', 'water', 'sky'], size: [24, 32] }],
    ['points', { task: 'points', size: [30, 24] }],
    ['numbers', { task: 'regress', size: [32, 32] }],
  ])('images: %s', async (name, expected) => {
    expect(await described(vision(name))).toMatchObject({ kind: 'vision', ...expected });
  });

  it('rows, with their columns', async () => {
    const { columns, ...rest } = await described(tabular('typed'));
    expect(rest.kind).toBe('tabular');
    expect(columns).toEqual(await using(tabular('typed'), ({ schema }) => schema));
  });

  it('a user and an item', async () => {
    const { kind, task, range, targets } = await described(tabular('collab_neural'));
    expect({ kind, task }).toEqual({ kind: 'collab', task: 'regress' });
    expect([range, targets]).toEqual([[0, 5.5], ['rating']]);
  });

  it('a language model', async () => {
    expect(await described(languageModel('untied'))).toEqual({
      kind: 'lm',
      task: 'generate',
    });
  });
});

describe('The view of a model', () => {
  it('of a text: the tokens of its ids', async () => {
    const file = `${fixtures}/learners/base_tokenizer/export.pkl`;
    const { cases } = JSON.parse(
      readFileSync(`${fixtures}/learners/base_tokenizer/cases.json`, 'utf8'),
    ) as { cases: { input: string; tokens: string[] }[] };
    await using(file, async (learner) => {
      for (const { input, tokens } of cases) {
        const { tokens: all } = (await learner.show(input)) as ShownText;
        // The record of a long text has its beginning.
        expect(all.slice(0, tokens.length)).toEqual(tokens);
      }
    });
  });

  it('of a text that is read backwards: the end first', async () => {
    const learner = await LMLearner.load(languageModel('backwards'));
    const { tokens } = await learner.show('the film');
    expect(tokens.at(-1)).toBe('xxbos');
    expect(tokens.toReversed().slice(1)).toEqual(learner.tokenize('the film').slice(1));
    await learner.release();
  });

  it('of an image: its pixels, which predict the same', async () => {
    const path = `${fixtures}/vision/images/rgb.png`;
    await using(vision('classes'), async (learner) => {
      const { image } = (await learner.show(path)) as ShownImage;
      expect(image).toMatchObject({ width: 32, height: 32, channels: 3 });
      expect(image.data).toHaveLength(32 * 32 * 3);
      const [[, , whole], [, , seen]] = [await learner.predict(path), await learner.predict(image)];
      expect(seen.data).toEqual(whole.data);
    });
  });

  it('of an image for a model of grey images: one channel', async () => {
    const { image } = await shown<ShownImage>(vision('grey'), `${fixtures}/vision/images/rgb.png`);
    expect(image).toMatchObject({ width: 32, height: 32, channels: 1 });
  });

  it.each([
    ['typed', ['level', 'married', 'work']],
    ['constant_fill', ['age', 'gain', 'married', 'work']],
  ])('of a row: categories or #na#, numbers filled or not: %s', async (name, gaps) => {
    // NaN, which JSON has not, is written as an object there.
    const text = readFileSync(`${fixtures}/tabular/${name}.json`, 'utf8');
    const { cases } = JSON.parse(text.replace(/\{\s*"float":\s*"nan"\s*\}/g, 'null')) as {
      cases: { input: Record<string, unknown>; shown: Record<string, unknown> }[];
    };
    const unknown = new Set<string>();
    await using(tabular(name), async (learner) => {
      // Some have cells that fastai refuses, or infinities.
      const plain = cases.filter((one) => one.shown && !JSON.stringify(one).includes('"float"'));
      for (const { input, shown: expected } of plain) {
        const { columns } = (await learner.show(input)) as ShownColumns;
        expect(columns.map(({ name }) => name)).toEqual(
          learner.schema.columns.map(({ name }) => name),
        );
        for (const { name: column, value, known } of columns) {
          if (!known) unknown.add(column);
          if (typeof value === 'number' && known) expect(value).toBe(Number(input[column]));
          const other = expected[column] ?? '#na#';
          if (typeof value === 'number') expect(value / (other as number)).toBeCloseTo(1, 5);
          else expect(value).toBe(other);
        }
      }
    });
    expect([...unknown]).toEqual(expect.arrayContaining(gaps));
  });

  it('refuses bytes that are not an image', async () => {
    await expect(shown(vision('classes'), 5)).rejects.toThrow(InputError);
  });
});
