import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { withoutExif } from './without-exif.js';

const picture = sharp({ create: { width: 30, height: 20, channels: 3, background: '#c33' } });

async function bytesOf(blob: Blob): Promise<Buffer> {
  return Buffer.from(await blob.arrayBuffer());
}

describe('withoutExif', () => {
  it('removes the orientation of a JPEG, without changing pixels', async () => {
    const turned = await picture.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect((await sharp(turned).metadata()).orientation).toBe(6);
    const blob = await withoutExif(new Blob([turned], { type: 'image/jpeg' }));
    const plain = await bytesOf(blob);
    expect(blob.type).toBe('image/jpeg');
    expect((await sharp(plain).metadata()).orientation).toBeUndefined();
    expect(await sharp(plain).raw().toBuffer()).toEqual(await sharp(turned).raw().toBuffer());
  });

  it('returns other files unchanged', async () => {
    const jpeg = await picture.clone().jpeg().toBuffer();
    const files = [
      jpeg,
      await picture.clone().png().toBuffer(),
      Buffer.from(''),
      Buffer.from([0xff, 0xd8]),
      Buffer.from([0xff, 0xd8, 0xff, 0xe1, 0, 0]),
      jpeg.subarray(0, 10),
    ];
    for (const bytes of files) {
      const file = new Blob([bytes]);
      expect(await withoutExif(file)).toBe(file);
    }
  });
});
