import { asNumber, type PyObject, type PyValue } from '../../../torch/index.js';
import { isOfFastai, transformName } from '../../data/pipeline.js';
import { numberOf, pairOf, toPair } from '../transforms/attributes.js';
import { cut, readBatchTransform, sampling } from '../transforms/batch-transforms.js';
import { identityPlaces, sampleTo } from '../transforms/grid-sample.js';
import { mapValues, type Planes } from '../transforms/planes.js';
import {
  IDENTITY,
  multiplied,
  readMatrices,
  readWarps,
  type Affine,
  type Warp,
} from './coordinates.js';
import { randomWindow } from './item-augments.js';
import { readLighting } from './lighting.js';
import { between, wholeBetween, type Random } from './random.js';
import { sampleGrid, type Grid } from './sample-grid.js';

/** The result for an image of a batch. */
export type Changed = (planes: Planes) => Planes;

/** A batch transform in training: it draws for a batch, and changes one image of it. */
export type BatchAugment = (images: number, random: Random) => (image: number) => Changed;

const AFFINE: readonly string[] = [
  'AffineCoordTfm',
  'Flip',
  'DeterministicFlip',
  'Dihedral',
  'DeterministicDihedral',
  'Rotate',
  'Zoom',
  'Warp',
];
const LIGHTING: readonly string[] = [
  'LightingTfm',
  'Brightness',
  'Contrast',
  'Saturation',
  'Hue',
  'HSVTfm',
];

/** A transform of `after_batch`; undefined if it is not supported. @throws NotAugmentableError */
export function readBatchAugment(record: PyObject): BatchAugment | undefined {
  if (!isOfFastai(record)) return undefined;
  const name = transformName(record);
  if (AFFINE.includes(name)) return readAffine(record);
  if (LIGHTING.includes(name)) return readLighting(record);
  if (name === 'RandomResizedCropGPU') return readRandomCrop(record);
  if (name === 'RandomErasing') return readErasing(record);
  return alike(record);
}

/** Transforms that work the same in training, such as Normalize. */
function alike(record: PyValue): BatchAugment | undefined {
  const known = readBatchTransform(record);
  return (
    known &&
    (() => () => (planes) =>
      known.reduce(
        (result, step) => (step.kind === 'value' ? mapValues(result, [step]) : step.apply(result)),
        planes,
      ))
  );
}

/** Flips, rotations, zooms and warps of a batch, in a single sampling. */
function readAffine(record: PyObject): BatchAugment {
  const size = toPair(record.attr('size'));
  const options = sampling(record);
  const matrices = readMatrices(record);
  const warps = readWarps(record);
  const { alignCorners } = options;
  return (images, random) => {
    const drawn = matrices.map((draw) => draw(images, random));
    const warped = warps.map((draw) => draw(images, random));
    const placing = (image: number, planes: Planes): Placing => ({
      matrix: prepared(
        drawn.reduce((product, one) => multiplied(product, one[image]!), IDENTITY),
        planes,
      ),
      warps: warped.map((one) => one[image]!),
    });
    return (image) => (planes) => {
      const [height, width] = size ?? [planes.height, planes.width];
      if (drawn.length === 0 && warped.length === 0 && !size) return planes;
      const [xs, ys] = [identityPlaces(width, alignCorners), identityPlaces(height, alignCorners)];
      // fastai looks at the whole batch; all its images have one size here.
      const corners = Array.from({ length: images }, (_, other) => {
        const grid = gridOf([xs[0]!, xs.at(-1)!], [ys[0]!, ys.at(-1)!], placing(other, planes));
        return [...grid.places];
      }).flat();
      const span = Math.max(...corners) - Math.min(...corners);
      return sampleGrid(planes, gridOf(xs, ys, placing(image, planes)), span, options);
    };
  };
}

interface Placing {
  readonly matrix: Affine;
  readonly warps: readonly Warp[];
}

/** fastai's `_prepare_mat`: positions are fractions of the width and the height. */
function prepared([xx, xy, x, yx, yy, y]: Affine, { width, height }: Planes): Affine {
  return [xx, xy * (height / width), x, yx * (width / height), yy, y];
}

function gridOf(
  xs: readonly number[],
  ys: readonly number[],
  { matrix: [xx, xy, x0, yx, yy, y0], warps }: Placing,
): Grid {
  const places = new Float32Array(2 * xs.length * ys.length);
  let at = 0;
  for (const y of ys) {
    for (const x of xs) {
      let place: readonly [number, number] = [xx * x + xy * y + x0, yx * x + yy * y + y0];
      for (const warp of warps) place = warp(...place);
      places[at++] = place[0];
      places[at++] = place[1];
    }
  }
  return { width: xs.length, height: ys.length, places };
}

/** One crop for all images of a batch. */
function readRandomCrop(record: PyObject): BatchAugment {
  const size = pairOf(record, 'size');
  const { mode } = sampling(record);
  const window = randomWindow(record);
  return (_, random) => {
    let drawn: ReturnType<typeof window> | undefined;
    return () => (planes) => {
      drawn ??= window(planes, random);
      const { left, top, width, height } = drawn;
      const part = cut(planes, left, top, width, height);
      const options = { mode, padding: 'reflection', alignCorners: true } as const;
      return sampleTo(part, size[1], size[0], options);
    };
  };
}

/** The same rectangles in all images of a batch, filled with noise. */
function readErasing(record: PyObject): BatchAugment {
  const p = asNumber(record.attr('p')) ?? 0.5;
  const low = numberOf(record, 'sl', 0);
  const high = numberOf(record, 'sh', 0.3);
  const aspect = Math.log(numberOf(record, 'min_aspect', 0.3));
  const most = numberOf(record, 'max_count', 1);
  return (_, random) => {
    if (p !== 1 && random.next() >= p) return () => (planes) => planes;
    const count = wholeBetween(random, 1, Math.min(most, 1000));
    const parts = Array.from({ length: count }, () => ({
      area: between(random, low, high) / count,
      aspect: Math.exp(between(random, aspect, -aspect)),
      at: [random.next(), random.next()] as const,
    }));
    return () => (planes) => {
      const { channels, width, height } = planes;
      const data = planes.data.slice();
      for (const part of parts) {
        const area = part.area * width * height;
        const rows = piece(area * part.aspect, height, part.at[0]);
        const columns = piece(area / part.aspect, width, part.at[1]);
        for (let channel = 0; channel < channels; channel++) {
          for (let y = rows[0]; y < rows[1]; y++) {
            const line = (channel * height + y) * width;
            for (let x = columns[0]; x < columns[1]; x++) data[line + x] = normal(random);
          }
        }
      }
      return { ...planes, data };
    };
  };
}

/** fastai's `_slice`. */
function piece(area: number, size: number, at: number): readonly [number, number] {
  const bound = Math.round(Math.sqrt(area));
  const start = Math.floor(at * (Math.max(size - bound, 0) + 1));
  return [start, Math.min(size, start + bound)];
}

/** The Box-Muller transform. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
