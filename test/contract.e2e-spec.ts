import {
  BadRequestException,
  Body,
  Catch,
  Controller,
  Get,
  HttpException,
  NotFoundException,
  Param,
  ParseIntPipe,
  Post,
  ServiceUnavailableException,
  UnprocessableEntityException,
  type ArgumentsHost,
  type ExceptionFilter,
  type INestApplication,
  type LoggerService,
} from '@nestjs/common';
import { IsInt, IsPositive, IsString, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';
import {
  File,
  Image,
  InputError,
  IoDescriptor,
  Json,
  Multipart,
  NumpyNdarray,
  PandasDataFrame,
  PandasSeries,
  RunFailedError,
  RunInputError,
  RunnerOverloadedError,
  RunnerUnavailableError,
  RunTimeoutError,
  Text,
  TooManyCallsError,
  VtsApi,
  VtsModule,
  WorkerDiedError,
  type DataFrame,
} from 'nestjs-vts';
import { from, of, type Observable } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOST } from './helpers/adapter.js';
import { HttpClient, type Answer } from './helpers/http-client.js';
import { sendRaw } from './helpers/raw-http.js';
import { startApp } from './helpers/testing-app.js';

class Item {
  @IsString()
  name!: string;

  @IsInt()
  @IsPositive()
  price!: number;
}

class Order {
  @ValidateNested({ each: true })
  @Type(() => Item)
  items!: Item[];
}

const FAILURES = new Map<string, () => Error>([
  ['input', () => new RunInputError('m', 'TextTooLongError', 'The text is too long.')],
  ['busy', () => new RunnerOverloadedError('m', 'predict', 'too many wait', 7)],
  ['many', () => new TooManyCallsError('m', 'predict', 3)],
  ['late', () => new RunTimeoutError('m', 'predict', 10)],
  ['died', () => new WorkerDiedError('m', 'predict', 'at /srv/models/x.pkl')],
  ['unloaded', () => new RunnerUnavailableError('m', 'ENOENT /srv/models/x.pkl')],
  ['failed', () => new RunFailedError('m', 'RangeError', 'at /srv/models/x.pkl')],
  ['unprocessable', () => new UnprocessableEntityException('no sense')],
  ['unavailable', () => new ServiceUnavailableException()],
  ['list', () => new BadRequestException(['a', 'b'])],
  ['teapot', () => new HttpException('short and stout', 418)],
  ['own', () => new HttpException({ message: 7, statusCode: 200, code: 'E1' }, 400)],
  ['unknown', () => new Error('secret /etc/passwd')],
  ['thrown', () => 'a string' as unknown as Error],
]);

function fail(kind: string): never {
  throw FAILURES.get(kind)!();
}

class Faulty extends IoDescriptor<string> {
  readonly mediaType = 'text/plain';
  readonly schema = { type: 'string' } as const;
  parse(): string {
    return '';
  }
  serialize(): never {
    throw new OutputOfClientError();
  }
}

class OutputOfClientError extends InputError {
  constructor() {
    super('The item is wrong; send another.');
  }
}

@Controller()
class ContractController {
  @VtsApi({ input: Text, output: Text })
  fail(kind: string): string {
    return fail(kind);
  }

  @VtsApi({ input: Text, output: new Text({ stream: true }) })
  async *failOnTheWay(kind: string): AsyncGenerator<string> {
    yield 'first';
    fail(kind);
  }

  @VtsApi({ input: Text, output: new Text({ stream: true }) })
  words(text: string): Observable<string> {
    return from(text.split(' '));
  }

  @VtsApi({ input: Text, output: new Text({ stream: true }) })
  async *wordsAgain(text: string): AsyncGenerator<string> {
    yield* text.split(' ');
  }

  @VtsApi({ input: new Json({ dto: Order }), output: Json })
  order(order: Order): unknown {
    return { items: order.items.length, first: order.items[0] instanceof Item };
  }

  @VtsApi({ input: new Json({ dto: Item, isArray: true }), output: Json })
  prices(items: Item[]): unknown {
    return items.map(({ price }) => price);
  }

  @VtsApi({ input: Json, output: Json })
  anything(value: unknown): unknown {
    return value;
  }

