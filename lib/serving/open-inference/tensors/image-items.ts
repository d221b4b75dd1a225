import { bytesOf, bytesOfBase64, isRawImage } from '../../../learner/fastai/vision/image-item.js';
import { bytesOfText, copyOf } from '../../../client/protocol/binary.js';
import { InferenceMessageError } from '../../../client/protocol/errors.js';
import type { InferTensor } from '../../../client/protocol/messages.js';
import { isStored, pathOf } from '../../../learner/fastai/data/stored-item.js';
import { TensorValueError } from '../errors.js';
import { checkItems, type InputSpec } from '../request.js';
import type { ItemCodec } from './contract.js';

const IMAGE = 'image';
const MOST_CHANNELS = 4;

/**
 * Images: BYTES [items], each an encoded file (in JSON as base64), or pixels as UINT8 [height,
 * width, channels] of one or [items, height, width, channels] of many. Channels are 1 (grey), 2
 * (grey and alpha), 3 (RGB) or 4 (RGB and alpha).
 *
 * @param pathReader The learner's own function that reads paths; bytes skip it.
 */
export function imageItems(pathReader: string | undefined): ItemCodec {
  return {
    inputs: [imageSpec(IMAGE)],
    owned: true,
    items: (inputs, most) => imagesOf(inputs.get(IMAGE)!, most),
    inputsOf: async (item) => [await imageTensor(IMAGE, item, pathReader && `"${pathReader}"`)],
  };
}

export function imageSpec(name: string): InputSpec {
  return { name, datatype: 'BYTES', shape: [-1], accepts: ['UINT8'], anyShape: true };
}

/**
 * The images of a tensor, in their own memory. A string is an encoded image, never a path.
 *
 * @throws InferenceMessageError
 */
export function imagesOf({ name, datatype, shape, data }: InferTensor, most: number): unknown[] {
  if (datatype === 'BYTES') {
    if (shape.slice(1).some((size) => size !== 1)) throw wrongShape(name, shape, 'BYTES [items]');
    checkItems(data.length, most);
    return Array.from(data as ArrayLike<string | Uint8Array>, encodedImage);
  }
  const sizes = shape.length === 3 ? [1, ...shape] : shape;
  const [count, height, width, channels] = sizes as [number, number, number, number];
  if (sizes.length !== 4 || channels > MOST_CHANNELS) {
    throw wrongShape(name, shape, 'UINT8 [height, width, channels] with 1 to 4 channels');
  }
  checkItems(count, most);
  const size = height * width * channels;
  return Array.from({ length: count }, (_, at) => {
    const pixels = copyOf((data as Uint8Array).subarray(at * size, (at + 1) * size));
    return { data: pixels, width, height, channels };
  });
}

/** @throws TensorValueError, and the errors of reading the image. */
export async function imageTensor(
  name: string,
  item: unknown,
  pathReader?: string,
): Promise<InferTensor> {
  if (isRawImage(item)) {
    const { data, width, height, channels } = item;
    return { name, datatype: 'UINT8', shape: [1, height, width, channels], data };
  }
  if (!isStored(item)) throw new TensorValueError(name, 'is not an image', 'give its bytes');
  if (pathReader !== undefined && pathOf(item) !== undefined) {
    throw new TensorValueError(
      name,
      `is a path, which the learner's ${pathReader} would open`,
      'give the bytes of an image',
    );
  }
  return { name, datatype: 'BYTES', shape: [1], data: [await bytesOf(item)] };
}

function encodedImage(image: string | Uint8Array): Uint8Array {
  if (typeof image !== 'string') return copyOf(image);
  return bytesOfBase64(image) ?? bytesOfText(image);
}

function wrongShape(name: string, shape: readonly number[], wanted: string): InferenceMessageError {
  return new InferenceMessageError(
    `The input "${name}" has the shape [${shape.join(', ')}]`,
    `send ${wanted}`,
  );
}
