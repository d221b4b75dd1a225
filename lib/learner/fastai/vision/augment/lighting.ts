import { asItems, asNumber, PyObject } from '../../../torch/index.js';
import { isOfFastai, transformName } from '../../data/pipeline.js';
import { NotAugmentableError } from '../../errors.js';
import type { Planes } from '../transforms/planes.js';
import { between, drawOf, type Draw } from './random.js';

const f = Math.fround;

/** Changes an image's planes in place. */
type Change = (planes: Planes, by: number) => void;

const each =
  (value: (x: number, by: number) => number): Change =>
  ({ data }, by) => {
    for (let i = 0; i < data.length; i++) data[i] = value(data[i]!, by);
  };

/** fastai's `grayscale`. */
const GREY = [0.2989, 0.587, 0.114] as const;

const saturate: Change = ({ channels, width, height, data }, by) => {
  const size = width * height;
  for (let i = 0; i < size; i++) {
    let grey = 0;
    for (let channel = 0; channel < 3; channel++) {
      grey = f(grey + f(data[(channels === 1 ? 0 : channel * size) + i]! * f(GREY[channel]!)));
    }
    for (let channel = 0; channel < channels; channel++) {
      const at = channel * size + i;
      data[at] = f(f(data[at]! * by) + f(grey * f(1 - by)));
    }
  }
};

const logit = (x: number): number => {
  const clamped = f(Math.min(f(1 - 1e-7), Math.max(f(1e-7), x)));
  return f(-Math.log(f(f(1 / clamped) - 1)));
};
const sigmoid = (x: number): number => f(1 / (1 + Math.exp(-x)));

interface Known {
  readonly change: Change;
  /** The value that does not change the image. */
  readonly neutral: number;
  /** Draws from the largest possible change. */
  drawn(most: number, random: Parameters<Draw>[1]): number;
}

const scale: Pick<Known, 'neutral' | 'drawn'> = {
  neutral: 1,
  drawn: (most, random) => Math.exp(between(random, Math.log(1 - most), -Math.log(1 - most))),
};

const LIGHTS: ReadonlyMap<string, Known> = new Map<string, Known>([
  [
    '_BrightnessLogit',
    {
      change: each((x, by) => f(x + logit(f(by)))),
      neutral: 0.5,
      drawn: (most, random) => between(random, 0.5 * (1 - most), 0.5 * (1 + most)),
    },
  ],
  ['_ContrastLogit', { ...scale, change: each((x, by) => f(x * f(by))) }],
  ['_SaturationLogit', { ...scale, change: (planes, by) => saturate(planes, f(by)) }],
]);

const HUES: ReadonlyMap<string, Known> = new Map([
  // fastai adds 0 if it is omitted.
  ['_Hue', { ...scale, neutral: 0, change: turnHue }],
]);

/** A change of lighting for each image of a batch. */
export type Lighting = (images: number, random: Parameters<Draw>[1]) => (image: number) => Change1;
type Change1 = (planes: Planes) => Planes;

/**
 * Brightness, Contrast and Saturation of logits, or Hue, each with the functions composed with it.
 */
export function readLighting(record: PyObject): Lighting {
  const owner = record.className;
  const isHue = ['Hue', 'HSVTfm'].includes(transformName(record));
  const known = isHue ? HUES : LIGHTS;
  const steps = (asItems(record.attr('fs')) ?? []).map((step) => {
    const found =
      step instanceof PyObject && isOfFastai(step) ? known.get(transformName(step)) : undefined;
    if (!found || !(step instanceof PyObject)) {
      throw new NotAugmentableError(
        `The learner's transform "${owner}" changes lighting with its own function, which is ` +
          'not supported',
        'use getPreds()',
      );
    }
    const most = asNumber(step.attr('max_lighting') ?? step.attr('max_hue')) ?? (isHue ? 0.1 : 0.2);
    const draw = drawOf(
      (name) => step.attr(name),
      owner,
      'draw',
      (random) => found.drawn(most, random),
      { neutral: found.neutral, p: asNumber(step.attr('p')) ?? 0.75 },
    );
    return { change: found.change, draw };
  });
  return (images, random) => {
    const drawn = steps.map(({ change, draw }) => ({ change, by: draw(images, random) }));
    return (image) => (planes) => {
      const data = isHue ? planes.data.slice() : planes.data.map(logit);
      const changed = { ...planes, data };
      for (const { change, by } of drawn) change(changed, by[image]!);
      if (!isHue) for (let i = 0; i < data.length; i++) data[i] = sigmoid(data[i]!);
      return changed;
    };
  };
}

/** fastai's `rgb2hsv`, a change of the hue, and `hsv2rgb`. */
function turnHue({ channels, width, height, data }: Planes, by: number): void {
  if (channels !== 3) {
    throw new NotAugmentableError(
      `The learner changes the hue of images with ${channels} channels`,
      'use getPreds()',
    );
  }
  const size = width * height;
  for (let i = 0; i < size; i++) {
    const [r, g, b] = [data[i]!, data[size + i]!, data[2 * size + i]!];
    const value = Math.max(r, g, b);
    const range = value - Math.min(r, g, b);
    const saturation = range === 0 ? 0 : range / value;
    const part = (channel: number): number => (range === 0 ? 0 : (value - channel) / range);
    const [byR, byG, byB] = [part(r), part(g), part(b)];
    const sixth =
      value === r ? byB - byG : value === g ? 2 + byR - byB : value === b ? 4 + byG - byR : 0;
    const turned = ((sixth / 6 + 1) % 1) + by;
    const hue = turned - Math.floor(turned);
    const sector = Math.floor(hue * 6);
    const rest = hue * 6 - sector;
    const clamp = (x: number): number => Math.min(1, Math.max(0, x));
    const p = clamp(value * (1 - saturation));
    const q = clamp(value * (1 - saturation * rest));
    const t = clamp(value * (1 - saturation * (1 - rest)));
    const rgb = [
      [value, t, p],
      [q, value, p],
      [p, value, t],
      [p, q, value],
      [t, p, value],
      [value, p, q],
    ][sector % 6]!;
    for (let channel = 0; channel < 3; channel++) data[channel * size + i] = rgb[channel]!;
  }
}
