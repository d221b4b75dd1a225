import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DamagedImageError, ImageTooLargeError } from '../../errors.js';
import { NotRenderedError, RasterSource } from './pixel-source.js';
import { openEncoded, readImage } from './read-image.js';
import { toRaster } from './render.js';
import { View } from './view.js';

const folder = new URL('../../../../../test/fixtures/vision/', import.meta.url);
const file = (name: string): Uint8Array => readFileSync(new URL(name, folder));

interface Expected {
  readonly width: number;
  readonly height: number;
  readonly RGB: string;
  readonly L: string;
}

const expectations = (name: string): [string, Expected][] =>
  Object.entries(JSON.parse(Buffer.from(file(name)).toString()) as Record<string, Expected>);

const all = [
  ...expectations('images.json').map(([name, expected]) => [`images/${name}`, expected] as const),
  ...expectations('jpeg.json').map(([name, expected]) => [`jpeg/${name}`, expected] as const),
];

const photo = file('images/q90.jpg');

describe('openEncoded', () => {
  it.each(all)("gives PIL's pixels of %s", async (name, expected) => {
    for (const mode of ['RGB', 'L'] as const) {
      const { source, decode } = await openEncoded(file(name), mode);
      expect([source.width, source.height]).toEqual([expected.width, expected.height]);
      for (const each of [source, await decode()]) {
        const { data } = toRaster(View.of(each));
        expect(createHash('sha256').update(data).digest('hex'), mode).toBe(expected[mode]);
      }
    }
  });

  it('reads no more than the header of a JPEG', async () => {
    expect((await openEncoded(photo, 'RGB')).source.raster).toBeUndefined();
    expect((await openEncoded(file('images/rgb.png'), 'RGB')).source.raster).toBeDefined();
  });

  it('gives a transformed JPEG the pixels of the decoded one', async () => {
    for (const [name] of all.filter(([name]) => /\.jpe?g$/.test(name))) {
      for (const mode of ['RGB', 'L'] as const) {
        const { source } = await openEncoded(file(name), mode);
        const decoded = new RasterSource(await readImage(file(name), mode));
        const [x, y] = [source.width >> 2, source.height >> 3];
        const margins = { left: 3, top: 0, right: 0, bottom: 5 };
        for (const step of [
          (view: View) => view.crop(x, y, view.width, view.height - y),
          (view: View) => view.crop(x, 0, view.width - x, view.height).resize(8, 9, 'bilinear'),
          (view: View) => view.pad(margins, 'reflection').resize(20, 70, 'bicubic'),
          (view: View) => view.resize(40, 5, 'lanczos').crop(3, 1, 37, 4),
        ]) {
          const [lazy, whole] = [step(View.of(source)), step(View.of(decoded))];
          expect(Buffer.compare(toRaster(lazy).data, toRaster(whole).data), name).toBe(0);
        }
      }
    }
  });

  it('leaves a damaged JPEG to libvips, and its error is that of the file', async () => {
    const cut = photo.subarray(0, photo.length >> 1);
    const { source, decode } = await openEncoded(cut, 'RGB');
    expect(() => toRaster(View.of(source))).toThrow(NotRenderedError);
    await expect(decode()).rejects.toThrow(DamagedImageError);
  });

  it('checks the limits of a JPEG by its header', async () => {
    await expect(openEncoded(photo, 'RGB', { maxPixels: 1000 })).rejects.toThrow(
      ImageTooLargeError,
    );
  });
});
