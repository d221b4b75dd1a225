import type { PyObject } from '../../../torch/index.js';
import { transformName } from '../../data/pipeline.js';
import { toRaster } from '../image/render.js';
import { RasterSource } from '../image/pixel-source.js';
import { channelsOf, type Raster } from '../image/raster.js';
import { View } from '../image/view.js';
import { numberOf, padModeOf, pairOf, resampleOf } from '../transforms/attributes.js';
import { cropPad } from '../transforms/crop-pad.js';
import { readItemTransform, resizeWindow } from '../transforms/item-transforms.js';
import { between, wholeBetween, type Random } from './random.js';

/** An item transform in training. */
export type ItemAugment = (image: View, random: Random) => View;

type Reader = (record: PyObject) => ItemAugment;

/** Resize: a window of the wanted shape anywhere, unless it squishes. */
const readResize: Reader = (record) => {
  const method = record.attr('method') ?? 'crop';
  if (method === 'squish') return alike(record)!;
  const size = pairOf(record, 'size');
  const padMode = padModeOf(record, 'reflection');
  const resample = resampleOf(record, 'mode');
  return (image, random) =>
    resizeWindow(image, size, method === 'pad', padMode, resample, [random.next(), random.next()]);
};

const readRandomCrop: Reader = (record) => {
  const size = pairOf(record, 'size');
  // If the image is smaller, Python's randint(rest, -1) may return any of these.
  const corner = (rest: number, random: Random): number =>
    rest < 0 ? wholeBetween(random, rest, -1) : wholeBetween(random, 0, rest);
  return (image, random) =>
    cropPad(
      image,
      size,
      [corner(image.width - size[0], random), corner(image.height - size[1], random)],
      'zeros',
      'bilinear',
    );
};

const readRandomResizedCrop: Reader = (record) => {
  const size = pairOf(record, 'size');
  const resample = resampleOf(record, 'mode');
  const window = randomWindow(record);
  return (image, random) => {
    const { left, top, width, height } = window(image, random);
    return cropPad(image, [width, height], [left, top], 'zeros', resample, size);
  };
};

/** fastai's random part of an image, of varying size and shape. */
export function randomWindow(record: PyObject) {
  const least = numberOf(record, 'min_scale', 0.08);
  const most = numberOf(record, 'max_scale', 1);
  const ratio = pairOf(record, 'ratio', [3 / 4, 4 / 3]);
  return (
    { width: w, height: h }: { readonly width: number; readonly height: number },
    random: Random,
  ) => {
    for (let attempt = 0; attempt < 10; attempt++) {
      const area = between(random, least, most) * w * h;
      const shape = Math.exp(between(random, Math.log(ratio[0]), Math.log(ratio[1])));
      const width = Math.round(Math.sqrt(area * shape));
      const height = Math.round(Math.sqrt(area / shape));
      if (width > w || height > h) continue;
      const left = wholeBetween(random, 0, w - width);
      return { left, top: wholeBetween(random, 0, h - height), width, height };
    }
    let [width, height] = [w, h];
    if (w / h < ratio[0]) height = Math.trunc(w / ratio[0]);
    else if (w / h > ratio[1]) width = Math.trunc(h * ratio[1]);
    const [left, top] = [Math.floor((w - width) / 2), Math.floor((h - height) / 2)];
    return { left, top, width, height };
  };
}

const readFlip: Reader = (record) => {
  const p = numberOf(record, 'p', 0.5);
  return (image, random) => (p === 1 || random.next() < p ? laid(image, 1) : image);
};

const readDihedral: Reader = (record) => {
  const p = numberOf(record, 'p', 1);
  return (image, random) => {
    const does = p === 1 || random.next() < p;
    const way = wholeBetween(random, 0, 7);
    return does ? laid(image, way) : image;
  };
};

/** PIL's `transpose(way - 1)`; 0 does not change the image. */
function laid(image: View, way: number): View {
  if (way === 0) return image;
  const { mode, width, height, data } = toRaster(image);
  const channels = channelsOf(mode);
  // By PIL's numbers: mirror, flip, 90, 180, 270 degrees, transpose, transverse.
  const swaps = [3, 5, 6, 7].includes(way);
  const [w, h] = swaps ? [height, width] : [width, height];
  const out = new Uint8Array(data.length);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const [sx, sy] = sourceOf(way, x, y, width, height);
      const from = (sy * width + sx) * channels;
      out.set(data.subarray(from, from + channels), (y * w + x) * channels);
    }
  }
  const raster: Raster = { mode, width: w, height: h, data: out };
  return View.of(new RasterSource(raster));
}

function sourceOf(
  way: number,
  x: number,
  y: number,
  width: number,
  height: number,
): readonly [number, number] {
  const [right, bottom] = [width - 1, height - 1];
  switch (way) {
    case 1:
      return [right - x, y];
    case 2:
      return [x, bottom - y];
    case 3:
      return [right - y, x];
    case 4:
      return [right - x, bottom - y];
    case 5:
      return [y, bottom - x];
    case 6:
      return [y, x];
    default:
      return [right - y, bottom - x];
  }
}

const readers: ReadonlyMap<string, Reader> = new Map([
  ['Resize', readResize],
  ['RandomCrop', readRandomCrop],
  ['OldRandomCrop', readRandomCrop],
  ['RandomResizedCrop', readRandomResizedCrop],
  ['FlipItem', readFlip],
  ['DihedralItem', readDihedral],
]);

/** A transform of `after_item`; undefined if it is not supported. */
export function readItemAugment(record: PyObject): ItemAugment | undefined {
  if (!record.className.startsWith('fastai.vision.')) return undefined;
  return readers.get(transformName(record))?.(record) ?? alike(record);
}

/** Transforms that work the same in training. */
function alike(record: PyObject): ItemAugment | undefined {
  const known = readItemTransform(record);
  return known && ((image) => known.apply(image));
}
