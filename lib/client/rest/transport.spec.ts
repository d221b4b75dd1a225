import { readFileSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { echo, InferenceServer, json } from '../../../test/helpers/inference-server.js';
import { InferenceClient, InferenceError, type InferenceClientOptions } from '../index.js';

const FP32 = { x: Float32Array.of(1, 2) };

const failureOf = (promise: Promise<unknown>): Promise<InferenceError> =>
  promise.then(
    (value) => {
      throw new Error(`It gave ${JSON.stringify(value)}`);
    },
    (error: unknown) => {
      expect(error).toBeInstanceOf(InferenceError);
      return error as InferenceError;
    },
  );

/** Node's own client, and `fetch`, of which browsers have one. */
const CLIENTS: readonly [string, InferenceClientOptions][] = [
  ['Node’s client', {}],
  ['fetch', { fetch: globalThis.fetch }],
];

async function* pieces(response: ServerResponse, list: readonly (string | Uint8Array)[]) {
  for (const piece of list) {
    response.write(piece);
    // A chunk of its own for the reader.
    await new Promise((resolve) => setImmediate(resolve));
    yield piece;
  }
}

const infer = (client: InferenceClient): Promise<unknown> => client.infer('m', FP32);

describe.each(CLIENTS)('A call by %s fails', (_, options) => {
  it.each<[number, unknown, string, InferenceError['status'], boolean]>([
    [400, { error: 'wrong shape' }, 'wrong shape', 'INVALID_ARGUMENT', true],
    [401, { error: 'no key' }, 'no key', 'UNAUTHENTICATED', false],
    [403, { error: 'not you' }, 'not you', 'PERMISSION_DENIED', false],
    [404, { error: "Request for unknown model: 'm'" }, 'unknown model', 'NOT_FOUND', false],
    [
      404,
      { statusCode: 404, message: 'Cannot POST', error: 'Not Found' },
      'Cannot POST',
      'NOT_FOUND',
      false,
    ],
    [
      400,
      { statusCode: 400, message: ['a', 'b'], error: 'Bad Request' },
      '["a","b"]',
      'INVALID_ARGUMENT',
      true,
    ],
    [413, { error: 'too large' }, 'too large', 'RESOURCE_EXHAUSTED', false],
    [
      422,
      { detail: [{ msg: 'Input should be a list' }] },
      'Input should be a list',
      'INVALID_ARGUMENT',
      false,
    ],
    [429, { error: 'slow down' }, 'slow down', 'RESOURCE_EXHAUSTED', false],
    [499, { error: 'left' }, 'left', 'CANCELLED', true],
    [500, { error: 'it broke' }, 'it broke', 'INTERNAL', true],
    [501, { error: 'no versions' }, 'no versions', 'UNIMPLEMENTED', false],
    [503, { error: 'not ready' }, 'not ready', 'UNAVAILABLE', false],
    [504, { error: 'late' }, 'late', 'DEADLINE_EXCEEDED', true],
  ])('by the status %i with %o', async (status, body, words, name, mayHaveRun) => {
    await using server = await InferenceServer.start(json(body, status));
    const error = await failureOf(infer(new InferenceClient(server.url, options)));
    expect(error).toMatchObject({ status: name, mayHaveRun, retryAfterMs: undefined });
    expect(error.message).toContain(words);
    expect(error.message).toContain(`(${status} to POST ${server.url}/v2/models/m/infer)`);
  });

  it.each<[number, string]>([
    [502, '<html>Bad Gateway</html>'],
    [503, 'upstream connect error or disconnect/reset before headers'],
    [503, ''],
  ])('by the status %i with a proxy’s message: it may have run', async (status, body) => {
    await using server = await InferenceServer.start((_got, response) => {
      response.writeHead(status, { 'content-type': 'text/html' }).end(body);
    });
    expect(await failureOf(infer(new InferenceClient(server.url, options)))).toMatchObject({
      status: 'UNAVAILABLE',
      mayHaveRun: true,
    });
  });

  it.each<[string, (wait: number) => boolean]>([
    ['2', (wait) => wait === 2000],
    [
      new Date(Date.now() + 3_600_000).toUTCString(),
      (wait) => wait > 3_000_000 && wait <= 3_600_000,
    ],
    ['Thu, 01 Jan 1970 00:00:00 GMT', (wait) => wait === 0],
    ['99999999999', (wait) => wait === 86_400_000],
  ])('and says how long to wait: %s', async (header, fits) => {
    await using server = await InferenceServer.start(
      json({ error: 'full' }, 503, { 'retry-after': header }),
    );
    const { retryAfterMs } = await failureOf(infer(new InferenceClient(server.url, options)));
    expect(retryAfterMs).toSatisfy(fits);
  });

  it('by a redirect, without sending any part of the request elsewhere', async () => {
    await using other = await InferenceServer.start(echo);
    await using server = await InferenceServer.start((_got, response) => {
      response.writeHead(307, { location: `${other.url}/v2` }).end();
    });
    const client = new InferenceClient(server.url, { ...options, headers: { 'x-api-key': 'k' } });
    const error = await failureOf(infer(client));
    expect(error).toMatchObject({ status: 'INTERNAL', mayHaveRun: false });
    expect(error.message).toContain(`is redirected to ${other.url}/v2`);
    expect(other.got).toEqual([]);
  });

  it('if nobody listens, and nothing was sent', async () => {
    const server = await InferenceServer.start(echo);
    const { url } = server;
    await server[Symbol.asyncDispose]();
    for (const gone of [url, 'http://no-such-host.invalid:8000']) {
      const error = await failureOf(infer(new InferenceClient(gone, options)));
      expect(error).toMatchObject({ status: 'UNAVAILABLE', mayHaveRun: false });
      expect(error.message).toMatch(
        /did not reach a server \((.*ECONNREFUSED|.*ENOTFOUND|.*EAI_AGAIN)/,
      );
    }
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['before the answer', (response) => response.socket?.destroy()],
    [
      'within the answer',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
        response.write('{"outputs"', () => response.socket?.destroy());
      },
    ],
    [
      'within an answer of chunks',
      (response) => response.write('{"outputs"', () => response.socket?.destroy()),
    ],
  ])('if the connection is lost %s: it may have run', async (_when, answer) => {
    await using server = await InferenceServer.start((_got, response) => answer(response));
    const error = await failureOf(infer(new InferenceClient(server.url, options)));
    expect(error).toMatchObject({ status: 'UNAVAILABLE', mayHaveRun: true });
    expect(error.message).toContain('lost its connection');
  });

  it('if the answer is not HTTP', async () => {
    const server = createServer((socket: Socket) => socket.resume().end('SSH-2.0-OpenSSH_9.6\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const error = await failureOf(infer(new InferenceClient(`http://127.0.0.1:${port}`, options)));
    expect(error).toMatchObject({ status: 'UNAVAILABLE', mayHaveRun: true });
    await new Promise((resolve) => server.close(resolve));
  });

  it('after its time limit, before the answer and within it', async () => {
    for (const answer of [
      () => undefined,
      (_got: unknown, response: ServerResponse) => void response.write('{'),
    ]) {
      await using server = await InferenceServer.start(answer);
      const error = await failureOf(
        infer(new InferenceClient(server.url, { ...options, timeoutMs: 50 })),
      );
      expect(error).toMatchObject({ status: 'DEADLINE_EXCEEDED', mayHaveRun: true });
      expect(error.message).toContain('took longer than 50 ms');
    }
  });

  it('with its signal, and the server sees it', async () => {
    let left = 0;
    await using server = await InferenceServer.start((_got, response) => {
      response.on('close', () => left++);
    });
    const client = new InferenceClient(server.url, options);
    const gone = AbortSignal.abort(new Error('gone before'));
    expect(await failureOf(client.infer('m', FP32, { signal: gone }))).toMatchObject({
      status: 'CANCELLED',
      mayHaveRun: false,
      cause: gone.reason,
    });
    expect(server.got).toEqual([]);
    const leaving = new AbortController();
    const call = failureOf(client.infer('m', FP32, { signal: leaving.signal }));
    await expect.poll(() => server.got).toHaveLength(1);
    leaving.abort();
    expect(await call).toMatchObject({ status: 'CANCELLED', mayHaveRun: true });
    await expect.poll(() => left).toBe(1);
  });

  it('as soon as the answer is too long', async () => {
    let written = 0;
    await using server = await InferenceServer.start((_got, response) => {
      response.on('error', () => undefined);
      const more = (): void => {
        while (!response.closed && response.write(Buffer.alloc(64 * 1024))) written++;
      };
      response.on('drain', more);
      more();
    });
    const client = new InferenceClient(server.url, { ...options, maxResponseBytes: 1_000_000 });
    const error = await failureOf(infer(client));
    expect(error).toMatchObject({ status: 'RESOURCE_EXHAUSTED', mayHaveRun: true });
    expect(error.message).toContain('more than 1000000 bytes');
    expect(written).toBeLessThan(1000);
  });

  it.each<[string, string, Record<string, string>]>([
    ['not valid JSON', '{"outputs":', {}],
    ['not valid JSON', '', {}],
    ['not an object', '[]', {}],
    ['"outputs" is not a list', '{}', {}],
    ['"outputs" is not a list', '{"outputs":{}}', {}],
    ['has no name', '{"outputs":[{}]}', {}],
    [
      'the unknown datatype "BF16"',
      '{"outputs":[{"name":"y","datatype":"BF16","shape":[1],"data":[1]}]}',
      {},
    ],
    ['has no shape', '{"outputs":[{"name":"y","datatype":"FP32","data":[1]}]}', {}],
    [
      'has 1 elements, but its shape requires 2',
      '{"outputs":[{"name":"y","datatype":"FP32","shape":[2],"data":[1]}]}',
      {},
    ],
    ['is null', '{"outputs":[{"name":"y","datatype":"FP32","shape":[1],"data":[null]}]}', {}],
    [
      'JSON carries exactly',
      '{"outputs":[{"name":"y","datatype":"INT64","shape":[1],"data":[9223372036854775807]}]}',
      {},
    ],
    [
      '0 are left',
      '{"outputs":[{"name":"y","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}}]}',
      {},
    ],
    ['belong to no tensor', '{"outputs":[]}1234', { 'inference-header-content-length': '14' }],
    ['but the body has', '{"outputs":[]}', { 'inference-header-content-length': '99' }],
    ['but the body has', '{"outputs":[]}', { 'inference-header-content-length': '-1' }],
    [
      'Access-Control-Expose-Headers',
      '{"outputs":[]}1234',
      { 'content-type': 'application/octet-stream' },
    ],
  ])('by an answer that breaks the protocol: %s', async (fact, body, headers) => {
    await using server = await InferenceServer.start((_got, response) => {
      response.writeHead(200, headers).end(body);
    });
    const error = await failureOf(infer(new InferenceClient(server.url, options)));
    expect(error).toMatchObject({ status: 'INTERNAL', mayHaveRun: true });
    expect(error.message).toContain('breaks the Open Inference Protocol');
    expect(error.message).toContain(fact);
  });

  it('for headers that are invalid in HTTP, whose values stay secret', async () => {
    await using server = await InferenceServer.start(echo);
    const client = new InferenceClient(server.url, options);
    const wrong: Record<string, string>[] = [
      { 'x-key': 'a\nsecret' },
      { 'x y': 'secret' },
      { 'Content-Length': '5' },
    ];
    for (const headers of wrong) {
      const error = await failureOf(client.infer('m', FP32, { headers }));
      expect(error).toMatchObject({ status: 'INVALID_ARGUMENT', mayHaveRun: false });
      expect(error.message).not.toContain('secret');
    }
    expect(server.got).toEqual([]);
    const keyed = new InferenceClient(server.url, {
      ...options,
      headers: { 'X-Key': 'a', b: '1' },
    });
    await keyed.infer('m', FP32, { headers: { b: '2' } });
    expect(server.got[0]!.headers).toMatchObject({ 'x-key': 'a', b: '2' });
  });
});

describe.each(CLIENTS)('Health by %s', (_, options) => {
  it.each<[number, string, boolean]>([
    [200, '', true],
    [200, '{"live":true}', true],
    [200, '{"name":"m","ready":true}', true],
    [200, '{"name":"m","ready":false}', false],
    [400, '{"error":"Model version not ready"}', false],
    [503, '', false],
  ])('is what the server says: %i %s', async (status, body, expected) => {
    await using server = await InferenceServer.start((_got, response) => {
      response.writeHead(status).end(body);
    });
    const client = new InferenceClient(server.url, options);
    expect(await client.serverLive()).toBe(expected);
    expect(await client.serverReady()).toBe(expected);
    expect(await client.modelReady({ name: 'm', version: '2' })).toBe(expected);
    expect(server.got.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /v2/health/live',
      'GET /v2/health/ready',
      'GET /v2/models/m/versions/2/ready',
    ]);
  });

  it('is an error if the path does not exist', async () => {
    await using server = await InferenceServer.start(json({ error: 'no such model' }, 404));
    const client = new InferenceClient(server.url, options);
    expect(await failureOf(client.modelReady('m'))).toMatchObject({ status: 'NOT_FOUND' });
  });
});

describe('Metadata', () => {
  const read = async <T>(answer: unknown, ask: (client: InferenceClient) => Promise<T>) => {
    await using server = await InferenceServer.start((_got, response) => {
      response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
    });
    const value = await ask(new InferenceClient(server.url));
    const [{ method, path, body }] = server.got as [InferenceServer['got'][number]];
    return { value, asked: `${method} ${path} ${body.toString()}`.trim() };
  };

  it('of a server', async () => {
    const triton = { name: 'triton', version: '2.50.0', extensions: ['classification'] };
    expect(await read(triton, (client) => client.serverMetadata())).toEqual({
      value: triton,
      asked: 'GET /v2',
    });
    const { value } = await read({ name: 'o' }, (client) => client.serverMetadata());
    expect(value).toEqual({ name: 'o', version: '', extensions: [] });
  });

  it('of a model', async () => {
    const model = {
      name: 'm',
      versions: ['1'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }],
      outputs: [{ name: 'y', datatype: 'BYTES', shape: [-1], parameters: { content_type: 'str' } }],
      properties: { kind: 'learner' },
    };
    expect(await read(model, (client) => client.modelMetadata('m'))).toEqual({
      value: model,
      asked: 'GET /v2/models/m',
    });
    const bare = { name: 'm', versions: null, platform: '', inputs: null };
    expect((await read(bare, (client) => client.modelMetadata('m'))).value).toEqual({
      name: 'm',
      versions: [],
      platform: '',
      inputs: [],
      outputs: [],
    });
  });

  it('of a configuration', async () => {
    const config = {
      name: 'm',
      platform: 'onnxruntime_onnx',
      backend: 'onnxruntime',
      max_batch_size: 8,
      input: [{ name: 'x', data_type: 'TYPE_FP32', format: 'FORMAT_NONE', dims: ['-1', 3] }],
      output: [{ name: 'y', data_type: 'TYPE_STRING', dims: [1] }],
      parameters: { a: { string_value: 'b' } },
      model_transaction_policy: { decoupled: true },
    };
    expect(await read(config, (client) => client.modelConfig({ name: 'm', version: '1' }))).toEqual(
      {
        value: {
          name: 'm',
          platform: 'onnxruntime_onnx',
          backend: 'onnxruntime',
          maxBatchSize: 8,
          input: [{ name: 'x', dataType: 'TYPE_FP32', dims: [-1, 3] }],
          output: [{ name: 'y', dataType: 'TYPE_STRING', dims: [1] }],
          parameters: { a: 'b' },
          decoupled: true,
        },
        asked: 'GET /v2/models/m/versions/1/config',
      },
    );
  });

  it('of statistics has exact nanoseconds', async () => {
    const text = `{"model_stats":[{"name":"\\"ns\\":1234567890123456789,","version":"1","last_inference":1700000000000,
      "inference_count":3,"execution_count":2,"inference_stats":{"success":{"count":3,"ns":1234567890123456789},
      "fail":{"count":0,"ns":0}},"batch_stats":[]}]}`;
    const { value, asked } = await read(text, (client) => client.statistics());
    expect(asked).toBe('GET /v2/models/stats');
    expect(value).toHaveLength(1);
    expect(value[0]).toMatchObject({
      name: '"ns":1234567890123456789,',
      lastInference: 1_700_000_000_000n,
      inferenceCount: 3n,
      executionCount: 2n,
      inferenceStats: {
        success: { count: 3n, ns: 1_234_567_890_123_456_789n },
        queue: { count: 0n, ns: 0n },
      },
    });
    expect((await read(text, (client) => client.statistics('m'))).asked).toBe(
      'GET /v2/models/m/stats',
    );
  });

  it('of a repository', async () => {
    const index = [
      { name: 'a', version: '1', state: 'READY', reason: '' },
      { name: 'a', version: '2', state: 'UNAVAILABLE', reason: 'unloaded' },
      { name: 'b' },
    ];
    expect(await read(index, (client) => client.repositoryIndex({ readyOnly: true }))).toEqual({
      value: [index[0], index[1], { name: 'b', version: '', state: 'UNKNOWN', reason: '' }],
      asked: 'POST /v2/repository/index {"ready":true}',
    });
    expect((await read(index, (client) => client.models())).value).toEqual(['a', 'b']);
    const load = await read('', (client) => client.loadModel('a/b'));
    expect(load.asked).toBe('POST /v2/repository/models/a%2Fb/load {}');
    const unload = await read('null', (client) => client.unloadModel('a'));
    expect(unload.asked).toBe('POST /v2/repository/models/a/unload {}');
  });

  it.each<[string, unknown, (client: InferenceClient) => Promise<unknown>]>([
    ['"name" is missing', {}, (client) => client.serverMetadata()],
    ['"name" is missing', { name: null }, (client) => client.serverMetadata()],
    ['"name" is not a string', { name: 1 }, (client) => client.serverMetadata()],
    [
      '"extensions" is not a list',
      { name: 'a', extensions: {} },
      (client) => client.serverMetadata(),
    ],
    ['it is not an object', [], (client) => client.modelMetadata('m')],
    ['it is not valid JSON', '<html>', (client) => client.modelMetadata('m')],
    [
      '"inputs[0].datatype" is not one',
      { name: 'm', inputs: [{ name: 'x', datatype: 'BF16' }] },
      (client) => client.modelMetadata('m'),
    ],
    [
      '"inputs[0].shape" is not a list of',
      { name: 'm', inputs: [{ name: 'x', datatype: 'FP32', shape: ['a'] }] },
      (client) => client.modelMetadata('m'),
    ],
    ['"inputs" is not a list', { name: 'm', inputs: 'x' }, (client) => client.modelMetadata('m')],
    [
      '"max_batch_size" is not a whole number',
      { name: 'm', max_batch_size: 1.5 },
      (client) => client.modelConfig('m'),
    ],
    [
      'inference_stats.success.ns" is not a whole',
      { model_stats: [{ name: 'm', inference_stats: { success: { ns: 'x' } } }] },
      (client) => client.statistics('m'),
    ],
    ['"model_stats" is not a list', { model_stats: 1 }, (client) => client.statistics('m')],
    ['it is not a list', {}, (client) => client.repositoryIndex()],
    ['"[0].name" is missing', [{}], (client) => client.repositoryIndex()],
    ['"text_output" is missing', { model_name: 'm' }, (client) => client.generate('m', 'a')],
  ])('that is broken names the broken part: %s', async (fact, answer, ask) => {
    await using server = await InferenceServer.start((_got, response) => {
      response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
    });
    const error = await failureOf(ask(new InferenceClient(server.url)));
    expect(error).toMatchObject({ status: 'INTERNAL' });
    expect(error.message).toContain(fact);
  });
});

describe.each(CLIENTS)('A text by %s', (_, options) => {
  const event = (text: string): string =>
    JSON.stringify({ model_name: 'lm', model_version: '1', text_output: text });

  async function read(
    list: readonly (string | Uint8Array)[],
    more: Partial<InferenceClientOptions> = {},
  ): Promise<{ texts: string[]; got: InferenceServer['got'] }> {
    await using server = await InferenceServer.start(async (_got, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      for await (const piece of pieces(response, list)) if (response.closed) return void piece;
      response.end();
    });
    const client = new InferenceClient(server.url, { ...options, ...more });
    const texts: string[] = [];
    for await (const { text } of client.generateStream('lm', 'Once')) texts.push(text);
    return { texts, got: server.got };
  }

  it('is generated as a whole', async () => {
    await using server = await InferenceServer.start(
      json({ id: '7', model_name: 'lm', model_version: '1', text_output: ' upon' }),
    );
    const client = new InferenceClient(server.url, options);
    const parameters = { n_words: 3 };
    expect(await client.generate('lm', 'Once', { id: '7', parameters })).toEqual({
      modelName: 'lm',
      modelVersion: '1',
      id: '7',
      text: ' upon',
    });
    const [{ path, body }] = server.got as [InferenceServer['got'][number]];
    expect(path).toBe('/v2/models/lm/generate');
    expect(JSON.parse(body.toString())).toEqual({ id: '7', text_input: 'Once', parameters });
    expect(await failureOf(client.generate('lm', 'a\ud83d'))).toMatchObject({ mayHaveRun: false });
  });

  it('streams, wherever its bytes are split, with any line ends', async () => {
    const texts = [' upon', ' é🙂\n"a"', '', ' time'];
    for (const end of ['\n', '\r\n', '\r']) {
      const stream = Buffer.from(
        [
          ': a comment',
          '',
          'event: x',
          'id: 1',
          ...texts.flatMap((text) => [`data: ${event(text)}`, '']),
        ]
          .map((line) => line + end)
          .join(''),
      );
      for (const size of [1, 2, 3, 7, 64, 1000]) {
        const list = Array.from({ length: Math.ceil(stream.length / size) }, (_each, at) =>
          stream.subarray(at * size, at * size + size),
        );
        expect((await read(list)).texts).toEqual(texts);
      }
    }
  }, 60_000);

  it('has events with several lines, and without a space', async () => {
    expect((await read(['data:{"text_output":\ndata:"a"}\n\n\n\n'])).texts).toEqual(['a']);
    expect((await read([])).texts).toEqual([]);
  });

  it.each<[string, readonly (string | Uint8Array)[], InferenceError['status'], string[]]>([
    [
      'out of words',
      [`data: ${event('a')}\n\n`, 'data: {"error":"out of words"}\n\n'],
      'INTERNAL',
      ['a'],
    ],
    ['it is not valid JSON', ['data: [DONE]\n\n'], 'INTERNAL', []],
    ['"text_output" is missing', ['data: {"outputs":[]}\n\n'], 'INTERNAL', []],
    [
      'ended within an event',
      [`data: ${event('a')}\n\n`, `data: ${event('b')}`],
      'INTERNAL',
      ['a'],
    ],
    ['ended within an event', [`data: ${event('b')}\n`], 'INTERNAL', []],
    ['is not UTF-8', ['data: ', Uint8Array.of(0xff, 0xfe), '\n\n'], 'INTERNAL', []],
    ['more than 1000 bytes', ['x'.repeat(600), 'x'.repeat(600)], 'RESOURCE_EXHAUSTED', []],
    ['more than 1000 bytes', Array(60).fill('data:\ndata: xxxxxxxxxx\n'), 'RESOURCE_EXHAUSTED', []],
  ])('fails within its stream: %s', async (fact, list, status, before) => {
    await using server = await InferenceServer.start(async (_got, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for await (const piece of pieces(response, list)) if (response.closed) return void piece;
      response.end();
    });
    const client = new InferenceClient(server.url, { ...options, maxResponseBytes: 1000 });
    const texts: string[] = [];
    const error = await failureOf(
      (async () => {
        for await (const { text } of client.generateStream('lm', 'Once')) texts.push(text);
      })(),
    );
    expect(error).toMatchObject({ status });
    expect(error.message).toContain(fact);
    expect(texts).toEqual(before);
  });

  it.each<[number, Record<string, string>, string, InferenceError['status'], string]>([
    [404, {}, '{"error":"no such model"}', 'NOT_FOUND', 'no such model'],
    [200, { 'content-type': 'application/json' }, '{"error":"too early"}', 'INTERNAL', 'too early'],
    [
      200,
      { 'content-type': 'application/json' },
      '{"text_output":"a"}',
      'INTERNAL',
      'not a stream',
    ],
  ])('fails before its stream: %i %o %s', async (status, headers, body, name, fact) => {
    await using server = await InferenceServer.start((_got, response) => {
      response.writeHead(status, headers).end(body);
    });
    const stream = new InferenceClient(server.url, options).generateStream('lm', 'Once');
    const error = await failureOf(stream.next());
    expect(error).toMatchObject({ status: name });
    expect(error.message).toContain(fact);
  });

  it('is left by its reader, and the server sees it', async () => {
    let left = 0;
    await using server = await InferenceServer.start((_got, response) => {
      response.on('close', () => left++);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${event('a')}\n\n`);
    });
    const client = new InferenceClient(server.url, options);
    for await (const { text } of client.generateStream('lm', 'Once')) {
      expect(text).toBe('a');
      break;
    }
    await expect.poll(() => left).toBe(1);
    const leaving = new AbortController();
    const stream = client.generateStream('lm', 'Once', { signal: leaving.signal });
    expect(await stream.next()).toMatchObject({ value: { text: 'a' } });
    leaving.abort();
    expect(await failureOf(stream.next())).toMatchObject({ status: 'CANCELLED', mayHaveRun: true });
    await expect.poll(() => left).toBe(2);
    const late = client.generateStream('lm', 'Once', { timeoutMs: 100 });
    await late.next();
    expect(await failureOf(late.next())).toMatchObject({ status: 'DEADLINE_EXCEEDED' });
  });
});

describe('A Unix socket', () => {
  it('is requested by its path', async () => {
    const path = join(tmpdir(), `vts-client-${process.pid}.sock`);
    await using server = await InferenceServer.start(echo, path);
    const url = `http+unix://${encodeURIComponent(path)}/prefix`;
    const result = await new InferenceClient(url).infer('m', FP32);
    expect(result.tensor('x_out').data).toEqual(Float32Array.of(1, 2));
    expect(server.got[0]!.path).toBe('/prefix/v2/models/m/infer');
    await infer(new InferenceClient(`http+unix:${path}`));
    expect(server.got[1]!.path).toBe('/v2/models/m/infer');
    const error = await failureOf(infer(new InferenceClient(`${url.replace('.sock', '.gone')}`)));
    expect(error).toMatchObject({ status: 'UNAVAILABLE', mayHaveRun: false });
    expect(error.message).toContain(path.replace('.sock', '.gone'));
  });
});

describe('TLS', () => {
  const pem = (name: string): string =>
    readFileSync(new URL(`../../../test/fixtures/tls/${name}.pem`, import.meta.url), 'utf8');

  it('trusts only the given authorities, and sends nothing to others', async () => {
    const got: string[] = [];
    const server = createHttpsServer(
      { cert: pem('localhost'), key: pem('localhost.key') },
      (request, response) => {
        got.push(request.url ?? '');
        response.end('{"name":"a"}');
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const ca = pem('localhost');
    const trusting = new InferenceClient(url, { tls: { ca, serverName: 'localhost' } });
    expect(await trusting.serverMetadata()).toMatchObject({ name: 'a' });
    expect(got).toEqual(['/v2']);
    const others: InferenceClientOptions[] = [
      {},
      { fetch: globalThis.fetch },
      { tls: { ca, serverName: 'another.example' } },
    ];
    for (const options of others) {
      const error = await failureOf(infer(new InferenceClient(url, options)));
      expect(error).toMatchObject({ status: 'UNAVAILABLE', mayHaveRun: false });
    }
    expect(got).toEqual(['/v2']);
    await trusting.close();
    await new Promise((resolve) => server.close(resolve));
  });
});
