import SwaggerParser from '@apidevtools/swagger-parser';
import { Controller, Res, type INestApplication } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { IsInt } from 'class-validator';
import type { Response as ExpressResponse } from 'express';
import {
  createVtsDocument,
  File,
  Image,
  InvalidDescriptorError,
  Json,
  Multipart,
  NumpyNdarray,
  PandasDataFrame,
  PandasSeries,
  Text,
  VtsApi,
  VtsModule,
  type DataFrame,
  type NdarrayOutput,
  type Tensor,
} from 'nestjs-vts';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpClient, type Answer } from './helpers/http-client.js';
import { startApp } from './helpers/testing-app.js';

class Amount {
  @IsInt()
  amount!: number;
}

const cube = new NumpyNdarray({ dtype: 'float32', shape: [-1, 2, 3], enforceShape: true });
const people = PandasDataFrame.fromSample([{ name: 'a', age: 4.5 }], {
  dtype: { age: 'float64' },
  enforceDtype: true,
});

@Controller()
class FaultsController {
  @VtsApi({ input: Text, output: Text })
  text(text: string): string {
    return text;
  }

  @VtsApi({ input: NumpyNdarray, output: NumpyNdarray })
  numbers(array: Tensor): Tensor {
    return array;
  }

  @VtsApi({ input: new NumpyNdarray({ dtype: 'int64' }), output: NumpyNdarray })
  integers(array: Tensor): Tensor {
    return array;
  }

  @VtsApi({
    input: new NumpyNdarray({ dtype: 'int64', enforceDtype: true }),
    output: NumpyNdarray,
  })
  strict(array: Tensor): Tensor {
    return array;
  }

  @VtsApi({ input: cube, output: cube })
  cubes(array: Tensor): NdarrayOutput {
    return array.data.length > 6 ? [[1, 2]] : array;
  }

  @VtsApi({ input: new NumpyNdarray({ dtype: 'bool', shape: [-1] }), output: NumpyNdarray })
  flags(array: Tensor): Tensor {
    return array;
  }

  @VtsApi({ input: new Json({ dto: Amount }), output: Json })
  amounts(amount: Amount): unknown {
    return amount.amount === 0 ? null : { half: amount.amount / 0 };
  }

  @VtsApi({ input: people, output: PandasDataFrame })
  people(frame: DataFrame): DataFrame {
    return frame;
  }

  @VtsApi({
    input: new PandasDataFrame({ dtype: { n: 'int64' }, enforceDtype: true }),
    output: PandasDataFrame,
  })
  counts(frame: DataFrame): DataFrame {
    return frame;
  }

  @VtsApi({
    input: new PandasSeries({ dtype: 'int64', orient: 'index' }),
    output: new PandasSeries({ orient: 'values' }),
  })
  series(values: ArrayLike<unknown>): ArrayLike<unknown> {
    return values;
  }

  @VtsApi({ input: new Image({ allowedMimeTypes: ['image/png'] }), output: Json })
  image(image: Uint8Array): unknown {
    return image.length;
  }

  @VtsApi({ input: new File({ mimeType: 'application/zip' }), output: File })
  file(bytes: Uint8Array): Uint8Array {
    return bytes;
  }

  @VtsApi({ input: File, output: new File({ mimeType: 'application/zip' }) })
  marked(bytes: Uint8Array, @Res({ passthrough: true }) response: ExpressResponse): Uint8Array {
    response.status(202).header('x-mark', 'yes');
    return bytes;
  }

  @VtsApi({ input: new Multipart({ a: Text, b: Text }), output: Json })
  form(parts: { a: string; b: string }): unknown {
    return parts;
  }

  @VtsApi({ input: Text, output: Text, route: 'healthz' })
  probe(text: string): string {
    return text;
  }
}

/** What the document says of a response, resolved, against what came. */
function follows(document: OpenAPIObject, path: string, answer: Answer): void {
  const response = document.paths[path]?.post?.responses?.[answer.status] as {
    content: Record<string, { schema: { $ref: string } }>;
  };
  const { $ref } = response.content['application/json']!.schema;
  const schema = document.components?.schemas?.[$ref.split('/').at(-1)!] as {
    required: string[];
    properties: Record<string, { type: string }>;
  };
  const body = answer.json as Record<string, unknown>;
  expect(Object.keys(body).sort()).toEqual([...schema.required].sort());
  for (const [name, value] of Object.entries(body)) {
    const type = schema.properties[name]?.type;
    expect(type === 'integer' ? Number.isInteger(value) : typeof value === type, name).toBe(true);
  }
}

