import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import SwaggerParser from '@apidevtools/swagger-parser';
import { Controller, type INestApplication } from '@nestjs/common';
import {
  createVtsDocument,
  File,
  Image,
  Learner,
  Text,
  VtsApi,
  VtsModule,
  type ImageItem,
  type Tensor,
} from 'nestjs-vts';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ShapesController } from '../sample/04-vision/src/shapes.controller.js';
import { HttpClient } from './helpers/http-client.js';
import { startApp } from './helpers/testing-app.js';

const home = fileURLToPath(new URL('../sample/04-vision/models-home', import.meta.url));
const picture = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(
    readFileSync(new URL(`../sample/04-vision/pictures/${name}.jpg`, import.meta.url)),
  );
const fixture = (name: string): Uint8Array =>
  readFileSync(new URL(`fixtures/vision/images/${name}`, import.meta.url));

@Controller()
class UploadController {
  @VtsApi({ input: new Image({ allowedMimeTypes: ['image/png'], maxBytes: 10_000 }), output: Text })
  png(image: Uint8Array): string {
    return `${image.length} bytes`;
  }

  @VtsApi({
    input: new File({ mimeType: 'application/zip' }),
    output: new File({ mimeType: 'application/zip' }),
  })
  unchanged(file: Uint8Array): Uint8Array {
    return file;
  }
}

