import { readFileSync } from 'node:fs';
import { Tensor } from 'onnxruntime-common';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../learner/errors/index.js';
import { InvalidBodyError, InvalidOutputError, UnsupportedBodyError } from './errors.js';
import { Image } from './image.js';

const file = (name: string): Uint8Array =>
  readFileSync(new URL(`../../../test/fixtures/vision/images/${name}`, import.meta.url));

const parse = (image: Image, bytes: Uint8Array | undefined, contentType?: string) => {
  const mediaType = contentType?.split(';')[0];
  return image.parse({ bytes, mediaType, charset: undefined, contentType });
};

describe('Image as an input', () => {
  it.each(['q90.jpg', 'rgb.png', 'alpha.webp', 'plain.gif', 'rgb.bmp', 'lzw.tif'])(
    'passes on the bytes of %s',
    async (name) => {
      expect(await parse(new Image(), file(name))).toEqual(file(name));
    },
  );

  it('uses the bytes to find the format, not the content type', async () => {
    expect(await parse(new Image(), file('q90.jpg'), 'image/png')).toEqual(file('q90.jpg'));
  });

  it('accepts allowed media types, and their other names', () => {
    const jpeg = new Image({ allowedMimeTypes: ['image/jpeg'] });
    for (const type of [undefined, 'image/jpeg', 'image/jpg', 'application/octet-stream']) {
      expect(jpeg.accepts(type), type).toBe(true);
    }
    for (const type of ['image/png', 'text/plain', 'application/json', 'image/svg+xml']) {
      expect(jpeg.accepts(type), type).toBe(false);
    }
  });

  it('refuses a format that is not allowed', async () => {
    const jpeg = new Image({ allowedMimeTypes: ['image/jpeg'] });
    await expect(parse(jpeg, file('rgb.png'))).rejects.toThrow(
      'the image is image/png; send image/jpeg',
    );
  });

  it('refuses bytes that are not an image, and an empty body', async () => {
    await expect(parse(new Image(), Buffer.from('text'))).rejects.toThrow(InputError);
    await expect(parse(new Image(), new Uint8Array(0))).rejects.toThrow(InvalidBodyError);
    await expect(parse(new Image(), undefined)).rejects.toThrow('body parser');
  });

  it('refuses a decompression bomb without decoding it', async () => {
    await expect(parse(new Image(), file('refused/bomb.png'))).rejects.toThrow('60000 x 60000');
    const small = new Image({ maxPixels: 1000 });
    await expect(parse(small, file('rgb.bmp'))).rejects.toThrow('the limit is 1000');
  });

  it('finds the image in a form', async () => {
    const form = new FormData();
    form.set('note', 'hello');
    form.set('file', new Blob([new Uint8Array(file('rgb.png'))], { type: 'image/png' }), 'a.png');
    const response = new Response(form);
    const type = response.headers.get('content-type') as string;
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(await parse(new Image(), bytes, type)).toEqual(file('rgb.png'));
    const none = new FormData();
    none.set('note', 'hello');
    const noImage = new Response(none);
    const otherType = noImage.headers.get('content-type') as string;
    const other = new Uint8Array(await noImage.arrayBuffer());
    await expect(parse(new Image(), other, otherType)).rejects.toThrow(UnsupportedBodyError);
  });

  it('documents a binary body for every media type', () => {
    const image = new Image({ allowedMimeTypes: ['image/jpeg', 'image/png'] });
    expect(image.mediaType).toBe('image/jpeg');
    expect(image.schema).toEqual({ type: 'string', format: 'binary' });
    expect(Object.keys(image.alternatives)).toEqual(['image/png']);
  });
});

describe('Image as an output', () => {
  const mask = new Tensor('int64', BigInt64Array.from([0n, 1n, 2n, 1n, 0n, 3n]), [2, 3]);

  it('writes a mask as a PNG whose indices are the classes', async () => {
    const { contentType, body } = await new Image().serialize(mask);
    expect(contentType).toBe('image/png');
    const metadata = await sharp(body as Uint8Array).metadata();
    expect(metadata).toMatchObject({ width: 3, height: 2, format: 'png', isPalette: true });
    const pixels = await sharp(body as Uint8Array)
      .raw()
      .toBuffer();
    expect([...pixels.subarray(0, 9)]).toEqual([0, 0, 0, 128, 0, 0, 0, 128, 0]);
  });

  it('uses the given colours of classes', async () => {
    const image = new Image({
      palette: [
        [9, 9, 9],
        [1, 2, 3],
      ],
    });
    const { body } = await image.serialize(mask);
    const pixels = await sharp(body as Uint8Array)
      .raw()
      .toBuffer();
    expect([...pixels.subarray(0, 9)]).toEqual([9, 9, 9, 1, 2, 3, 0, 128, 0]);
  });

  it('writes an image that a learner predicts, channel by channel', async () => {
    const planes = BigInt64Array.from([0n, 255n, 1n, 2n, 3n, 4n]);
    const { body } = await new Image().serialize(new Tensor('int64', planes, [3, 1, 2]));
    const pixels = await sharp(body as Uint8Array)
      .raw()
      .toBuffer();
    expect([...pixels]).toEqual([0, 1, 3, 255, 2, 4]);
    const beyond = new Tensor('int64', BigInt64Array.from([0n, 256n]), [1, 1, 2]);
    await expect(new Image().serialize(beyond)).rejects.toThrow(InvalidOutputError);
  });

  it('writes pixels in the requested format', async () => {
    const raw = {
      data: new Uint8Array(5 * 4 * 3).fill(200),
      width: 5,
      height: 4,
      channels: 3,
    } as const;
    for (const mimeType of ['image/png', 'image/jpeg', 'image/webp'] as const) {
      const { contentType, body } = await new Image({ mimeType }).serialize(raw);
      expect(contentType).toBe(mimeType);
      const { data, info } = await sharp(body as Uint8Array)
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect(info).toMatchObject({ width: 5, height: 4, channels: 3 });
      expect(data.every((value) => Math.abs(value - 200) <= 2)).toBe(true);
    }
    const tensor = new Tensor('uint8', raw.data, [4, 5, 3]);
    const { body } = await new Image().serialize(tensor);
    expect(await sharp(body as Uint8Array).metadata()).toMatchObject({ width: 5, height: 4 });
  });

  it('passes on bytes in its format', async () => {
    expect((await new Image().serialize(file('rgb.png'))).body).toEqual(file('rgb.png'));
    await expect(new Image().serialize(file('q90.jpg'))).rejects.toThrow(InvalidOutputError);
  });

  it('refuses a value that is not an image', async () => {
    const floats = new Tensor('float32', new Float32Array(6), [2, 3]);
    await expect(new Image().serialize(floats)).rejects.toThrow('has no class ids');
    const far = new Tensor('int32', Int32Array.from([300]), [1, 1]);
    await expect(new Image().serialize(far)).rejects.toThrow('class 300');
    await expect(new Image().serialize('text' as never)).rejects.toThrow(InvalidOutputError);
  });
});