  @VtsApi({ input: new PandasDataFrame({ dtype: { id: 'int64' } }), output: PandasDataFrame })
  frame(frame: DataFrame): DataFrame {
    return frame;
  }

  @VtsApi({
    input: new PandasSeries({ dtype: 'int64' }),
    output: PandasSeries,
  })
  series(values: ArrayLike<unknown>): ArrayLike<unknown> {
    return values;
  }

  @VtsApi({ input: new Text(), output: Json })
  numbers(): unknown {
    return numbers();
  }
}

function numbers(): object {
  return { nan: NaN, infinite: [Infinity, -Infinity], exact: 2n ** 53n + 1n };
}

/** Outputs that their descriptors cannot send. */
@Controller('wrong')
class WrongOutputs {
  @VtsApi({ input: Text, output: Text })
  text(): string {
    return 7 as never;
  }

  @VtsApi({ input: Text, output: Json })
  json(): unknown {
    const circle: Record<string, unknown> = {};
    return Object.assign(circle, { circle });
  }

  @VtsApi({
    input: Text,
    output: new NumpyNdarray({
      dtype: 'int64',
      enforceDtype: true,
      shape: [2],
      enforceShape: true,
    }),
  })
  array(): number[] {
    return [1.5, 2.5];
  }

  @VtsApi({ input: Text, output: PandasDataFrame })
  frame(): never {
    return 'no frame' as never;
  }

  @VtsApi({ input: Text, output: PandasSeries })
  series(): never {
    return { a: 1 } as never;
  }

  @VtsApi({ input: Text, output: Image })
  image(): Uint8Array {
    return Buffer.from('no image');
  }

  @VtsApi({ input: Text, output: File })
  file(): never {
    return 'no bytes' as never;
  }

  @VtsApi({ input: Text, output: new Multipart({ a: Text }) })
  form(): Record<string, unknown> {
    return { b: 'x' };
  }

  @VtsApi({ input: Text, output: Faulty })
  faulty(): string {
    return '';
  }

  @VtsApi({ input: Text, output: new Text({ stream: true }) })
  stream(): Observable<string> {
    return of(7 as unknown as string);
  }
}

/** Routes of the application itself. */
@Controller('plain')
class PlainController {
  @Get('number/:id')
  number(@Param('id', ParseIntPipe) id: number): number {
    return id;
  }

  @Get('fail/:kind')
  fail(@Param('kind') kind: string): never {
    return fail(kind);
  }

  @Get('missing')
  missing(): never {
    throw new NotFoundException('no such thing');
  }

  @Post('anything')
  anything(@Body() body: unknown): unknown {
    return { body };
  }
}

class Log implements LoggerService {
  readonly errors: string[] = [];
  log(): void {}
  warn(): void {}
  error(message: unknown): void {
    this.errors.push(String(message));
  }
}

const NAMES = new Map([
  [400, 'Bad Request'],
  [404, 'Not Found'],
  [405, 'Method Not Allowed'],
  [408, 'Request Timeout'],
  [413, 'Payload Too Large'],
  [415, 'Unsupported Media Type'],
  [417, 'Expectation Failed'],
  [418, "I'm a Teapot"],
  [422, 'Unprocessable Entity'],
  [429, 'Too Many Requests'],
  [431, 'Request Header Fields Too Large'],
  [500, 'Internal Server Error'],
  [503, 'Service Unavailable'],
  [504, 'Gateway Timeout'],
]);

/** The whole body: an error has these three, and nothing else. */
function shape(status: number, message: unknown = expect.any(String)): object {
  return { statusCode: status, message, error: NAMES.get(status) };
}

