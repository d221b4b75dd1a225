import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import type { Tensor } from 'onnxruntime-common';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../errors/index.js';
import { writeModel } from '../../onnx/proto/model-writer.js';
import { lowerModel } from '../../onnx/lowering/lower-model.js';
import { sentItem } from '../entry/sent-item.js';
import { Learner } from '../learner.js';
import type { ShownInputs } from '../shown.js';

// Rows name their pictures by paths from the root of the repository, where tests run.
const folder = 'test/fixtures/mixed';

interface Case {
  readonly input: unknown;
  readonly decoded: unknown;
  readonly pred: unknown;
  readonly probs: readonly number[];
}

const casesOf = (name: string): readonly Case[] =>
  (
    JSON.parse(readFileSync(`${folder}/${name}/cases.json`, 'utf8')) as {
      readonly cases: readonly Case[];
    }
  ).cases;

const load = (name: string): Promise<Learner> =>
  Learner.load(brotliDecompressSync(readFileSync(`${folder}/${name}/export.pkl.br`)));

const picture = (name: string): Buffer => readFileSync(`${folder}/images/${name}`);

function expectClose(given: ArrayLike<number | bigint>, expected: readonly number[]): void {
  expect(given).toHaveLength(expected.length);
  expected.forEach((value, i) =>
    expect(Math.abs(Number(given[i]) - value)).toBeLessThanOrEqual(1e-5),
  );
}

function expectDecoded(given: unknown, expected: unknown): void {
  if (typeof expected === 'number') expect(given).toBeCloseTo(expected, 5);
  else if (Array.isArray(expected) && typeof expected[0] === 'number') {
    expectClose(given as number[], expected as number[]);
  } else expect(given).toEqual(expected);
}

const KINDS = {
  three_images: 'mixed',
  two_texts: 'mixed',
  text_scalars: 'mixed',
  image_numbers: 'mixed',
  siamese_transform: 'mixed',
  siamese_block: 'mixed',
  rows_vision: 'vision',
  rows_text: 'text',
} as const;

describe.each(Object.entries(KINDS))('The learner %s', (name, kind) => {
  const cases = casesOf(name);
  let learner: Learner;
  beforeAll(async () => {
    learner = await load(name);
  });
  afterAll(() => learner.release());

  it('is what it is', () => {
    expect(learner.kind).toBe(kind);
    expect(learner.description.kind).toBe(kind);
  });

  it('predicts what fastai predicts', async () => {
    for (const { input, decoded, pred, probs } of cases) {
      const [given, target, probabilities] = await learner.predict(input);
      expectDecoded(given, decoded);
      expectClose(probabilities.data as Float32Array, probs);
      expectClose(Array.from(target.data as ArrayLike<number>, Number), [pred].flat().map(Number));
    }
  });

  it('predicts many items with the same numbers as each alone', async () => {
    const [predictions] = await learner.getPreds(cases.map(({ input }) => input));
    expectClose(
      predictions.data as Float32Array,
      cases.flatMap(({ probs }) => probs),
    );
  });
});

