import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync, deflateSync, brotliCompressSync } from 'node:zlib';
import { setTimeout as delay } from 'node:timers/promises';
import {
  BadRequestException,
  Body,
  Controller,
  ForbiddenException,
  Get,
  Headers,
  Post,
  UseGuards,
  ValidationPipe,
  type CanActivate,
  type INestApplication,
  type LoggerService,
} from '@nestjs/common';
import {
  InputError,
  IoDescriptor,
  NumpyNdarray,
  Text,
  VtsApi,
  VtsModule,
  type RequestBody,
  type Tensor,
} from 'nestjs-vts';
import { text as expressText } from 'express';
import { of, type Observable } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOST } from './helpers/adapter.js';
import { HttpClient } from './helpers/http-client.js';
import { startApp } from './helpers/testing-app.js';

class Csv extends IoDescriptor<string[][]> {
  readonly mediaType = 'text/csv';
  readonly schema = { type: 'string' } as const;

  parse(body: RequestBody): string[][] {
    const lines = new TextDecoder().decode(body.bytes).trim().split('\n');
    return lines.map((line) => line.split(','));
  }

  serialize(rows: string[][]): { contentType: string; body: Uint8Array } {
    const text = rows.map((row) => row.join(',')).join('\n');
    return { contentType: 'text/csv; charset=utf-8', body: Buffer.from(text) };
  }
}

class TooShortError extends InputError {
  constructor() {
    super('The text is too short; write more.');
  }
}

class Nobody implements CanActivate {
  canActivate(): boolean {
    throw new ForbiddenException('not you');
  }
}

/** What has come to a handler. */
const arrivals = new EventEmitter();

@Controller()
class IoController {
  @VtsApi({ input: Text, output: Text })
  upper(text: string): string {
    return text.toUpperCase();
  }

  @VtsApi({ input: new Text({ maxBytes: 10 }), output: Text })
  short(text: string): Observable<string> {
    return of(text);
  }

  @VtsApi({ input: NumpyNdarray, output: NumpyNdarray })
  echo(array: Tensor): Tensor {
    return array;
  }

  @VtsApi({ input: NumpyNdarray, output: Text, route: 'sum/:unit' })
  sum(array: Tensor, @Headers('x-note') note: string): string {
    return `${(array.data as Float32Array).reduce((a, b) => a + b, 0)} ${note}`;
  }

  @VtsApi({
    input: new NumpyNdarray({
      dtype: 'int64',
      shape: [-1, 2],
      enforceDtype: true,
      enforceShape: true,
    }),
    output: new NumpyNdarray({ dtype: 'int64' }),
  })
  pairs(array: Tensor): Tensor {
    return array;
  }

  @VtsApi({ input: Csv, output: Csv })
  csv(rows: string[][]): string[][] {
    return rows.reverse();
  }

  @VtsApi({ input: Text, output: NumpyNdarray })
  broken(kind: string): number[] {
    if (kind === 'input') throw new TooShortError();
    if (kind === 'http') throw new BadRequestException(['a', 'b']);
    if (kind === 'output') return 'text' as never;
    throw new Error('secret /etc/passwd');
  }

  @VtsApi({ input: Text, output: Text, timeoutMs: 50 })
  async slow(text: string): Promise<string> {
    await delay(10_000, undefined, { ref: false });
    return text;
  }

  @VtsApi({ input: Text, output: Text })
  async held(text: string): Promise<string> {
    arrivals.emit('held', text);
    await delay(10_000, undefined, { ref: false });
    return text;
  }

  @UseGuards(Nobody)
  @VtsApi({ input: Text, output: Text })
  guarded(text: string): string {
    return text;
  }
}

/** Paths that end as endpoints do, and are none. */
@Controller('other')
class OtherController {
  @Post('echo')
  echo(@Body() body: unknown): unknown {
    return { other: body };
  }

