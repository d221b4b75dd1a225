import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { Tensor } from 'onnxruntime-common';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../errors/index.js';
import { UnexpectedItemError } from '../errors.js';
import { Learner } from '../learner.js';
import { EmptyImageError, UnreadableImageFileError } from '../errors.js';
import type { LearnerOptions } from '../contract.js';
import type { DecodedImageTarget } from './image-target.js';
import type { ImageItem } from './image-item.js';

const folder = new URL('../../../../test/fixtures/vision/', import.meta.url);
const image = (name: string): string => fileURLToPath(new URL(`images/${name}`, folder));

type ImageLearner = Learner<ImageItem, DecodedImageTarget>;

interface Case {
  readonly input: string;
  readonly decoded: unknown;
  readonly target: unknown;
  readonly probs: unknown;
}

function load(name: string, options: LearnerOptions = {}): Promise<ImageLearner> {
  const file = readFileSync(new URL(`learners/${name}/export.pkl.br`, folder));
  return Learner.load<ImageItem, DecodedImageTarget>(brotliDecompressSync(file), options);
}

function cases(name: string): Case[] {
  return JSON.parse(readFileSync(new URL(`learners/${name}/cases.json`, folder), 'utf8')) as Case[];
}

const flat = (value: unknown): unknown[] => (Array.isArray(value) ? value.flatMap(flat) : [value]);
const plain = (value: unknown): unknown =>
  value instanceof Tensor ? Array.from(value.data as ArrayLike<bigint | number>, Number) : value;

/** Numbers within fastai's own noise; names and classes exactly. */
function expectSame(actual: unknown, expected: unknown): void {
  const [a, b] = [flat(plain(actual)), flat(expected)];
  expect(a).toHaveLength(b.length);
  b.forEach((value, i) => {
    if (typeof value === 'string') expect(a[i]).toBe(value);
    else expect(Math.abs(Number(a[i]) - Number(value))).toBeLessThan(1e-4);
  });
}

const names = readdirSync(new URL('learners/', folder));

describe('A named activation', () => {
  it.each(['softmax', 'sigmoid', 'none'] as const)(
    '%s acts on the channels of a mask',
    async (activation) => {
      const raw = await load('mask', { activation: 'none' });
      const learner = await load('mask', { activation });
      const [{ input, ...expected } = fail()] = cases('mask');
      const [decoded, target, probs] = await learner.predict(image(input));
      const [, , output] = await raw.predict(image(input));
      if (activation === 'softmax') {
        expectSame([decoded, target, probs].map(plain), [
          expected.decoded,
          expected.target,
          expected.probs,
        ]);
      } else if (activation === 'sigmoid') {
        expectSame(
          probs,
          flat(plain(output)).map((x) => 1 / (1 + Math.exp(-Number(x)))),
        );
        expect(target.dims).toEqual(output.dims);
      } else {
        expect(plain(target)).toEqual(plain(output));
      }
      await Promise.all([raw.release(), learner.release()]);
    },
  );

  it('acts on the last axis of anything else', async () => {
    const learner = await load('classes', { activation: 'softmax' });
    const [{ input, probs } = fail()] = cases('classes');
    expectSame((await learner.predict(image(input)))[2], probs);
    await learner.release();
  });
});

function fail(): never {
  throw new Error('The fixture has no case.');
}

describe('Image learners predict what fastai predicts', () => {
  it.each(names)('%s', async (name) => {
    const learner = await load(name);
    expect(learner.kind).toBe('vision');
    for (const { input, decoded, target, probs } of cases(name)) {
      const actual = await learner.predict(image(input));
      expectSame(actual[2], probs);
      expectSame(actual[1], target);
      expectSame(actual[0], decoded);
    }
    await learner.release();
  });
});

describe('An image learner', () => {
  let learner: ImageLearner;
  beforeAll(async () => {
    learner = await load('classes');
  });
  afterAll(() => learner.release());

  it('takes a path, bytes, a stream and raw pixels for the same image', async () => {
    const path = image('rgb.png');
    const [, , expected] = await learner.predict(path);
    const { data, info } = await sharp(path)
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const { width, height } = info;
    const items: ImageItem[] = [
      readFileSync(path),
      new Uint8Array(readFileSync(path)).buffer,
      createReadStream(path),
      { data, width, height, channels: 4 },
    ];
    for (const item of items) {
      const [, , probs] = await learner.predict(item);
      expect([...(probs.data as Float32Array)]).toEqual([...(expected.data as Float32Array)]);
    }
  });

  it('predicts a batch like each image', async () => {
    const items = cases('classes').map(({ input }) => image(input));
    const [all] = await learner.getPreds(items);
    const classes = all.dims[1]!;
    expect(all.dims[0]).toBe(items.length);
    for (const [row, item] of items.entries()) {
      const [, , alone] = await learner.predict(item);
      expectSame(
        Array.from((all.data as Float32Array).subarray(row * classes, (row + 1) * classes)),
        Array.from(alone.data as Float32Array),
      );
    }
  });

  it('has the classes as its vocabulary', () => {
    expect(learner.vocab).toContain('rgb');
  });

  it('refuses items that are not images', async () => {
    await expect(learner.predict(5 as never)).rejects.toThrow(UnexpectedItemError);
    await expect(learner.predict('no-such-file.png')).rejects.toThrow(UnreadableImageFileError);
    await expect(learner.predict(new Uint8Array([1, 2, 3]))).rejects.toThrow(InputError);
    const short = { data: new Uint8Array(5), width: 2, height: 1, channels: 3 } as const;
    await expect(learner.predict(short)).rejects.toThrow('5 bytes for 2 x 1 pixels');
    const none = { data: new Uint8Array(0), width: 0, height: 1, channels: 3 } as const;
    await expect(learner.predict(none)).rejects.toThrow(EmptyImageError);
  });
});

describe('A learner that decodes to scale', () => {
  const numbers = ({ data }: Tensor): number[] => Array.from(data as Float32Array);
  let exact: ImageLearner;
  let scaled: ImageLearner;
  let photo: Buffer;
  beforeAll(async () => {
    exact = await load('classes');
    scaled = await load('classes', { decode: 'scaled' });
    photo = await sharp(image('rgb.png')).resize(900, 600).jpeg().toBuffer();
  });
  afterAll(() => Promise.all([exact.release(), scaled.release()]));

  it('predicts nearly the same of a large JPEG', async () => {
    const [[, , one], [, , other]] = [await exact.predict(photo), await scaled.predict(photo)];
    const differences = numbers(one).map((value, i) => Math.abs(value - numbers(other)[i]!));
    expect(Math.max(...differences)).toBeLessThan(0.01);
    expect(numbers(other)).not.toEqual(numbers(one));
  });

  it('predicts the same for images that it decodes exactly', async () => {
    const cmyk = await sharp(photo).toColourspace('cmyk').jpeg().toBuffer();
    for (const item of [image('q90.jpg'), await sharp(photo).png().toBuffer(), cmyk]) {
      const [[, , one], [, , other]] = [await exact.predict(item), await scaled.predict(item)];
      expect(numbers(other)).toEqual(numbers(one));
    }
  });
});