describe('An item of several inputs', () => {
  let three: Learner;
  let texts: Learner;
  const rowOf = (name: string, at = 0) =>
    casesOf(name)[at]!.input as Readonly<Record<string, string | number>>;
  beforeAll(async () => {
    three = await load('three_images');
    texts = await load('text_scalars');
  });
  afterAll(async () => {
    await three.release();
    await texts.release();
  });

  it('may be a list in their order, or an object with their names', async () => {
    const row = rowOf('three_images');
    const { probs } = casesOf('three_images')[0]!;
    const bytes = ['file', 'back', 'side'].map((name) => picture(String(row[name])));
    const names = three.description.inputs!.map(({ name }) => name);
    expect(names).toEqual(['file', 'back', 'image']);
    const byName = Object.fromEntries(names.map((name, i) => [name, bytes[i]]));
    const paths = ['file', 'back', 'side'].map((name) => `${folder}/images/${row[name]}`);
    const blobs = bytes.map((one) => new Blob([new Uint8Array(one)]));
    for (const item of [bytes, byName, paths, blobs, sentItem(byName), sentItem(bytes)]) {
      expectClose((await three.predict(item))[2].data as Float32Array, probs);
    }
  });

  it('may be pixels', async () => {
    const row = rowOf('three_images');
    const { probs } = casesOf('three_images')[0]!;
    const raw = await Promise.all(
      ['file', 'back', 'side'].map(async (name) => {
        const image = sharp(picture(String(row[name]))).raw();
        const { data, info } = await image.toBuffer({ resolveWithObject: true });
        return { data, width: info.width, height: info.height, channels: info.channels };
      }),
    );
    expectClose((await three.predict(raw))[2].data as Float32Array, probs);
  });

  it('has numbers, texts and categories as they are', async () => {
    const { text, age, dose, ward } = rowOf('text_scalars');
    const { probs } = casesOf('text_scalars')[0]!;
    expect(texts.description.inputs).toMatchObject([
      { name: 'text', kind: 'text' },
      { name: 'age', kind: 'array' },
      { name: 'dose', kind: 'array' },
      {
        name: 'ward',
        kind: 'tabular',
        columns: { columns: [{ categories: ['east', 'north', 'south'] }] },
      },
    ]);
    for (const item of [[text, age, dose, ward], { text, age, dose, ward }]) {
      expectClose((await texts.predict(item))[2].data as Float32Array, probs);
    }
  });

  it('may be a row that contains the pictures', async () => {
    const learner = await load('image_numbers');
    for (const { input, probs } of casesOf('image_numbers')) {
      const row = input as Readonly<Record<string, string | number>>;
      const item = { age: row['age'], dose: row['dose'], image: picture(String(row['file'])) };
      for (const given of [item, sentItem(item)]) {
        expectClose((await learner.predict(given))[2].data as Float32Array, probs);
      }
    }
    await learner.release();
  });

  it('accepts the numbers that it shows, in lists and typed arrays', async () => {
    const learner = await load('image_numbers');
    const { input, probs } = casesOf('image_numbers')[0]!;
    const { inputs } = (await learner.show(input)) as ShownInputs;
    const [, first, second] = inputs as readonly { readonly values: readonly number[] }[];
    const image = picture(String((input as Readonly<Record<string, string>>)['file']));
    const item = [image, first!.values, Float32Array.from(second!.values)];
    expectClose((await learner.predict(item))[2].data as Float32Array, probs);
    await learner.release();
  });

  it("shows the model's input", async () => {
    const { inputs } = (await texts.show(rowOf('text_scalars'))) as ShownInputs;
    expect(inputs.map(({ name }) => name)).toEqual(['text', 'age', 'dose', 'ward']);
    expect(inputs[0]).toMatchObject({ tokens: expect.arrayContaining(['xxbos']) as unknown });
    expect(inputs[1]).toMatchObject({ values: [rowOf('text_scalars')['age']], shape: [] });
    const { inputs: images } = (await three.show(rowOf('three_images'))) as ShownInputs;
    expect(images).toMatchObject([
      { image: { width: 20, height: 20, channels: 3 } },
      { image: { width: 20, height: 20, channels: 1 } },
      { image: { width: 20, height: 20, channels: 3 } },
    ]);
  });

  it.each<[string, unknown, RegExp]>([
    ['a text', 'a lovely soup', /a list of its 4 inputs \(text, age, dose, ward\)/],
    ['a list that is too short', ['soup', 3], /a list of its 4 inputs/],
    ['nothing', null, /received null/],
    ['a row without a column', { text: 'soup', age: 3, ward: 'east' }, /needs the column "dose"/],
    ['an unknown category', ['soup', 3, 4, 'moon'], /one of the 3 categories of "ward"/],
    ['a text for a number', ['soup', 'three', 4, 'east'], /as "age"/],
    ['lists too deep', ['soup', [[[[[[[[[[[1]]]]]]]]]]], 4, 'east'], /nested more than 8 deep/],
  ])('is refused if it is %s', async (_, item, message) => {
    await expect(texts.predict(item)).rejects.toThrow(message);
  });

  it('does not open files for an item that was sent', async () => {
    const row = rowOf('three_images');
    await expect(three.predict(sentItem(row))).rejects.toThrow(/other than the item/);
    const paths = ['file', 'back', 'side'].map((name) => `${folder}/images/${row[name]}`);
    await expect(three.predict(sentItem(paths))).rejects.toThrow(/the bytes of an image as "file"/);
  });

  it('is described as the model received it', async () => {
    const rows = casesOf('three_images').map(({ input }) => input);
    const [inputs, , , decoded] = await three.getPreds(rows, {
      withInput: true,
      withDecoded: true,
    });
    expect((inputs as Tensor[]).map(({ type, dims }) => [type, dims])).toEqual([
      ['float32', [3, 3, 20, 20]],
      ['float32', [3, 1, 20, 20]],
      ['float32', [3, 3, 20, 20]],
    ]);
    expect(Array.from(decoded.data as BigInt64Array, Number)).toEqual(
      casesOf('three_images').map(({ pred }) => pred),
    );
    const [one] = await texts.getPreds([rowOf('text_scalars')], { withInput: true });
    expect((one as Tensor[])[0]).toMatchObject({ type: 'int64' });
    await expect(
      texts.getPreds(
        casesOf('text_scalars').map(({ input }) => input),
        { withInput: true },
      ),
    ).rejects.toThrow(/differ in size/);
  });

  it('is not explained', async () => {
    await expect(texts.explain(rowOf('text_scalars'))).rejects.toThrow(/several inputs/);
  });
});

