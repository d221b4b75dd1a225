import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  asItems,
  PyDict,
  PyGlobal,
  PyObject,
  PyTuple,
  readTorchFile,
  Tensor,
  type PyValue,
} from '../../../torch/index.js';
import { SeededRandom } from '../../data/random.js';
import { RasterSource } from '../image/pixel-source.js';
import { toRaster } from '../image/render.js';
import { View } from '../image/view.js';
import type { Planes } from '../transforms/planes.js';
import { readBatchAugment } from './batch-augments.js';
import { randomWindow, readItemAugment } from './item-augments.js';
import { between, drawOf, type Attributes } from './random.js';

const file = new URL('../../../../../test/fixtures/vision/augments.pt.gz', import.meta.url);
const cases = (asItems(readTorchFile(gunzipSync(readFileSync(file))).root) ?? []).map((value) => {
  const entry = value as PyDict;
  return {
    name: entry.get('name') as string,
    images: planesOf(entry.get('images') as Tensor, (x) => Math.fround(x / 255)),
    transforms: asItems(entry.get('transforms')) as PyObject[],
    made: planesOf(entry.get('made') as Tensor, (x) => x / 16384 + 0.5),
  };
});

function planesOf(tensor: Tensor, value: (x: number) => number): Planes[] {
  const [images = 0, channels = 0, height = 0, width = 0] = tensor.shape;
  const all = Float32Array.from(tensor.toNumbers(), value);
  const size = channels * height * width;
  return Array.from({ length: images }, (_, image) => ({
    channels,
    height,
    width,
    data: all.slice(image * size, (image + 1) * size),
  }));
}

function augmented(images: readonly Planes[], transforms: readonly PyObject[], seed = 1): Planes[] {
  const random = SeededRandom.from(seed);
  const changes = transforms.map((record) => readBatchAugment(record)!(images.length, random));
  return images.map((planes, image) =>
    changes.reduce((result, change) => change(image)(result), planes),
  );
}

const differences = (a: readonly Planes[], b: readonly Planes[]): number[] =>
  a.flatMap(({ data }, image) => [...data].map((x, i) => Math.abs(x - b[image]!.data[i]!)));

describe('transforms of training with given draws', () => {
  it('are those of the fixture', () => expect(cases.length).toBe(27));

  it.each(cases)("give fastai's results: $name", ({ images, transforms, made }) => {
    const got = augmented(images, transforms);
    expect(got.map(({ width, height, channels }) => [channels, height, width])).toEqual(
      made.map(({ width, height, channels }) => [channels, height, width]),
    );
    expect(Math.max(...differences(got, made))).toBeLessThan(5e-5);
  });
});

describe('what is drawn', () => {
  const attributes =
    (values: Readonly<Record<string, PyValue>>): Attributes =>
    (name) =>
      new Map(Object.entries(values)).get(name);
  const draws = (values: Readonly<Record<string, PyValue>>, neutral = 0): number[] => {
    const draw = drawOf(
      attributes(values),
      'Rotate',
      'draw',
      (random) => between(random, -10, 10),
      {
        neutral,
      },
    );
    return [...draw(20_000, SeededRandom.from(5))];
  };

  it('is uniform, and skipped with probability 1 - p', () => {
    const all = draws({ p: 0.75 });
    const drawn = all.filter((value) => value !== 0);
    expect(drawn.length / all.length).toBeCloseTo(0.75, 1);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(10);
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(-10);
    const thirds = [-10, -10 / 3, 10 / 3].map(
      (low) => drawn.filter((value) => value >= low && value < low + 20 / 3).length / drawn.length,
    );
    for (const third of thirds) expect(third).toBeCloseTo(1 / 3, 1);
  });

  it('is one number for a batch if the transform says so', () => {
    expect(new Set(draws({ p: 0.5, batch: true })).size).toBe(1);
    expect(new Set(draws({ p: 1, batch: true })).size).toBe(1);
    expect(new Set(draws({ p: 0, batch: true }, 3))).toEqual(new Set([3]));
  });

  it('needs a number for each image if numbers are given', () => {
    const draw = drawOf(attributes({ p: 1, draw: [1, 2] }), 'Flip', 'draw', () => 1);
    expect(draw(2, SeededRandom.from(1))).toEqual([1, 2]);
    expect(() => draw(3, SeededRandom.from(1))).toThrow(/2 given draws/);
    const code = new PyGlobal('__main__', 'my_draw');
    expect(() => drawOf(attributes({ draw: code }), 'Flip', 'draw', () => 1)).toThrow(
      /with its own code/,
    );
  });
});

