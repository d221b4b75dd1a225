import { createReadStream, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { portable, pathOf } from '../data/stored-item.js';
import { UnexpectedItemError, UnreadableImageFileError } from '../errors.js';
import { bytesOf, rasterOf } from './image-item.js';

const PATH = resolve('test/fixtures/vision/images/grey16.png');
const BYTES = readFileSync(PATH);
const BASE64 = BYTES.toString('base64');
const upload = { fieldname: 'photo', originalname: 'a.png', mimetype: 'image/png' };

const ITEMS: readonly [string, () => unknown][] = [
  ['a path', () => PATH],
  ['a file URL', () => pathToFileURL(PATH)],
  ['a file URL as text', () => pathToFileURL(PATH).href],
  ['a data URL', () => new URL(`data:image/png;base64,${BASE64}`)],
  ['a data URL as text', () => `data:image/png;base64,${BASE64}`],
  ['base64', () => BASE64],
  ['base64 in lines, for URLs', () => BYTES.toString('base64url').replace(/.{76}/g, '$&\r\n')],
  ['bytes', () => new Uint8Array(BYTES)],
  ['a buffer', () => BYTES],
  ['an ArrayBuffer', () => new Uint8Array(BYTES).buffer],
  ['a Blob', () => new Blob([BYTES])],
  ['a File', () => new File([BYTES], 'a.png')],
  ['the URL of a Blob', () => URL.createObjectURL(new Blob([BYTES]))],
  ['a stream', () => createReadStream(PATH)],
  ['a stream of the web', () => Readable.toWeb(createReadStream(PATH))],
  ['a body of fetch', () => new Response(BYTES).body],
  ['a file that multer holds', () => ({ ...upload, buffer: BYTES })],
  ['a file that multer has put down', () => ({ ...upload, path: PATH })],
];

describe('An image', () => {
  it.each(ITEMS)('may be %s', async (_, item) => {
    expect(Buffer.compare(Buffer.from(await bytesOf(item())), BYTES)).toBe(0);
    const raster = await rasterOf(item(), 'RGB');
    expect(raster).toEqual(await rasterOf(BYTES, 'RGB'));
  });

  it.each(ITEMS)('goes to another thread as bytes or text: %s', async (_, item) => {
    const given = item();
    const sent = structuredClone((await portable(given)) ?? given);
    expect(Buffer.compare(Buffer.from(await bytesOf(sent)), BYTES)).toBe(0);
  });

  it('is found in lists and in objects by name', async () => {
    const blob = (): Blob => new Blob([BYTES]);
    expect(await portable([blob(), PATH])).toEqual([new Uint8Array(BYTES), PATH]);
    expect(await portable({ left: blob(), age: 3 })).toEqual({
      left: new Uint8Array(BYTES),
      age: 3,
    });
    expect(portable([PATH, { age: 3 }])).toBeUndefined();
  });

  it("is fastai's file if it is a path or a file URL, as text or not", () => {
    expect(pathOf('photos/a.png')).toBe('photos/a.png');
    expect(pathOf('C:\\photos\\a.png')).toBe('C:\\photos\\a.png');
    expect(pathOf(pathToFileURL(PATH))).toBe(PATH);
    expect(pathOf(pathToFileURL(PATH).href)).toBe(PATH);
    expect(pathOf('data:image/png;base64,AA==')).toBeUndefined();
  });

  it('is not fetched', async () => {
    const fetched = bytesOf('https://example.com/a.png');
    await expect(fetched).rejects.toThrow(UnexpectedItemError);
    await expect(fetched).rejects.toThrow('does not fetch');
  });

  it('is not repeated in an error', async () => {
    const long = bytesOf(`no/such/${'x'.repeat(5000)}`);
    await expect(long).rejects.toThrow(UnreadableImageFileError);
    await expect(long).rejects.toThrow(/^.{150,300}$/);
    await expect(bytesOf(`https://example.com/${'x'.repeat(5000)}`)).rejects.toThrow(
      /^.{150,350}$/,
    );
  });
});
