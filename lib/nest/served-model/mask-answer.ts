import type { Tensor } from 'onnxruntime-common';
import { indexedPng } from '../../learner/fastai/vision/image/png-writer.js';
import { InvalidOutputError } from '../io/errors.js';
import { MASK_COLOURS } from '../playground/palette.js';
import { Answer } from './answer-body.js';
import { nested } from './scored.js';

/** A mask as a PNG of class indices, with the share of pixels of each class. */
export function maskAnswer(
  mask: Tensor,
  classes: readonly string[],
  probabilities: Tensor | undefined,
): Answer {
  const [height = 0, width = 0] = mask.dims;
  const indices = Uint8Array.from(mask.data as ArrayLike<number | bigint>, indexOf);
  const counts = classes.map(() => 0);
  for (const index of indices) counts[index] = (counts[index] ?? 0) + 1;
  const png = indexedPng(indices, width, height, MASK_COLOURS);
  const json = {
    prediction: { width, height, png: Buffer.from(png).toString('base64') },
    classes,
    shares: counts.map((count) => count / indices.length),
    ...(probabilities === undefined ? {} : { probabilities: nested(probabilities) }),
  };
  return new Answer(json, { 'image/png': () => png });
}

function indexOf(value: number | bigint): number {
  const index = Number(value);
  if (index >= 0 && index < MASK_COLOURS.length) return index;
  const remedy = `predict classes of 0 to ${MASK_COLOURS.length - 1}`;
  throw new InvalidOutputError('Mask', `class ${index} has no colour`, remedy);
}
