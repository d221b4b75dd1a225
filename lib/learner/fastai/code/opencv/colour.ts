import { LibraryError } from '../library-error.js';
import { Nd } from '../numpy/nd-array.js';

/** 0.299, 0.587 and 0.114 with 15 fractional bits. */
const WEIGHTS = [9798, 19235, 3735] as const;
const FLOATS = [0.299, 0.587, 0.114].map(Math.fround);

/** `cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)`: an array of [height, width]. */
export function grey(image: Nd): Nd {
  const [height = 0, width = 0, channels] = image.shape;
  if (channels !== 3) throw new LibraryError('TypeError', 'ToGray expects 3-channel images.');
  const data = image.flat();
  const out = Nd.of(image.dtype, [height, width]);
  const isBytes = image.dtype === 'uint8';
  const [r, g, b] = isBytes ? WEIGHTS : (FLOATS as [number, number, number]);
  for (let i = 0; i < height * width; i++) {
    const sum = r * data[3 * i]! + g * data[3 * i + 1]! + b * data[3 * i + 2]!;
    out.data[i] = isBytes ? (sum + (1 << 14)) >> 15 : sum;
  }
  return out;
}

/** Repeats each value of a [height, width] array three times: `cv2.COLOR_GRAY2RGB`. */
export function threefold(image: Nd): Nd {
  const out = Nd.of(image.dtype, [...image.shape, 3]);
  const data = image.flat();
  for (let i = 0; i < 3 * data.length; i++) out.data[i] = data[Math.floor(i / 3)]!;
  return out;
}