describe('item transforms of training', () => {
  const record = (name: string, values: Readonly<Record<string, PyValue>>): PyObject => {
    const made = new PyObject(new PyGlobal('fastai.vision.augment', name));
    for (const [key, value] of Object.entries(values)) made.attrs.set(key, value);
    return made;
  };
  const image = (width: number, height: number): View =>
    View.of(
      new RasterSource({
        mode: 'L',
        width,
        height,
        data: Uint8Array.from({ length: width * height }, (_, i) => i),
      }),
    );
  const pixels = (view: View): number[][] => {
    const { width, height, data } = toRaster(view);
    return Array.from({ length: height }, (_, y) =>
      Array.from(data.subarray(y * width, (y + 1) * width)),
    );
  };
  const ways = (name: string, values: Readonly<Record<string, PyValue>>): Set<string> => {
    const augment = readItemAugment(record(name, values))!;
    return new Set(
      Array.from({ length: 300 }, (_, seed) =>
        JSON.stringify(pixels(augment(image(3, 2), SeededRandom.from(seed)))),
      ),
    );
  };

  it("turn an image in PIL's eight ways", () => {
    expect(ways('DihedralItem', { p: 1 })).toEqual(
      new Set([
        '[[0,1,2],[3,4,5]]',
        '[[2,1,0],[5,4,3]]',
        '[[3,4,5],[0,1,2]]',
        '[[2,5],[1,4],[0,3]]',
        '[[5,4,3],[2,1,0]]',
        '[[3,0],[4,1],[5,2]]',
        '[[0,3],[1,4],[2,5]]',
        '[[5,2],[4,1],[3,0]]',
      ]),
    );
    expect(ways('FlipItem', { p: 0.5 })).toEqual(
      new Set(['[[0,1,2],[3,4,5]]', '[[2,1,0],[5,4,3]]']),
    );
  });

  it('crop anywhere', () => {
    expect(ways('RandomCrop', { size: PyTuple.of_([2, 2]) })).toEqual(
      new Set(['[[0,1],[3,4]]', '[[1,2],[4,5]]']),
    );
    const resize = { size: PyTuple.of_([2, 2]), method: 'crop', pad_mode: 'reflection', mode: 0 };
    expect(ways('Resize', resize)).toEqual(new Set(['[[0,1],[3,4]]']));
    // fastai cuts off what is left of the place, so the last one is never drawn.
    expect(ways('Resize', { ...resize, method: 'squish' }).size).toBe(1);
  });

  it('crop windows of any size and shape that they may have', () => {
    const window = randomWindow(record('RandomResizedCrop', { min_scale: 0.2, max_scale: 0.5 }));
    for (let seed = 0; seed < 500; seed++) {
      const { left, top, width, height } = window(
        { width: 100, height: 80 },
        SeededRandom.from(seed),
      );
      expect(left + width).toBeLessThanOrEqual(100);
      expect(top + height).toBeLessThanOrEqual(80);
      expect(width * height).toBeGreaterThan(0.18 * 8000);
      expect(width * height).toBeLessThan(0.52 * 8000);
      expect(width / height).toBeGreaterThan(0.7);
      expect(width / height).toBeLessThan(1.4);
    }
  });
});
