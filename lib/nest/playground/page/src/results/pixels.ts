import type { Picture } from '../contract.js';
import { pngUrl } from './picture-view.js';

/** The pixels of a PNG, RGBA. */
export async function pixelsOf(picture: Picture): Promise<ImageData> {
  const image = new Image();
  image.src = pngUrl(picture);
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = picture.width;
  canvas.height = picture.height;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('The browser has no canvas.');
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, picture.width, picture.height);
}

export function draw(canvas: HTMLCanvasElement, pixels: ImageData): void {
  canvas.width = pixels.width;
  canvas.height = pixels.height;
  canvas.getContext('2d')?.putImageData(pixels, 0, 0);
}