describe('A row', () => {
  it('is refused with the name of a missing column', async () => {
    const learner = await load('rows_text');
    await expect(learner.predict({ text: 'soup' })).rejects.toThrow(/needs the column "title"/);
    await learner.release();
  });

  it('is refused by a learner that was made from other items', async () => {
    const learner = await load('siamese_block');
    await expect(learner.predict({ file: 'a.png' })).rejects.toThrow(/a list of its 2 inputs/);
    await learner.release();
  });
});

describe('Items that fastai refuses too', () => {
  it('is the fault of the item: numbers of another length, and what its code refuses', async () => {
    const learner = await load('image_numbers');
    const { input, probs } = casesOf('image_numbers')[0]!;
    const row = input as Readonly<Record<string, string | number>>;
    const image = picture(String(row['file']));
    const wrong = learner.predict([image, [1, 2, 3], [1, 2]]);
    await expect(wrong).rejects.toThrow(InputError);
    await expect(wrong).rejects.toThrow(/MinMax float32 \[3\]/);
    const refused = learner.predict({ ...row, age: 'old' });
    await expect(refused).rejects.toThrow(InputError);
    await expect(refused).rejects.toThrow(/its own code accepts \(it refuses this one: TypeError/);
    // And the next one is well.
    expectClose((await learner.predict(row))[2].data as Float32Array, probs);
    await learner.release();
  });

  it('is empty if the model comes from an ONNX file', async () => {
    const learner = await load('three_images');
    const dims = ['batch', 3, 20, 20];
    const { graph } = lowerModel(learner.model, {
      inputs: [
        { name: 'a', dtype: 'float32', dims },
        { name: 'b', dtype: 'float32', dims: ['batch', 1, 20, 20] },
        { name: 'c', dtype: 'float32', dims },
      ],
    });
    const file = brotliDecompressSync(readFileSync(`${folder}/three_images/export.pkl.br`));
    const other = await Learner.load(file, { onnx: writeModel(graph).model });
    for (const { input, probs } of casesOf('three_images')) {
      expectClose((await other.predict(input))[2].data as Float32Array, probs);
    }
    await learner.release();
    await other.release();
  });

  it('has the vocabularies of its inputs and of its target', async () => {
    const learner = await load('text_scalars');
    const lists = learner.vocab as readonly (readonly string[])[];
    expect(lists).toHaveLength(3);
    expect(lists[0]).toContain('xxbos');
    expect(lists.slice(1)).toEqual([
      ['east', 'north', 'south'],
      ['bad', 'fine', 'good'],
    ]);
    await learner.release();
  });
});
