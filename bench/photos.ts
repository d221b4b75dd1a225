import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

const CHANNELS = 3;
/** How many steps of a byte mean 1. */
const UNIT = 42;
/** Pixels between the points of a layer of noise, and its strength: coarse shapes, fine grain. */
const LAYERS = [
  [64, 60],
  [16, 30],
  [4, 12],
  [1, 5],
] as const;

/** A JPEG with shapes and details like a photograph; the same bytes each time. */
async function photograph(width: number, height: number): Promise<Buffer> {
  const pixels = new Float32Array(width * height * CHANNELS).fill(128);
  const random = generator();
  for (const [step, strength] of LAYERS) {
    const layer = await noise(width, height, step, random);
    for (let i = 0; i < pixels.length; i++) pixels[i]! += (strength / UNIT) * (layer[i]! - 128);
  }
  const data = new Uint8ClampedArray(pixels);
  return sharp(data, { raw: { width, height, channels: CHANNELS } })
    .jpeg({ quality: 85 })
    .toBuffer();
}

/** Noise around 128, with points that far apart. */
async function noise(
  width: number,
  height: number,
  step: number,
  random: () => number,
): Promise<Uint8Array> {
  const [columns, lines] =
    step === 1 ? [width, height] : [Math.ceil(width / step) + 1, Math.ceil(height / step) + 1];
  const points = new Uint8ClampedArray(columns * lines * CHANNELS);
  for (let i = 0; i < points.length; i++) points[i] = 128 + UNIT * random();
  return sharp(points, { raw: { width: columns, height: lines, channels: CHANNELS } })
    .resize(width, height, { kernel: 'cubic', fit: 'fill' })
    .raw()
    .toBuffer();
}

/** Numbers from -3 to 3, most of them within 1 of 0. */
function generator(): () => number {
  let state = 1;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return () => 2 * (uniform() + uniform() + uniform()) - 3;
}

const files = new Map<string, Promise<string>>();

/** The file of a photograph, such as `1024x768`. */
export function photoFile(size: string, folder: string): Promise<string> {
  if (!files.has(size)) {
    const [width, height] = size.split('x').map(Number) as [number, number];
    const write = async (): Promise<string> => {
      const file = join(folder, `${size}.jpg`);
      await writeFile(file, await photograph(width, height));
      return file;
    };
    files.set(size, write());
  }
  return files.get(size)!;
}