  @Get('upper')
  upper(): string {
    return 'other';
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

/** What is expected of an error. */
function error(status: number, name: string, message: unknown = expect.any(String)): object {
  return { status, json: { statusCode: status, message, error: name } };
}

const bad = (fact: string): object => error(400, 'Bad Request', expect.stringContaining(fact));
const tooLarge = (): object => error(413, 'Payload Too Large');
const unsupported = (): object => error(415, 'Unsupported Media Type');

describe('Endpoints', () => {
  const log = new Log();
  let app: INestApplication;
  let client: HttpClient;

  beforeAll(async () => {
    app = await startApp(
      {
        imports: [VtsModule.forRoot({ errors: 'application' })],
        controllers: [IoController, OtherController],
      },
      { logger: log, app: (it) => it.useGlobalPipes(new ValidationPipe({ transform: true })) },
    );
    client = await HttpClient.of(app);
  });
  afterAll(() => app.close());

  it('read and write text', async () => {
    expect(await client.text('/upper', 'so geht’s 🎬')).toMatchObject({
      status: 200,
      type: 'text/plain; charset=utf-8',
      text: 'SO GEHT’S 🎬',
    });
    expect(await client.text('/upper', '')).toMatchObject({ status: 200, text: '' });
    expect(await client.post('/upper', undefined, '')).toMatchObject({ status: 200, text: '' });
    expect(await client.post('/upper', undefined, 'a')).toMatchObject({ status: 200, text: 'A' });
  });

  it('heed the charset of text', async () => {
    const charset = (name: string) => `text/plain; charset=${name}`;
    const latin = await client.post('/upper', charset('iso-8859-1'), Uint8Array.of(0xe4));
    expect(latin).toMatchObject({ status: 200, text: 'Ä' });
    expect(await client.post('/upper', charset('koi8-r'), 'a')).toMatchObject(unsupported());
    expect(await client.text('/upper', Uint8Array.of(0xff))).toMatchObject(bad('not valid UTF-8'));
  });

  it.each([
    ['application/json', '{"a":1}'],
    ['application/json', 'no JSON'],
    ['application/json', '"text"'],
    ['application/x-www-form-urlencoded', 'a=1'],
    ['application/octet-stream', 'a'],
    ['text/html', 'a'],
  ])('refuse text as %s: %s', async (type, body) => {
    expect(await client.post('/upper', type, body)).toMatchObject(
      error(415, 'Unsupported Media Type', expect.stringContaining('text/plain')),
    );
  });

  it('refuse arrays as another media type', async () => {
    expect(await client.text('/echo', '[1]')).toMatchObject(unsupported());
  });

  it('refuse bodies that are too large, and keep the connection', async () => {
    expect(await client.text('/short', '12345678901')).toMatchObject(tooLarge());
    expect(await client.text('/short', '1234567890')).toMatchObject({ text: '1234567890' });
    expect(await client.text('/upper', 'x'.repeat(3_000_000))).toMatchObject(tooLarge());
    expect(await client.json('/upper', 'x'.repeat(3_000_000))).toMatchObject(tooLarge());
    expect(await client.json('/echo', `[${'1,'.repeat(11_000_000)}1]`)).toMatchObject(tooLarge());
  });

  it('refuse bodies of unknown length that turn out too large', async () => {
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(Buffer.alloc(4)),
    }).pipeThrough(firstChunks(1000));
    const init = {
      method: 'POST',
      body,
      duplex: 'half',
      headers: { 'content-type': 'text/plain' },
    };
    const response = await fetch(`${await app.getUrl()}/short`, init as RequestInit);
    expect(response.status).toBe(413);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('decompress bodies, within the limit: %s', async (encoding, compress) => {
    const headers = { 'content-encoding': encoding };
    expect(await client.text('/upper', compress('abc'), headers)).toMatchObject({ text: 'ABC' });
    expect(await client.json('/echo', compress('[1]'), headers)).toMatchObject({ text: '[1]' });
    const bomb = compress('x'.repeat(1e6));
    expect(await client.text('/short', bomb, headers)).toMatchObject(tooLarge());
    expect(await client.text('/upper', 'abc', headers)).toMatchObject(bad('could not be read'));
    const cut = compress('a longer text').subarray(0, -4);
    expect(await client.text('/upper', cut, headers)).toMatchObject(bad('could not be read'));
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('outlive clients that leave before the end of what follows %s', async (encoding, compress) => {
    const body = compress('abc');
    const head = [
      'POST /held HTTP/1.1',
      'host: x',
      'content-type: text/plain',
      `content-encoding: ${encoding}`,
      `content-length: ${body.length + 100}`,
    ];
    const faults: Error[] = [];
    const onFault = (error: Error): void => void faults.push(error);
    process.on('uncaughtException', onFault);
    const socket = connect(Number(new URL(await app.getUrl()).port), '127.0.0.1');
    const start = Buffer.from(`${head.join('\r\n')}\r\n\r\n`);
    // For zlib, bytes after what was compressed are the end.
    socket.write(Buffer.concat([start, body, Buffer.alloc(4)]));
    expect(await once(arrivals, 'held')).toEqual(['abc']);
    socket.destroy();
    await delay(50);
    process.off('uncaughtException', onFault);
    expect(faults).toEqual([]);
    const headers = { 'content-encoding': encoding };
    expect(await client.text('/upper', body, headers)).toMatchObject({ text: 'ABC' });
  });

  it('refuse other encodings', async () => {
    const headers = { 'content-encoding': 'compress' };
    expect(await client.text('/upper', 'abc', headers)).toMatchObject(unsupported());
  });

  it('read and write arrays', async () => {
    expect(await client.json('/echo', '[[1, 2.5], [3, 4]]')).toMatchObject({
      status: 200,
      type: 'application/json; charset=utf-8',
      text: '[[1,2.5],[3,4]]',
    });
    expect(await client.post('/echo', undefined, '[1]')).toMatchObject({ text: '[1]' });
  });

  it('read arrays that Nest’s own parser would refuse for their size', async () => {
    const numbers = Array.from({ length: 150_000 }, (_, index) => index);
    expect((await client.json('/echo', JSON.stringify(numbers))).json).toEqual(numbers);
  });

  it('keep the digits of 64-bit integers', async () => {
    const text = '[[9007199254740993,-1]]';
    expect(await client.json('/pairs', text)).toMatchObject({ status: 200, text });
  });

  it.each([
    ['/echo', '[[1, 2], [3]]', '[1] has 1 items'],
    ['/echo', '[1, 2', 'not valid JSON'],
    ['/echo', '[1, NaN]', 'not valid JSON'],
    ['/echo', '', 'not valid JSON'],
    ['/echo', '{"a": 1}', 'not an array'],
    ['/echo', '3', 'not an array'],
    ['/echo', '[1, null]', '[1] is null'],
    ['/echo', '[["1"]]', '[0][0] is a string'],
    ['/pairs', '[[1, 1.5]]', '[0][1] is 1.5'],
    ['/pairs', '[[1, 2, 3]]', 'shape (-1, 2)'],
  ])('refuse at %s: %s', async (path, body, fact) => {
    expect(await client.json(path, body)).toMatchObject(bad(fact));
  });

  it('have routes of their own, and leave the other parameters free', async () => {
    const noted = await client.json('/sum/cm', '[1, 2]', { 'x-note': 'noted' });
    expect(noted).toMatchObject({ status: 200, text: '3 noted' });
    expect(await client.text(HOST.isExactInPaths ? '/upper' : '/UPPER/', 'a')).toMatchObject({
      status: 200,
      text: 'A',
    });
  });

  it('may have custom descriptors', async () => {
    expect(await client.post('/csv', 'text/csv', 'a,b\nc,d')).toMatchObject({
      status: 200,
      type: 'text/csv; charset=utf-8',
      text: 'c,d\na,b',
    });
  });

  it('answer errors in one shape, and log only faults of the service', async () => {
    log.errors.length = 0;
    const short = 'The text is too short; write more.';
    expect(await client.text('/broken', 'input')).toMatchObject(error(400, 'Bad Request', short));
    const both = error(400, 'Bad Request', 'a; b');
    expect(await client.text('/broken', 'http')).toMatchObject(both);
    expect(await client.text('/guarded', 'a')).toMatchObject(error(403, 'Forbidden', 'not you'));
    expect(log.errors).toEqual([]);
    const hidden = error(500, 'Internal Server Error', 'Internal server error');
    expect(await client.text('/broken', 'secret')).toMatchObject(hidden);
    expect(await client.text('/broken', 'output')).toMatchObject(hidden);
    expect(log.errors).toEqual([
      expect.stringMatching(/^Error: secret \/etc\/passwd \(request [\da-f-]{36}\)$/),
      expect.stringContaining('InvalidOutputError: NumpyNdarray cannot send'),
    ]);
  });

  it('answer 504 when the time is over', async () => {
    expect(await client.text('/slow', 'a')).toMatchObject(error(504, 'Gateway Timeout'));
  });

  it('leave other routes as they are', async () => {
    expect(await client.json('/other/echo', '{"a":[1]}')).toMatchObject({
      status: 201,
      json: { other: { a: [1] } },
    });
    expect(await client.json('/other/echo', '{')).toMatchObject(error(400, 'Bad Request'));
    expect(await client.get('/other/upper')).toMatchObject({ status: 200, text: 'other' });
    expect(await client.get('/upper')).toMatchObject(error(405, 'Method Not Allowed'));
    expect(await client.get('/nowhere/upper')).toMatchObject(error(404, 'Not Found'));
  });
});

describe('Endpoints in an application with its own set-up', () => {
  it('are under the global prefix, and take what its parsers have left', async () => {
    const app = await startApp(
      { imports: [VtsModule.forRoot()], controllers: [IoController] },
      {
        app: (it) => {
          it.setGlobalPrefix('api', { exclude: ['livez'] });
          it.use(expressText());
        },
      },
    );
    const client = await HttpClient.of(app);
    expect(await client.text('/api/upper', 'a')).toMatchObject({ status: 200, text: 'A' });
    expect(await client.text('/api/short', '12345678901')).toMatchObject(tooLarge());
    const large = `[${'1,'.repeat(1e5)}1]`;
    expect(await client.json('/api/echo', large)).toMatchObject({ status: 200 });
    expect(await client.get('/livez')).toMatchObject({ status: 200, json: { status: 'ok' } });
    expect(await client.get('/api/readyz')).toMatchObject({ status: 200, json: { status: 'ok' } });
    await app.close();
  });

  it('have the module’s limits', async () => {
    const app = await startApp({
      imports: [VtsModule.forRoot({ timeoutMs: 40, maxBodyBytes: 20 })],
      controllers: [IoController, SlowController],
    });
    const client = await HttpClient.of(app);
    expect(await client.post('/csv', 'text/csv', 'a,'.repeat(20))).toMatchObject(tooLarge());
    expect(await client.text('/slower', 'a')).toMatchObject(error(504, 'Gateway Timeout'));
    await app.close();
  });
});

function firstChunks(count: number): TransformStream<Uint8Array, Uint8Array> {
  let left = count;
  return new TransformStream({
    transform: (chunk, controller) => {
      if (left-- > 0) controller.enqueue(chunk);
      else controller.terminate();
    },
  });
}

@Controller()
class SlowController {
  @VtsApi({ input: Text, output: Text })
  slower(): Promise<string> {
    return delay(10_000, '', { ref: false });
  }
}
