import SwaggerParser from '@apidevtools/swagger-parser';
import { Controller, Get, Module, VersioningType, type INestApplication } from '@nestjs/common';
import { ApiBearerAuth, ApiTags, type OpenAPIObject } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsPositive, IsString, ValidateNested } from 'class-validator';
import {
  createVtsDocument,
  Json,
  NumpyNdarray,
  setupVtsDocs,
  Text,
  VtsApi,
  VtsModule,
  type Tensor,
} from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpClient } from './helpers/http-client.js';
import { schemaFaults } from './helpers/schema-faults.js';
import { startApp } from './helpers/testing-app.js';

type ContentObject = Record<string, { schema?: object }>;

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
      '/metrics',
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
    const statuses = [200, 400, 404, 405, 408, 413, 415, 422, 429, 500, 503, 504];
    expect(Object.keys(responses)).toEqual(statuses.map(String));
    expect(responses['503']).toMatchObject({ headers: { 'Retry-After': expect.any(Object) } });
    expect(responses['405']).toMatchObject({ headers: { Allow: expect.any(Object) } });
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

/** Classes with rules alone. */
class Line {
  @IsString()
  name!: string;

  @IsInt()
  @IsPositive()
  count!: number;
}

class Basket {
  @ValidateNested({ each: true })
  @Type(() => Line)
  lines!: Line[];

  @IsOptional()
  @ValidateNested()
  @Type(() => Line)
  gift?: Line;

  @IsIn(['low', 'high'])
  priority!: string;
}

@ApiBearerAuth()
@Controller({ path: 'shop', version: ['1', '2'] })
class ShopController {
  @VtsApi({
    input: new Json({ dto: Basket, isArray: true }),
    output: Json.fromSample({ total: 3, names: ['a', null] }),
    route: 'baskets/:customer',
  })
  total(baskets: Basket[]): unknown {
    return baskets;
  }
}

describe('The OpenAPI document of an application with a prefix, versions and guards', () => {
  it('has the paths, their parameters, the schemes and the nested classes', async () => {
    const app = await startApp(
      { imports: [VtsModule.forRoot()], controllers: [ShopController] },
      {
        app: (it) => {
          it.setGlobalPrefix('api', { exclude: ['livez', 'readyz', 'healthz', 'metrics'] });
          it.enableVersioning({ type: VersioningType.URI });
        },
      },
    );
    const client = await HttpClient.of(app);
    const document = createVtsDocument(app, { configure: (builder) => builder.addBearerAuth() });
    const copy = structuredClone(document) as unknown;
    await SwaggerParser.validate(copy as Parameters<typeof SwaggerParser.validate>[0]);
    const { paths, components } = document;
    expect(Object.keys(paths).filter((path) => path.includes('shop'))).toEqual([
      '/api/v1/shop/baskets/{customer}',
      '/api/v2/shop/baskets/{customer}',
    ]);
    const operations = Object.entries(paths).flatMap(([path, { post }]) =>
      path.includes('shop') && post ? [post] : [],
    );
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(2);
    expect(operations[0]).toMatchObject({
      security: [{ bearer: [] }],
      parameters: [{ name: 'customer', in: 'path', required: true, schema: { type: 'string' } }],
      requestBody: {
        content: {
          'application/json': {
            schema: { type: 'array', items: { $ref: '#/components/schemas/Basket' } },
          },
        },
      },
      responses: {
        200: {
          content: {
            'application/json': {
              example: { total: 3, names: ['a', null] },
              schema: {
                type: 'object',
                properties: {
                  total: { type: 'number' },
                  names: { type: 'array', items: { type: 'string', nullable: true } },
                },
                required: ['total', 'names'],
              },
            },
          },
        },
        401: { content: { 'application/json': expect.any(Object) } },
        403: { content: { 'application/json': expect.any(Object) } },
      },
    });
    expect(components?.securitySchemes).toEqual({
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    });
    expect(components?.schemas).toMatchObject({
      Basket: {
        required: ['lines', 'priority'],
        properties: {
          lines: { type: 'array', items: { $ref: '#/components/schemas/Line' } },
          gift: { allOf: [{ $ref: '#/components/schemas/Line' }], nullable: true },
          priority: { type: 'string', enum: ['low', 'high'] },
        },
      },
      Line: {
        properties: {
          name: { type: 'string' },
          count: { type: 'integer', minimum: 0, exclusiveMinimum: true },
        },
      },
    });
    const sent = await client.json('/api/v2/shop/baskets/7', '[{"lines":[],"priority":"mid"}]');
    expect(sent).toMatchObject({
      status: 400,
      json: { message: expect.stringContaining('0.priority must be one of') },
    });
    await app.close();
  });
});

