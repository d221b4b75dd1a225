import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../errors/index.js';
import { ImageTooLargeError, UnsupportedImageError } from '../../errors.js';
import { inspectImage, readImage } from './read-image.js';

const folder = new URL('../../../../../test/fixtures/vision/', import.meta.url);
const file = (name: string): Uint8Array => readFileSync(new URL(`images/${name}`, folder));

interface Expected {
  readonly width: number;
  readonly height: number;
  readonly RGB: string;
  readonly L: string;
}

const images = JSON.parse(readFileSync(new URL('images.json', folder), 'utf8')) as Record<
  string,
  Expected
>;

describe('readImage', () => {
  it.each(Object.entries(images))("gives PIL's pixels of %s", async (name, expected) => {
    for (const mode of ['RGB', 'L'] as const) {
      const { data, width, height } = await readImage(file(name), mode);
      expect([width, height]).toEqual([expected.width, expected.height]);
      expect(createHash('sha256').update(data).digest('hex'), mode).toBe(expected[mode]);
    }
  });

  it.each(readdirSync(new URL('images/refused/', folder)))('refuses %s', async (name) => {
    await expect(readImage(file(`refused/${name}`), 'RGB')).rejects.toThrow(InputError);
  });

  it('refuses a decompression bomb by its header', async () => {
    const bomb = file('refused/bomb.png');
    await expect(inspectImage(bomb)).rejects.toThrow(ImageTooLargeError);
    await expect(readImage(bomb, 'RGB')).rejects.toThrow('60000 x 60000 pixels');
  });

  it("applies the caller's own limit", async () => {
    for (const name of ['q90.jpg', 'rgb.bmp', 'plain.gif', 'rgb.tif']) {
      await expect(readImage(file(name), 'RGB', { maxPixels: 1000 })).rejects.toThrow(
        ImageTooLargeError,
      );
      await expect(inspectImage(file(name), { maxPixels: 1000 })).rejects.toThrow('45 x 31');
    }
  });

  it('names the format of an unsupported file', async () => {
    const avif = Uint8Array.from('\0\0\0\x1cftypavif', (char) => char.charCodeAt(0));
    await expect(readImage(avif, 'RGB')).rejects.toThrow(UnsupportedImageError);
    await expect(readImage(avif, 'RGB')).rejects.toThrow('an AVIF or HEIF file');
    await expect(readImage(new Uint8Array(0), 'L')).rejects.toThrow('The image is empty');
  });

  it('survives any damage', async () => {
    let state = 1;
    const random = (): number => (state = (state * 1664525 + 1013904223) >>> 0) / 2 ** 32;
    for (const name of [
      'interlaced.gif',
      'rle8.bmp',
      'palette.bmp',
      'bitfields16.bmp',
      'q40.jpg',
    ]) {
      for (let round = 0; round < 60; round++) {
        const bytes = Uint8Array.from(file(name));
        for (let i = 0; i < 4; i++) bytes[Math.floor(random() * bytes.length)] = random() * 256;
        const cut = bytes.subarray(0, Math.ceil(random() * bytes.length));
        for (const damaged of [bytes, cut]) {
          const outcome = await readImage(damaged, 'RGB', { maxPixels: 1e6 }).catch(
            (error: unknown) => error,
          );
          if (outcome instanceof Error) expect(outcome).toBeInstanceOf(InputError);
        }
      }
    }
  });
});