describe('Image learners over HTTP', () => {
  let app: INestApplication;
  let client: HttpClient;
  let url: string;

  beforeAll(async () => {
    app = await startApp({
      imports: [VtsModule.forRoot({ home })],
      controllers: [ShapesController, UploadController],
    });
    client = await HttpClient.of(app);
    url = (await app.getUrl()).replace('[::1]', 'localhost');
  });
  afterAll(() => app.close());

  it.each(['circle', 'cross', 'square'])('names a %s', async (kind) => {
    const answer = await client.post('/name', 'image/jpeg', picture(kind));
    expect(answer).toMatchObject({ status: 200, text: kind });
    const probabilities = (await client.post('/classify', 'image/jpeg', picture(kind))).json;
    expect(Math.max(...(probabilities as number[]))).toBeGreaterThan(0.9);
  });

  it('answers the same for the same pixels in other formats, and without a content type', async () => {
    const { data, info } = await sharp(picture('cross'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const { width, height } = info;
    const pixels = sharp(data, { raw: { width, height, channels: 3 } });
    const expected = await client.post('/classify', 'image/jpeg', picture('cross'));
    for (const [type, bytes] of [
      ['image/png', await pixels.clone().png().toBuffer()],
      ['image/webp', await pixels.clone().webp({ lossless: true }).toBuffer()],
      ['image/tiff', await pixels.clone().tiff({ compression: 'lzw' }).toBuffer()],
      [undefined, picture('cross')],
      ['application/octet-stream', picture('cross')],
    ] as const) {
      const answer = await client.post('/classify', type, bytes);
      expect(answer.json, String(type)).toEqual(expected.json);
    }
  });

  it('answers a mask as a PNG of class ids', async () => {
    const response = await fetch(`${url}/mask`, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg' },
      body: picture('cross'),
    });
    expect(response.headers.get('content-type')).toBe('image/png');
    const png = Buffer.from(await response.arrayBuffer());
    expect(await sharp(png).metadata()).toMatchObject({ format: 'png', isPalette: true });
    const { data } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    // The second class has the second colour of the palette.
    let crosses = 0;
    for (let i = 0; i < data.length; i += 3) {
      if (data[i] === 0 && data[i + 1] === 128 && data[i + 2] === 0) crosses++;
    }
    expect(crosses).toBeGreaterThan(150);
  });

  it('accepts and returns forms', async () => {
    const blob = (name: string) => new Blob([picture(name)], { type: 'image/jpeg' });
    const form = new FormData();
    form.set('after', blob('circle'), 'after.jpg');
    form.set('before', blob('square'), 'before.jpg');
    form.set('note', 'Überprüft');
    const answer = await fetch(`${url}/compare`, { method: 'POST', body: form });
    expect(answer.status).toBe(200);
    const parts = await answer.formData();
    expect(parts.get('verdict')).toBe('Überprüft: was a square, is a circle');
    expect(parts.has('mask') && parts.has('original')).toBe(true);

    form.delete('note');
    const without = await fetch(`${url}/compare`, { method: 'POST', body: form });
    expect((await without.formData()).get('verdict')).toBe('was a square, is a circle');

    form.delete('before');
    const missing = await fetch(`${url}/compare`, { method: 'POST', body: form });
    expect(missing.status).toBe(400);
    expect(await missing.json()).toMatchObject({
      statusCode: 400,
      message: expect.stringContaining('the part "before" is missing'),
    });
  });

  it('refuses bytes that are not an image, with the reason', async () => {
    const cases: [string, string | undefined, Uint8Array, number, string][] = [
      ['/name', 'image/jpeg', Buffer.from('not an image'), 400, 'in an unknown format'],
      ['/name', 'image/png', fixture('refused/bomb.png'), 400, '60000 x 60000 pixels'],
      ['/name', 'image/jpeg', new Uint8Array(0), 400, 'the body is empty'],
      ['/name', 'image/jpeg', fixture('refused/cut.jpg'), 400, 'JPEG'],
      ['/name', 'text/plain', picture('cross'), 415, 'text/plain'],
      ['/png', 'image/jpeg', fixture('q90.jpg'), 415, 'image/jpeg'],
      ['/png', undefined, fixture('q90.jpg'), 400, 'send image/png'],
      ['/png', 'image/png', new Uint8Array(10_001), 413, '10000 bytes'],
      ['/compare', 'image/jpeg', picture('cross'), 415, 'multipart/form-data'],
      ['/compare', 'multipart/form-data; boundary=x', Buffer.from('--x'), 400, 'Multipart'],
    ];
    for (const [path, type, bytes, status, reason] of cases) {
      const answer = await client.post(path, type, bytes);
      expect(answer.status, `${path} ${answer.text}`).toBe(status);
      expect((answer.json as { message: string }).message).toContain(reason);
    }
  });

  it('hands files on unchanged', async () => {
    const bytes = Uint8Array.of(0, 255, 13, 10);
    const response = await fetch(`${url}/unchanged`, {
      method: 'POST',
      headers: { 'content-type': 'application/zip' },
      body: bytes,
    });
    expect(response.headers.get('content-type')).toBe('application/zip');
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
  });

  it('documents binary bodies and forms', async () => {
    const document = createVtsDocument(app);
    await SwaggerParser.validate(structuredClone(document) as never);
    const binary = { type: 'string', format: 'binary' };
    const operation = (path: string) => document.paths[path]?.post as never as Operation;
    const { requestBody, responses } = operation('/mask');
    expect(requestBody.content['image/jpeg']?.schema).toEqual(binary);
    expect(requestBody.content['image/tiff']?.schema).toEqual(binary);
    expect(responses['200']!.content['image/png']?.schema).toEqual(binary);
    expect(operation('/compare').requestBody.content['multipart/form-data']?.schema).toEqual({
      type: 'object',
      properties: { before: binary, after: binary, note: { type: 'string' } },
      required: ['before', 'after'],
    });
  });
});

interface Content {
  readonly content: Readonly<Record<string, { readonly schema: unknown }>>;
}

interface Operation {
  readonly requestBody: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

const shared = fileURLToPath(new URL('../../shared/learners', import.meta.url));

/** Learners that are too large for the repository; they are there where the project is built. */
const large = ['shapes_resnet18', 'shapes_multi', 'unet_seg'].filter((name) =>
  existsSync(`${shared}/${name}`),
);

interface Case {
  readonly input: string;
  readonly decoded: unknown;
  readonly probs: unknown;
}

describe.runIf(large.length > 0)('Full-size image learners', () => {
  const flat = (value: unknown): unknown[] =>
    Array.isArray(value) ? value.flatMap(flat) : [value];

  it.each(large)('%s predicts what fastai predicts', async (name) => {
    const learner = await Learner.load<ImageItem, string | string[] | Tensor>(
      `${shared}/${name}/export.pkl`,
    );
    const { cases } = JSON.parse(readFileSync(`${shared}/${name}/cases.json`, 'utf8')) as {
      cases: Case[];
    };
    expect(readdirSync(`${shared}/${name}/images`).length).toBeGreaterThan(0);
    for (const { input, decoded, probs } of cases) {
      const [actual, , outputs] = await learner.predict(`${shared}/${name}/${input}`);
      const expected = flat(probs) as number[];
      expect(outputs.data).toHaveLength(expected.length);
      const worst = expected.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - Number(outputs.data[i]))),
        0,
      );
      expect(worst, input).toBeLessThan(1e-4);
      const shown =
        typeof actual === 'object' && 'data' in actual ? Array.from(actual.data, Number) : actual;
      expect(flat(shown), input).toEqual(flat(decoded));
    }
    await learner.release();
  });
});
