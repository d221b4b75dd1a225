import { readFileSync } from 'node:fs';
import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { InvalidDescriptorError } from './errors.js';
import { File } from './file.js';
import { Image } from './image.js';
import { Json } from './json.js';
import { Multipart } from './multipart.js';
import { NumpyNdarray } from './numpy-ndarray.js';
import { PandasDataFrame } from './pandas-data-frame.js';
import { PandasSeries } from './pandas-series.js';
import { Text } from './text.js';

const png = readFileSync(new URL('../../../test/fixtures/vision/images/rgb.png', import.meta.url));
const small = Buffer.from('zip');

describe('fromSample', () => {
  it.each([
    ['Text', Text.fromSample('a'), 'a', { type: 'string' }],
    [
      'NumpyNdarray',
      NumpyNdarray.fromSample([[1, 2]]),
      [[1, 2]],
      { type: 'array', items: { type: 'array', items: { type: 'number', format: 'float' } } },
    ],
    [
      'Json',
      Json.fromSample({ a: 1, b: [{ c: 'x' }] }),
      { a: 1, b: [{ c: 'x' }] },
      {
        type: 'object',
        properties: {
          a: { type: 'number' },
          b: {
            type: 'array',
            items: { type: 'object', properties: { c: { type: 'string' } }, required: ['c'] },
          },
        },
        required: ['a', 'b'],
      },
    ],
    [
      'PandasSeries',
      PandasSeries.fromSample(['a', null]),
      ['a', null],
      { type: 'array', items: { type: 'string', nullable: true } },
    ],
    [
      'PandasDataFrame',
      PandasDataFrame.fromSample([{ a: 1, b: 'x' }]),
      [{ a: 1, b: 'x' }],
      {
        type: 'array',
        items: {
          type: 'object',
          properties: { a: { type: 'number' }, b: { type: 'string' } },
          required: ['a', 'b'],
        },
      },
    ],
    [
      'File',
      File.fromSample(small),
      small.toString('base64'),
      {
        type: 'string',
        format: 'binary',
        description: 'For example 3 bytes; the example shows them in base64.',
      },
    ],
    [
      'Multipart',
      Multipart.fromSample({ text: 'a', numbers: [1, 2], more: { a: true } }),
      { text: 'a', numbers: [1, 2], more: { a: true } },
      {
        type: 'object',
        properties: {
          text: { type: 'string' },
          numbers: { type: 'array', items: { type: 'number', format: 'float' } },
          more: { type: 'object', properties: { a: { type: 'boolean' } }, required: ['a'] },
        },
        required: ['text', 'numbers', 'more'],
      },
    ],
  ])('of %s gives the schema and the example', (_name, { example, schema }, sample, expected) => {
    expect(example).toEqual(sample);
    expect(schema).toEqual(expected);
  });

  it('of Image gives the media type, and shows a picture in base64', () => {
    const image = Image.fromSample(png);
    expect(image.mediaType).toBe('image/png');
    expect(image.accepts('image/jpeg')).toBe(false);
    expect(image.schema.description).toContain(`${png.length} bytes of image/png`);
    expect(image.example).toBe(png.length <= 4096 ? png.toString('base64') : undefined);
    expect(() => Image.fromSample(small)).toThrow(InvalidDescriptorError);
  });

  it('of Multipart takes descriptors instead of samples', () => {
    const rows = PandasDataFrame.fromSample([{ a: 1 }]);
    const form = Multipart.fromSample({
      rows,
      picture: png,
      tensor: new Tensor('float32', [1, 2]),
    });
    expect(form.encoding['rows']?.contentType).toContain('text/csv');
    expect(form.encoding['picture']).toEqual({ contentType: 'image/png' });
    expect(form.encoding['tensor']).toEqual({ contentType: 'application/json' });
  });

  it('refuses a value that cannot be a sample', () => {
    expect(() => Json.fromSample(undefined)).toThrow(InvalidDescriptorError);
    expect(() => NumpyNdarray.fromSample([[1], [2, 3]])).toThrow(InvalidDescriptorError);
  });
});
