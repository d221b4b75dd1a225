import SwaggerParser from '@apidevtools/swagger-parser';
import { Controller, type INestApplication } from '@nestjs/common';
import {
  createVtsDocument,
  NumpyNdarray,
  setupVtsDocs,
  Text,
  VtsApi,
  VtsModule,
  type Tensor,
} from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpClient } from './helpers/http-client.js';
import { startApp } from './helpers/testing-app.js';

@Controller('demo')
class DemoController {
  @VtsApi({
    input: Text.fromSample('I really liked that movie!'),
    output: NumpyNdarray.fromSample(Float32Array.of(0.25, 0.75)),
    summary: 'Sentiment of a text',
    description: 'One probability a class.',
    tags: ['Sentiment'],
    operationId: 'classify',
    deprecated: true,
  })
  classify(text: string): Float32Array {
    return Float32Array.of(text.length);
  }

  @VtsApi({
    input: new NumpyNdarray({ dtype: 'int64', shape: [-1, 4], enforceShape: true }),
    output: NumpyNdarray,
    route: 'rows/sum',
  })
  sum(rows: Tensor): Tensor {
    return rows;
  }
}

describe('The OpenAPI document', () => {
  let app: INestApplication;
  let client: HttpClient;

  beforeAll(async () => {
    app = await startApp(
      { imports: [VtsModule.forRoot()], controllers: [DemoController] },
      { app: (it) => setupVtsDocs(it, { title: 'Demo', version: '2.0' }) },
    );
    client = await HttpClient.of(app);
  });
  afterAll(() => app.close());

  it('is valid, and shown without anything from outside', async () => {
    const document = createVtsDocument(app) as unknown;
    await SwaggerParser.validate(document as Parameters<typeof SwaggerParser.validate>[0]);
    const page = await client.get('/docs');
    expect(page).toMatchObject({ status: 200, type: expect.stringContaining('text/html') });
    expect(page.text).not.toMatch(/(?:src|href)=["']?(?:https?:)?\/\//);
    expect(await client.get('/docs-json')).toMatchObject({
      status: 200,
      json: { info: { title: 'Demo', version: '2.0' } },
    });
  });

  it('describes an endpoint by its descriptors', async () => {
    const { paths } = createVtsDocument(app);
    expect(Object.keys(paths).sort()).toEqual([
      '/demo/classify',
      '/demo/rows/sum',
      '/healthz',
      '/livez',
      '/readyz',
    ]);
    expect(paths['/demo/classify']?.post).toMatchObject({
      summary: 'Sentiment of a text',
      description: 'One probability a class.',
      tags: ['Demo', 'Sentiment'],
      operationId: 'classify',
      deprecated: true,
      parameters: [],
      requestBody: {
        required: true,
        content: {
          'text/plain': { schema: { type: 'string' }, example: 'I really liked that movie!' },
        },
      },
      responses: {
        200: {
          content: {
            'application/json': {
              example: [0.25, 0.75],
              schema: { type: 'array', items: { type: 'number', format: 'float' } },
            },
          },
        },
      },
    });
    expect(paths['/demo/rows/sum']?.post?.requestBody).toMatchObject({
      content: {
        'application/json': {
          schema: {
            type: 'array',
            items: { type: 'array', minItems: 4, maxItems: 4, items: { type: 'integer' } },
          },
        },
      },
    });
  });

  it('declares every status with the one error schema', async () => {
    const { paths, components } = createVtsDocument(app);
    const responses = paths['/demo/classify']?.post?.responses ?? {};
    expect(Object.keys(responses)).toEqual(['200', '400', '413', '415', '500', '503', '504']);
    const schema = { $ref: '#/components/schemas/ApiError' };
    for (const [status, response] of Object.entries(responses)) {
      if (status === '200') continue;
      expect(response).toMatchObject({ content: { 'application/json': { schema } } });
    }
    expect(components?.schemas?.['ApiError']).toMatchObject({
      type: 'object',
      required: ['statusCode', 'message', 'error'],
    });
  });
});