describe('Descriptors do not have BentoML’s faults', () => {
  let app: INestApplication;
  let client: HttpClient;
  let document: OpenAPIObject;
  let png: Uint8Array;

  beforeAll(async () => {
    app = await startApp({ imports: [VtsModule.forRoot()], controllers: [FaultsController] });
    client = await HttpClient.of(app);
    document = createVtsDocument(app);
    const create = { width: 4, height: 3, channels: 3, background: 'red' } as const;
    png = await sharp({ create }).png().toBuffer();
  });
  afterAll(() => app.close());

  /** A refusal with its reason, as the document declares it. */
  async function refused(path: string, sent: Promise<Answer>, status = 400): Promise<void> {
    const answer = await sent;
    expect(answer.status).toBe(status);
    expect((answer.json as { message: string }).message).not.toBe('');
    follows(document, path, answer);
  }

  const schemaOf = (path: string): unknown =>
    (document.paths[path]!.post!.requestBody as { content: Record<string, { schema: unknown }> })
      .content['application/json']!.schema;

  it('answer errors in the documented shape', async () => {
    await refused('/text', client.text('/text', Uint8Array.of(0xff)));
    await refused('/text', client.json('/text', '{}'), 415);
  });

  it('give a text without a sample no example', () => {
    const body = document.paths['/text']?.post?.requestBody as {
      content: Record<string, { example?: unknown }>;
    };
    expect(body.content['text/plain']?.example).toBeUndefined();
  });

  it('refuse a text that is not UTF-8 with 400, and other media types with 415', async () => {
    await refused('/text', client.text('/text', Uint8Array.of(0xc3, 0x28)));
    await refused('/text', client.post('/text', 'application/octet-stream', 'a'), 415);
  });

  it('describe an array of three dimensions in full', () => {
    expect(schemaOf('/cubes')).toEqual({
      type: 'array',
      items: {
        type: 'array',
        minItems: 2,
        maxItems: 2,
        items: {
          type: 'array',
          minItems: 3,
          maxItems: 3,
          items: { type: 'number', format: 'float' },
        },
      },
    });
  });

  it('describe flags as booleans, and no array without a dtype as integers', () => {
    expect(schemaOf('/flags')).toEqual({ type: 'array', items: { type: 'boolean' } });
    expect(JSON.stringify(schemaOf('/numbers'))).not.toContain('integer');
  });

  it('refuse strings for integers, and fractions for an enforced integer dtype', async () => {
    await refused('/integers', client.json('/integers', '["1"]'));
    await refused('/strict', client.json('/strict', '[1.5]'));
  });

  it.each(['{', '[[1, 2], [3]]', '3', 'null', '{"a": 1}', '[1, NaN]', '[Infinity]', ''])(
    'refuse %j as an array with 400',
    async (body) => {
      await refused('/numbers', client.json('/numbers', body));
    },
  );

  it('write NaN and infinities as null', () => {
    const { body } = new NumpyNdarray().serialize(Float32Array.of(NaN, Infinity, 1));
    expect(body).toBe('[null,null,1]');
  });

  it('answer 500 if the output has the wrong shape', async () => {
    const two = JSON.stringify([0, 1].map(() => [0, 1].map(() => [1, 2, 3])));
    await refused('/cubes', client.json('/cubes', two), 500);
  });

  it('refuse an option that enforces nothing', () => {
    expect(() => new NumpyNdarray({ enforceDtype: true })).toThrow(InvalidDescriptorError);
    expect(() => new NumpyNdarray({ enforceShape: true })).toThrow(InvalidDescriptorError);
    expect(() => new PandasDataFrame({ enforceDtype: true })).toThrow(InvalidDescriptorError);
    expect(() => new PandasSeries({ enforceShape: true })).toThrow(InvalidDescriptorError);
  });

  it('document the types of a sample', () => {
    const sampled = NumpyNdarray.fromSample([[1, 2]]);
    expect(sampled.schema).toMatchObject({ items: { items: { format: 'float' } } });
    expect(sampled.example).toEqual([[1, 2]]);
    expect(schemaOf('/people')).toMatchObject({
      items: { properties: { name: { type: 'string' }, age: { type: 'number' } } },
    });
  });

  it('refuse JSON without showing the input or an address', async () => {
    const { json } = await client.json('/amounts', '{"amount":"secret-input"}');
    expect(JSON.stringify(json)).not.toMatch(/secret-input|https?:/);
    expect(json).toMatchObject({ message: expect.stringContaining('amount must be an integer') });
  });

  it('write null as null, and NaN as null', async () => {
    expect(await client.json('/amounts', '{"amount":0}')).toMatchObject({
      status: 200,
      text: 'null',
    });
    expect(await client.json('/amounts', '{"amount":1}')).toMatchObject({ text: '{"half":null}' });
  });

  it('read CSV whose content type has a charset as CSV', async () => {
    const answer = await client.post('/people', 'text/csv; charset=utf-8', 'name,age\na,1.5\n');
    expect(answer).toMatchObject({ status: 200, json: [{ name: 'a', age: 1.5 }] });
  });

  it.each([
    ['application/json', '{'],
    ['application/json', '[1]'],
    ['text/csv', 'name,age\n"a,1'],
    ['application/vnd.apache.parquet', 'no Parquet'],
  ])('refuse a malformed data frame with 400: %s', async (type, body) => {
    await refused('/people', client.post('/people', type, body));
  });

  it('enforce the dtypes of a data frame', async () => {
    await refused('/counts', client.json('/counts', '[{"n":"seven"}]'));
    await refused('/counts', client.json('/counts', '[{"n":1.5}]'));
  });

  it('describe a series in its own orient', async () => {
    expect(schemaOf('/series')).toEqual({
      type: 'object',
      additionalProperties: { type: 'integer', format: 'int64' },
    });
    expect(await client.json('/series', '{"0":1,"1":2}')).toMatchObject({ json: [1, 2] });
    const { body } = new PandasSeries({ orient: 'values' }).serialize([1]);
    expect([new PandasSeries({ orient: 'values' }).schema.type, body]).toEqual(['array', '[1]']);
  });

  it('accept an image without a content type, and refuse other types with 415', async () => {
    expect(await client.post('/image', undefined, png)).toMatchObject({ json: png.length });
    await refused('/image', client.post('/image', 'image/jpeg', png), 415);
    await refused('/image', client.post('/image', 'image/png', 'no image'));
  });

  it('accept a file without a media type, and refuse other types with 415', async () => {
    expect(await client.post('/file', undefined, 'zip')).toMatchObject({
      status: 200,
      text: 'zip',
    });
    await refused('/file', client.post('/file', 'image/png', 'zip'), 415);
  });

  it('keep the content type of a file if the handler injects the response', async () => {
    const answer = await client.post('/marked', undefined, 'zip');
    expect(answer).toMatchObject({ status: 202, type: 'application/zip', text: 'zip' });
    expect(answer.headers.get('x-mark')).toBe('yes');
  });

  it('match parts of a form by name, and refuse a missing one with 400', async () => {
    const send = (fields: Record<string, string>): Promise<Answer> => {
      const lines = Object.entries(fields).map(
        ([name, value]) =>
          `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
      );
      return client.post('/form', 'multipart/form-data; boundary=x', `${lines.join('')}--x--\r\n`);
    };
    expect(await send({ b: '2', a: '1' })).toMatchObject({ json: { a: '1', b: '2' } });
    await refused('/form', send({ a: '1', c: '2' }));
    await refused('/form', client.json('/form', '{}'), 415);
  });

  it('make a form’s example from samples', () => {
    const form = Multipart.fromSample({
      note: 'hello',
      picture: png,
      rows: [[1, 2]],
      more: { a: 1 },
    });
    expect(form.example).toEqual({
      note: 'hello',
      picture: Buffer.from(png).toString('base64'),
      rows: [[1, 2]],
      more: { a: 1 },
    });
    expect(form.schema.required).toEqual(['note', 'picture', 'rows', 'more']);
  });
});

describe('The document does not have BentoML’s faults', () => {
  let app: INestApplication;
  let client: HttpClient;
  let document: OpenAPIObject;

  beforeAll(async () => {
    app = await startApp({ imports: [VtsModule.forRoot()], controllers: [FaultsController] });
    client = await HttpClient.of(app);
    document = createVtsDocument(app);
  });
  afterAll(() => app.close());

  it('is valid for the OpenAPI version that it declares', async () => {
    const copy = structuredClone(document) as unknown;
    await SwaggerParser.validate(copy as Parameters<typeof SwaggerParser.validate>[0]);
    expect(JSON.stringify(document)).not.toMatch(/"anyOf"|"type":"null"|"consumes"|"produces"/);
  });

  it('has the version 1.0 by default', () => {
    expect(document.info.version).toBe('1.0');
  });

  it('documents the errors that endpoints answer', async () => {
    follows(document, '/text', await client.json('/text', '{}'));
    follows(document, '/numbers', await client.json('/numbers', '{'));
  });

  it('documents 422, 429, 503 and 504', () => {
    const responses = document.paths['/text']?.post?.responses ?? {};
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['422', '429', '503', '504']));
  });

  it('keeps a probe whose path an endpoint shares', async () => {
    expect(await client.text('/healthz', 'mine')).toMatchObject({ status: 200, text: 'mine' });
    expect(await client.get('/healthz')).toMatchObject({ json: { status: 'ok' } });
    expect(Object.keys(document.paths['/healthz'] ?? {}).sort()).toEqual(['get', 'post']);
  });

  it('gives each operation its own id', () => {
    const ids = Object.values(document.paths).flatMap((path) =>
      Object.values(path as Record<string, { operationId?: string }>).map((op) => op.operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });
});
