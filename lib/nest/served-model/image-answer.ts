import type { Tensor } from 'onnxruntime-common';
import { toEncodedImage } from '../io/image/image-output.js';
import { Answer } from './answer-body.js';
import { nested } from './scored.js';

/**
 * An image that a learner predicts, as a PNG.
 *
 * @throws InvalidOutputError if its numbers are not pixels.
 */
export async function imageAnswer(
  image: Tensor,
  probabilities: Tensor | undefined,
): Promise<Answer> {
  const [, height = 0, width = 0] = image.dims;
  const png = await toEncodedImage(image, 'image/png', undefined);
  const json = {
    prediction: { width, height, png: Buffer.from(png).toString('base64') },
    ...(probabilities === undefined ? {} : { probabilities: nested(probabilities) }),
  };
  return new Answer(json, { 'image/png': () => png });
}