describe('The contract', () => {
  const log = new Log();
  let app: INestApplication;
  let client: HttpClient;

  beforeAll(async () => {
    app = await startApp(
      {
        imports: [VtsModule.forRoot({ errors: 'application' })],
        controllers: [ContractController, WrongOutputs, PlainController],
      },
      { logger: log },
    );
    client = await HttpClient.of(app);
  });
  afterAll(() => app.close());

  describe('of errors', () => {
    it.each([
      ['input', 400, 'The text is too long.'],
      ['busy', 503, expect.stringContaining('try again in 7 s')],
      ['many', 429, expect.stringContaining('3 calls')],
      ['late', 504, expect.stringContaining('within 10 ms')],
      ['died', 503, 'The worker that served the request died; try again later.'],
      ['unloaded', 503, 'No worker has the model loaded; try again later.'],
      ['failed', 500, 'Internal server error'],
      ['unprocessable', 422, 'no sense'],
      ['unavailable', 503, 'Service Unavailable'],
      ['teapot', 418, 'short and stout'],
      ['unknown', 500, 'Internal server error'],
      ['thrown', 500, 'Internal server error'],
    ])('is one shape for %s: %i', async (kind, status, message) => {
      const expected = { status, json: shape(status, message) };
      const answers = [await client.text('/fail', kind), await client.get(`/plain/fail/${kind}`)];
      for (const answer of answers) {
        expect({ status: answer.status, json: answer.json }).toEqual(expected);
        expect(answer.type).toMatch(/^application\/json/);
        const wait = status === 503 || status === 429 ? (kind === 'busy' ? '7' : '1') : null;
        expect(answer.headers.get('retry-after')).toBe(wait);
      }
    });

    it('is a text at endpoints, as the document says, and Nest’s list elsewhere', async () => {
      expect((await client.text('/fail', 'list')).json).toEqual(shape(400, 'a; b'));
      expect((await client.get('/plain/fail/list')).json).toEqual(shape(400, ['a', 'b']));
    });

    it('keeps other fields of an exception, but not a wrong status', async () => {
      const { status, json } = await client.text('/fail', 'own');
      expect({ status, json }).toEqual({
        status: 400,
        json: { ...shape(400, 'Http Exception'), code: 'E1' },
      });
    });

    it.each([
      ['input', 400, 'The text is too long.'],
      ['busy', 503, expect.stringContaining('try again')],
      ['unknown', 500, 'Internal server error'],
    ])('is the same shape within a stream: %s', async (kind, status, message) => {
      const { text } = await client.text('/failOnTheWay', kind);
      const [, , error] = /^data: first\n\n(event: error\ndata: )(.*)\n\n$/.exec(text) ?? [];
      expect(JSON.parse(error ?? '')).toEqual(shape(status, message));
    });

    it('hides internal errors from clients, and logs them', async () => {
      log.errors.length = 0;
      await client.text('/fail', 'failed');
      await client.get('/plain/fail/unknown');
      expect(log.errors).toEqual([
        expect.stringContaining('m failed: RangeError: at /srv/models/x.pkl'),
        expect.stringContaining('Error: secret /etc/passwd'),
      ]);
    });

    it.each([
      ['GET', '/nowhere', undefined, '', 404],
      ['POST', '/nowhere', 'application/json', '{}', 404],
      ['GET', '/plain/missing', undefined, '', 404],
      ['GET', '/plain/number/abc', undefined, '', 400],
      ['GET', '/plain/number/%E0%A4%A', undefined, '', 400, HOST.badUrl],
      ['POST', '/plain/anything', 'application/json', '{', 400],
      ['POST', '/plain/anything', 'application/json', HOST.largeJson, 413],
      ['POST', '/plain/anything', HOST.refusedType, '{}', 415],
      ['POST', '/order', 'text/plain', '{}', 415],
      ['POST', '/order', 'application/json; charset=utf-16', '{}', 415],
    ])(
      'is the shape on every path: %s %s',
      async (method, path, type, body, status, more?: object) => {
        const answer = await request(client, method, path, type, body);
        const json = { ...shape(status), ...more };
        expect({ status: answer.status, json: answer.json }).toEqual({ status, json });
      },
    );

    it.each([
      ['GET', '/fail', 'POST'],
      ['DELETE', '/order', 'POST'],
      ['PUT', '/plain/number/1', 'GET, HEAD'],
      ['OPTIONS', '/words', 'POST'],
      ['POST', '/livez', 'GET, HEAD'],
    ])('says which methods there are: %s %s', async (method, path, allow) => {
      const answer = await request(client, method, path);
      expect(answer).toMatchObject({ status: 405, json: shape(405) });
      expect(answer.headers.get('allow')).toBe(allow);
    });
  });

  describe('of requests that are not HTTP', () => {
    it.each([
      ['no request line', 'nonsense\r\n\r\n', 400],
      ['a method that is none', 'FETCH /fail HTTP/1.1\r\nHost: a\r\n\r\n', 400],
      ['headers that are none', 'GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n', 400],
      ['no host', 'GET /livez HTTP/1.1\r\n\r\n', 400],
      ['large headers', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
      [
        'two lengths',
        'POST /fail HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
        400,
      ],
      [
        'a length that is none',
        'POST /fail HTTP/1.1\r\nHost: a\r\nContent-Length: ten\r\n\r\n',
        400,
      ],
      [
        'length and chunks',
        'POST /fail HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        400,
      ],
      [
        'a chunk that is none',
        'POST /fail HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
        400,
      ],
      [
        'an expectation',
        'POST /fail HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\nContent-Length: 0\r\n\r\n',
        417,
      ],
    ])('is the shape as well: %s', async (_name, bytes, status) => {
      const answer = await sendRaw(app, bytes);
      expect(answer.status).toBe(status);
      expect(JSON.parse(answer.body)).toEqual(shape(status));
      expect(answer.headers.get('connection')).toBe('close');
      expect(Number(answer.headers.get('content-length'))).toBe(Buffer.byteLength(answer.body));
    });
  });

  describe('of JSON', () => {
    it('passes instances of the class to the handler', async () => {
      const { json } = await client.json('/order', '{"items":[{"name":"a","price":1}]}');
      expect(json).toEqual({ items: 1, first: true });
      const list = await client.json('/prices', '[{"name":"a","price":1},{"name":"b","price":2}]');
      expect(list).toMatchObject({ status: 200, json: [1, 2] });
    });

    it('lists every rule that is broken, with its full path', async () => {
      const nested = '{"items":[{"name":"a","price":-1},{"name":7,"price":0.5,"colour":"red"}]}';
      const { status, json } = await client.json('/order', nested);
      expect(status).toBe(400);
      const { message } = json as { message: string };
      expect(message.split('; ').slice(0, -1).sort()).toEqual([
        'Json: items.0.price must be a positive number',
        'items.1.name must be a string',
        'items.1.price must be an integer number',
        'property items.1.colour should not exist',
      ]);
      const list = await client.json('/prices', '[{"name":"a","price":1},7,{"name":"b"}]');
      expect(list.status).toBe(400);
      expect((list.json as { message: string }).message).toMatch(
        /1 must be an object; 2\.price must be .*; 2\.price must be/,
      );
      const other = await client.json('/prices', '{}');
      expect(other).toMatchObject({ status: 400, json: shape(400) });
    });

    it.each([
      '[1, NaN]',
      '{"a": Infinity}',
      '[-Infinity]',
      '[1e999]',
      "{'a': 1}",
      '[1,]',
      '01',
      '',
    ])('refuses %s at every descriptor of JSON', async (body) => {
      for (const path of ['/anything', '/frame', '/series', '/order']) {
        expect(await client.json(path, body), path).toMatchObject({
          status: 400,
          json: shape(400),
        });
      }
    });

    it('refuses nesting that would exhaust the stack, and accepts less', async () => {
      const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
      expect(await client.json('/anything', deep(100_000))).toMatchObject({ status: 400 });
      expect(await client.json('/frame', deep(100_000))).toMatchObject({ status: 400 });
      expect(await client.json('/anything', deep(500))).toMatchObject({ status: 200 });
      const braces = JSON.stringify({ text: '['.repeat(100_000) });
      expect(await client.json('/anything', braces)).toMatchObject({ status: 200, text: braces });
    });

    it('writes null for numbers that JSON lacks, and all digits of integers', async () => {
      expect((await client.text('/numbers', '')).text).toBe(
        '{"nan":null,"infinite":[null,null],"exact":9007199254740993}',
      );
    });

    it('keeps the digits of 64-bit integers in frames and series', async () => {
      const rows = '[{"id":9007199254740993,"x":1.5},{"id":-9223372036854775808,"x":null}]';
      expect(await client.json('/frame', rows)).toMatchObject({ status: 200, text: rows });
      const csv = 'id,x\n9007199254740993,1.5\n-9223372036854775808,\n';
      expect(await client.post('/frame', 'text/csv', csv)).toMatchObject({ text: rows });
      const values = '[1,9223372036854775807]';
      expect(await client.json('/series', values)).toMatchObject({ status: 200, text: values });
      const other = '[{"id":1,"x":12345678901234567890}]';
      expect((await client.json('/frame', other)).text).toBe('[{"id":1,"x":12345678901234567000}]');
    });
  });

  it('streams Observables and async iterables alike', async () => {
    const expected = 'data: a\n\ndata: b\n\nevent: end\ndata: \n\n';
    for (const path of ['/words', '/wordsAgain']) {
      const answer = await client.text(path, 'a b');
      expect(answer).toMatchObject({ status: 200, text: expected });
      expect(answer.type).toMatch(/^text\/event-stream/);
    }
  });

  it.each([
    'text',
    'json',
    'array',
    'frame',
    'series',
    'image',
    'file',
    'form',
    'faulty',
    'stream',
  ])('makes a 500 and a line in the log of a wrong output: %s', async (kind) => {
    log.errors.length = 0;
    const { status, json } = await client.text(`/wrong/${kind}`, '');
    const expected = { status: 500, json: shape(500, 'Internal server error') };
    expect({ status, json }).toEqual(expected);
    expect(log.errors).toEqual([
      expect.stringMatching(
        /^InvalidOutputError: \w+ cannot send what the handler returned: .+; .+\./,
      ),
    ]);
  });
});

@Catch(NotFoundException)
class OwnFilter implements ExceptionFilter {
  catch(_error: NotFoundException, host: ArgumentsHost): void {
    host.switchToHttp().getResponse().status(404).send({ own: true });
  }
}

describe('An application with its own ways', () => {
  it('has its own filters first', async () => {
    const app = await startApp(
      {
        imports: [VtsModule.forRoot({ errors: 'application' })],
        controllers: [PlainController, ContractController],
      },
      { app: (it) => it.useGlobalFilters(new OwnFilter()) },
    );
    const client = await HttpClient.of(app);
    expect(await client.get('/nowhere')).toMatchObject({ status: 404, json: { own: true } });
    expect(await client.get('/plain/fail/unknown')).toMatchObject({ json: shape(500) });
    await app.close();
  });

  it('has the shape within its global prefix, and outside of it', async () => {
    const app = await startApp(
      {
        imports: [VtsModule.forRoot({ errors: 'application' })],
        controllers: [PlainController, ContractController],
      },
      { app: (it) => it.setGlobalPrefix('api', { exclude: ['plain/missing'] }) },
    );
    const client = await HttpClient.of(app);
    expect(await client.get('/nowhere')).toMatchObject({ status: 404, json: shape(404) });
    expect(await client.get('/api/nowhere')).toMatchObject({ status: 404, json: shape(404) });
    expect(await client.get('/api/words')).toMatchObject({ status: 405, json: shape(405) });
    expect(await client.get('/plain/missing')).toMatchObject({ status: 404, json: shape(404) });
    const large = JSON.stringify('x'.repeat(200_000));
    expect(await client.json('/api/anything', large)).toMatchObject({ status: 200, text: large });
    // An application's own route, however late.
    if (!HOST.takesLateRoutes) return app.close();
    app
      .getHttpAdapter()
      .get('/late', (_request: unknown, response: { end(text: string): void }) =>
        response.end('late'),
      );
    expect(await client.get('/late')).toMatchObject({ status: 200, text: 'late' });
    await app.close();
  });

  it('keeps the bodies of routes that end as endpoints do to its own parser', async () => {
    const app = await startApp({
      imports: [VtsModule.forRoot({ errors: 'application' })],
      controllers: [PlainController, ContractController],
    });
    const client = await HttpClient.of(app);
    const large = JSON.stringify('x'.repeat(200_000));
    expect(await client.json('/anything', large)).toMatchObject({ status: 200, text: large });
    // Beyond what Nest's own parser takes: nothing has read it ahead.
    expect(await client.json('/plain/anything', HOST.largeJson)).toMatchObject({
      json: shape(413),
    });
    expect(await client.json('/plain/anything', '{"a":1}')).toMatchObject({
      status: 201,
      json: { body: { a: 1 } },
    });
    await app.close();
  });
});

async function request(
  client: HttpClient,
  method: string,
  path: string,
  type?: string,
  body = '',
): Promise<Answer> {
  return method === 'GET' ? client.get(path) : client.send(method, path, type, body);
}