@Controller('books')
class BooksController {
  @VtsApi({ input: Text, output: Text.fromSample('fine', { stream: true }) })
  async *score(text: string): AsyncGenerator<string> {
    yield text;
  }

  @VtsApi({ input: Text, output: Text })
  score_all(text: string): string {
    return text;
  }

  @VtsApi({ input: Text, output: Text, operationId: 'find' })
  lookUp(text: string): string {
    return text;
  }
}

@Controller('films')
class FilmsController {
  @VtsApi({ input: Text, output: Text })
  score(text: string): string {
    return text;
  }

  @VtsApi({ input: Text, output: Text })
  scoreAll(text: string): string {
    return text;
  }

  @VtsApi({ input: Text, output: Text })
  find(text: string): string {
    return text;
  }

  @VtsApi({ input: Text, output: Text })
  unique(text: string): string {
    return text;
  }

  @Get('metrics')
  @ApiTags('Infrastructure')
  metrics(): string {
    return 'of the application';
  }
}

describe('Operations of the OpenAPI document', () => {
  let app: INestApplication;

  beforeAll(async () => {
    // Modules of features come after the module's own routes.
    @Module({ controllers: [BooksController, FilmsController] })
    class FeatureModule {}
    app = await startApp({ imports: [VtsModule.forRoot(), FeatureModule] });
  });
  afterAll(() => app.close());

  const idsOf = ({ paths }: OpenAPIObject): [string, string | undefined][] =>
    Object.entries(paths).map(([path, { get, post }]) => [path, (post ?? get)?.operationId]);

  it('have the names of their methods, and of their controllers if generators need it', () => {
    expect(idsOf(createVtsDocument(app))).toEqual([
      ['/books/score', 'BooksController_score'],
      ['/books/score_all', 'BooksController_score_all'],
      ['/books/lookUp', 'find'],
      ['/films/score', 'FilmsController_score'],
      ['/films/scoreAll', 'FilmsController_scoreAll'],
      ['/films/find', 'FilmsController_find'],
      ['/films/unique', 'unique'],
      ['/films/metrics', 'FilmsController_metrics'],
      ['/livez', 'livez'],
      ['/readyz', 'readyz'],
      ['/healthz', 'healthz'],
      ['/metrics', 'VtsMetricsController_metrics'],
    ]);
  });

  it('are named by the factory of the application, if it has one', () => {
    const operationIdFactory = (controller: string, method: string): string =>
      `${method}Of${controller}`;
    const ids = idsOf(createVtsDocument(app, { swagger: { operationIdFactory } }));
    expect(ids.slice(0, 3)).toEqual([
      ['/books/score', 'scoreOfBooksController'],
      ['/books/score_all', 'score_allOfBooksController'],
      ['/books/lookUp', 'find'],
    ]);
    expect(ids.at(-1)).toEqual(['/metrics', 'metricsOfVtsMetricsController']);
  });

  it('are in groups, the probes and metrics last or left out', () => {
    const document = createVtsDocument(app, { configure: (builder) => builder.addTag('Films') });
    expect(document.tags?.map(({ name }) => name)).toEqual(['Films', 'Books', 'Infrastructure']);
    const without = createVtsDocument(app, { infrastructure: false });
    expect(Object.keys(without.paths).filter((path) => !/^\/(?:books|films)\//.test(path))).toEqual(
      [],
    );
    expect(without.paths['/films/metrics']).toBeDefined();
  });

  it('show what is sent: each error with its status, streams as events', () => {
    const { responses } = createVtsDocument(app).paths['/books/score']?.post ?? {};
    for (const [status, response] of Object.entries(responses ?? {})) {
      const example =
        status === '200'
          ? { 'text/event-stream': { example: 'data: fine\n\nevent: end\ndata: \n\n' } }
          : { 'application/json': { example: { statusCode: Number(status) } } };
      expect(response).toMatchObject({ content: example });
    }
  });

  it('describe the probes as they answer', async () => {
    const client = await HttpClient.of(app);
    const document = createVtsDocument(app);
    for (const path of ['/livez', '/readyz', '/healthz']) {
      const answer = document.paths[path]?.get?.responses['200'] as { content: ContentObject };
      const schema = answer.content['application/json']?.schema ?? {};
      const { json } = await client.get(path);
      expect([path, schemaFaults(schema, json, document)]).toEqual([path, undefined]);
    }
  });
});
