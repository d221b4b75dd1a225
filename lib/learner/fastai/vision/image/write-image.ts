import type { RawImage } from '../image-item.js';
import { loadSharp } from './libvips.js';

/** Output formats of images, by media type. @publicApi */
export type OutputImageType = 'image/png' | 'image/jpeg' | 'image/webp';

/** Encodes pixels as an image. */
export async function encodeImage(image: RawImage, type: OutputImageType): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const { width, height, channels } = image;
  const raw = sharp(image.data, { raw: { width, height, channels } });
  switch (type) {
    case 'image/png':
      return raw.png().toBuffer();
    case 'image/jpeg':
      return raw.jpeg({ quality: 90 }).toBuffer();
    case 'image/webp':
      return raw.webp({ lossless: true }).toBuffer();
  }
}
