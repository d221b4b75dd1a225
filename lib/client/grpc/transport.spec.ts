import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Metadata,
  ServerCredentials,
  status,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  startGrpcServer,
  type TestServer,
  type TestServerOptions,
} from '../../../test/helpers/grpc-server.js';
import type { InferenceTransport } from '../contract.js';
import { InferenceError } from '../errors.js';
import type { InferRequest, InferResponse } from '../protocol/messages.js';
import { inferResponseBytes, readInferRequest, streamResponseBytes } from './messages.js';
import type { GrpcTransportOptions } from './options.js';
import { createGrpcTransport } from './transport.js';

type Call = ServerUnaryCall<Buffer, Buffer>;
type Answer = (error: object | null, bytes?: Buffer) => void;

const closed: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closed.splice(0).reverse()) await close();
});

async function serve(
  calls: UntypedServiceImplementation,
  options?: TestServerOptions,
): Promise<TestServer> {
  const server = await startGrpcServer(calls, options);
  closed.push(() => server.close());
  return server;
}

async function open(url: string, options?: GrpcTransportOptions): Promise<InferenceTransport> {
  const transport = await createGrpcTransport(url, options);
  closed.push(() => transport.close());
  return transport;
}

const request: InferRequest = {
  modelName: 'm',
  modelVersion: '2',
  id: 'a',
  inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: Float32Array.of(1, 2) }],
};

const response: InferResponse = {
  modelName: 'm',
  modelVersion: '2',
  id: 'a',
  outputs: [{ name: 'y', datatype: 'INT64', shape: [1], data: BigInt64Array.of(2n ** 60n + 1n) }],
};

/** Answers each request with what it had, as outputs. */
const echo = {
  ModelInfer(call: Call, answer: Answer): void {
    const { inputs, outputs: _, ...head } = readInferRequest(call.request);
    answer(null, inferResponseBytes({ ...head, outputs: inputs }));
  },
};

/** Calls that end only with their client or server. */
function waiting(): UntypedServiceImplementation & { readonly calls: Call[] } {
  const calls: Call[] = [];
  return { ModelInfer: (call: Call) => void calls.push(call), calls } as never;
}

const failing = (code: number, details: string, trailers: Record<string, string> = {}) => ({
  ModelInfer(_: Call, answer: Answer): void {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(trailers)) metadata.set(name, value);
    answer({ code, details, metadata });
  },
});

async function failureOf(promise: Promise<unknown>): Promise<InferenceError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InferenceError);
  return error as InferenceError;
}

describe('the transport over gRPC', () => {
  it('calls a model, with headers and a deadline', async () => {
    const seen: Call[] = [];
    const { port } = await serve({
      ModelInfer(call: Call, answer: Answer) {
        seen.push(call);
        answer(null, inferResponseBytes(response));
      },
    });
    const transport = await open(`grpc://127.0.0.1:${port}`, {
      headers: { 'X-Of': 'all', b: '1' },
    });
    const before = Date.now();
    const headers = { b: '2', 'c-bin': Buffer.from([1, 255]).toString('base64') };
    expect(await transport.infer(request, { timeoutMs: 60_000, headers })).toEqual(response);
    const [call] = seen;
    expect(readInferRequest(call!.request)).toEqual(request);
    expect(call!.metadata.getMap()).toMatchObject({
      'x-of': 'all',
      b: '2',
      'c-bin': Buffer.of(1, 255),
    });
    expect(Number(call!.getDeadline())).toBeGreaterThan(before + 50_000);
    await transport.infer(request, {});
    expect(seen[1]!.getDeadline()).toBe(Infinity);
  });

  it('reads the metadata of a server and its models', async () => {
    const named = vi.fn((call: { request: object }) => call.request);
    const duration = (ns: string) => ({ count: '2', ns });
    const { port } = await serve({
      ServerLive: (_: unknown, answer: Answer) => answer(null, { live: true } as never),
      ServerReady: (_: unknown, answer: Answer) => answer(null, { ready: false } as never),
      ModelReady: (call: Call, answer: Answer) => {
        named(call);
        answer(null, { ready: true } as never);
      },
      ServerMetadata: (_: unknown, answer: Answer) =>
        answer(null, { name: 's', version: '1', extensions: ['generate'] } as never),
      ModelMetadata: (_: unknown, answer: Answer) =>
        answer(null, {
          name: 'm',
          versions: ['1', '2'],
          platform: 'p',
          inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }],
          outputs: [],
        } as never),
      ModelConfig: (_: unknown, answer: Answer) =>
        answer(null, {
          config: {
            name: 'm',
            platform: 'onnx',
            backend: 'b',
            max_batch_size: 8,
            input: [{ name: 'x', data_type: 'TYPE_FP32', dims: [3, -1] }],
            parameters: { k: { string_value: 'v' } },
          },
        } as never),
      ModelStatistics: (_: unknown, answer: Answer) =>
        answer(null, {
          model_stats: [
            {
              name: 'm',
              version: '1',
              last_inference: '1700000000000',
              inference_count: '18446744073709551615',
              inference_stats: { success: duration('9007199254740993') },
            },
          ],
        } as never),
      RepositoryIndex: (call: Call, answer: Answer) => {
        named(call);
        const models = [
          { name: 'm', version: '1', state: 'READY', reason: '' },
          { name: 'n', version: '', state: 'ODD', reason: 'why' },
        ];
        answer(null, { models } as never);
      },
      RepositoryModelLoad: (call: Call, answer: Answer) => {
        named(call);
        answer(null, {} as never);
      },
      RepositoryModelUnload: (_: unknown, answer: Answer) =>
        answer({ code: status.UNIMPLEMENTED, details: 'It is closed.' }),
    });
    const transport = await open(`grpc://127.0.0.1:${port}`);
    expect(await transport.serverLive({})).toBe(true);
    expect(await transport.serverReady({})).toBe(false);
    expect(await transport.modelReady('m', '2', {})).toBe(true);
    expect(await transport.serverMetadata({})).toEqual({
      name: 's',
      version: '1',
      extensions: ['generate'],
    });
    expect(await transport.modelMetadata('m', '', {})).toEqual({
      name: 'm',
      versions: ['1', '2'],
      platform: 'p',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }],
      outputs: [],
    });
    expect(await transport.modelConfig('m', '', {})).toEqual({
      name: 'm',
      platform: 'onnx',
      backend: 'b',
      maxBatchSize: 8,
      input: [{ name: 'x', dataType: 'TYPE_FP32', dims: [3, -1] }],
      output: [],
      parameters: { k: 'v' },
      decoupled: false,
    });
    const none = { count: 0n, ns: 0n };
    expect(await transport.statistics('', '', {})).toEqual([
      {
        name: 'm',
        version: '1',
        lastInference: 1_700_000_000_000n,
        inferenceCount: 2n ** 64n - 1n,
        executionCount: 0n,
        inferenceStats: {
          success: { count: 2n, ns: 9007199254740993n },
          fail: none,
          queue: none,
          compute_input: none,
          compute_infer: none,
          compute_output: none,
          cache_hit: none,
          cache_miss: none,
        },
      },
    ]);
    expect(await transport.repositoryIndex(true, {})).toEqual([
      { name: 'm', version: '1', state: 'READY', reason: '' },
      { name: 'n', version: '', state: 'UNKNOWN', reason: 'why' },
    ]);
    await transport.repositoryLoad('m', {});
    expect(named.mock.results.map(({ value }) => value as object)).toMatchObject([
      { name: 'm', version: '2' },
      { ready: true },
      { model_name: 'm' },
    ]);
    expect(await failureOf(transport.repositoryUnload('m', {}))).toMatchObject({
      status: 'UNIMPLEMENTED',
      mayHaveRun: false,
      message: `It is closed. (UNIMPLEMENTED to RepositoryModelUnload of grpc://127.0.0.1:${port})`,
    });
  });

  it('supports Unix sockets, TLS, and several addresses in turn', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'grpc-'));
    closed.push(() => rm(folder, { recursive: true }));
    const socket = `unix:${join(folder, 's.sock')}`;
    await serve(echo, { address: socket });
    expect((await (await open(socket)).infer(request, {})).outputs).toEqual(request.inputs);

    const pem = (name: string) =>
      readFileSync(new URL(`../../../test/fixtures/tls/${name}`, import.meta.url));
    const [ca, key] = [pem('localhost.pem'), pem('localhost.key.pem')];
    const credentials = ServerCredentials.createSsl(
      ca,
      [{ cert_chain: ca, private_key: key }],
      true,
    );
    const { port } = await serve(echo, { credentials });
    const tls = { ca: ca.toString(), cert: ca, key };
    const secure = await open(`grpcs://127.0.0.1:${port}`, { tls });
    expect((await secure.infer(request, {})).outputs).toEqual(request.inputs);
    const named = await open(`ipv4:127.0.0.1:${port}`, {
      tls: { ...tls, serverName: 'localhost' },
    });
    expect((await named.infer(request, {})).outputs).toEqual(request.inputs);
    for (const wrong of [undefined, { ca }, { ...tls, serverName: 'other.example' }]) {
      const transport = await open(`grpcs://127.0.0.1:${port}`, { tls: wrong });
      expect(await failureOf(transport.infer(request, {}))).toMatchObject({
        status: 'UNAVAILABLE',
      });
    }
    expect(
      await failureOf(createGrpcTransport('grpcs://h:1', { tls: { cert: 'x' } })),
    ).toMatchObject({ status: 'INVALID_ARGUMENT', mayHaveRun: false });

    const counts = [0, 0];
    const counting = counts.map((_, at) => ({
      ModelInfer(call: Call, answer: Answer) {
        counts[at]!++;
        echo.ModelInfer(call, answer);
      },
    }));
    const [a, b] = [await serve(counting[0]!), await serve(counting[1]!)];
    const both = await open(`ipv4:127.0.0.1:${a.port},127.0.0.1:${b.port}`);
    // The second connection may come up later than the first.
    const ask = async (): Promise<number> => {
      for (let at = 0; at < 10; at++) await both.infer(request, {});
      return Math.min(...counts);
    };
    await expect.poll(ask, { timeout: 20_000 }).toBeGreaterThan(3);
    const name = await open(`dns:///localhost:${a.port}`);
    expect((await name.infer(request, {})).outputs).toEqual(request.inputs);
  });

  it('generates at once and piece by piece', async () => {
    const texts = (text: string): InferResponse => ({
      ...response,
      outputs: [{ name: 'text_output', datatype: 'BYTES', shape: [1], data: [text] }],
    });
    const cancelled = vi.fn();
    const { port } = await serve({
      ModelInfer: (call: Call, answer: Answer) => {
        const { inputs, parameters } = readInferRequest(call.request);
        expect(inputs).toEqual([
          { name: 'text_input', datatype: 'BYTES', shape: [1], data: [Buffer.from('Once')] },
        ]);
        expect(parameters).toEqual(Object.assign(Object.create(null), { max_tokens: 3 }));
        answer(null, inferResponseBytes(texts(' upon a time')));
      },
      ModelStreamInfer: (call: ServerDuplexStream<Buffer, Buffer>) => {
        call.on('cancelled', cancelled);
        call.on('data', (bytes: Buffer) => {
          const { modelName } = readInferRequest(bytes);
          for (const text of [' upon', ' a é']) {
            call.write(streamResponseBytes({ response: texts(text) }));
          }
          call.write(streamResponseBytes({ response: { ...response, outputs: [] } }));
          if (modelName === 'late') call.write(streamResponseBytes({ error: 'It broke.' }));
          if (modelName === 'broken')
            call.emit('error', { code: status.RESOURCE_EXHAUSTED, details: 'Full.' });
          else if (modelName !== 'endless') call.end();
        });
      },
    });
    const transport = await open(`grpc://127.0.0.1:${port}`);
    const ask = (modelName: string) =>
      ({ modelName, modelVersion: '', text: 'Once', parameters: { max_tokens: 3 } }) as const;
    expect(await transport.generate(ask('m'), {})).toEqual({
      modelName: 'm',
      modelVersion: '2',
      id: 'a',
      text: ' upon a time',
    });
    const all = async (model: string, most = Infinity): Promise<string[]> => {
      const pieces: string[] = [];
      for await (const { text } of transport.generateStream(ask(model), {})) {
        pieces.push(text);
        if (pieces.length === most) break;
      }
      return pieces;
    };
    expect(await all('m')).toEqual([' upon', ' a é']);
    expect(await failureOf(all('late'))).toMatchObject({
      message: `It broke. (within ModelStreamInfer of grpc://127.0.0.1:${port})`,
      status: 'INTERNAL',
    });
    expect(await failureOf(all('broken'))).toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      mayHaveRun: true,
    });
    expect(await all('endless', 1)).toEqual([' upon']);
    await expect.poll(() => cancelled.mock.calls.length).toBeGreaterThan(0);
    const controller = new AbortController();
    const stream = transport.generateStream(ask('endless'), { signal: controller.signal });
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    controller.abort();
    expect(await failureOf(iterator.next().then(() => iterator.next()))).toMatchObject({
      status: 'CANCELLED',
    });
  });
});

describe('a call over gRPC that fails', () => {
  it('ran nothing if no server was reached', async () => {
    const { port, close } = await serve(echo);
    close();
    const transport = await open(`grpc://127.0.0.1:${port}`);
    const error = await failureOf(transport.infer(request, {}));
    expect(error).toMatchObject({ status: 'UNAVAILABLE', mayHaveRun: false });
    expect(error.message).toContain(
      `ModelInfer of grpc://127.0.0.1:${port} did not reach a server`,
    );
    const nowhere = await open('dns:///nowhere.invalid:1');
    expect(await failureOf(nowhere.infer(request, {}))).toMatchObject({
      status: 'UNAVAILABLE',
      mayHaveRun: false,
    });
  });

  it('may have run if the connection was lost, and the next one goes to the new server', async () => {
    const calls = waiting();
    const { port, close } = await serve({ ModelInfer: calls['ModelInfer']! });
    const transport = await open(`grpc://127.0.0.1:${port}`);
    const lost = failureOf(transport.infer(request, {}));
    await expect.poll(() => calls.calls.length).toBe(1);
    close();
    expect(await lost).toMatchObject({ status: 'UNAVAILABLE', mayHaveRun: true });
    expect(await failureOf(transport.infer(request, {}))).toMatchObject({ mayHaveRun: false });
    await serve(echo, { address: `127.0.0.1:${port}` });
    const again = async (): Promise<number> =>
      transport.infer(request, {}).then(
        ({ outputs }) => outputs.length,
        () => 0,
      );
    await expect.poll(again, { timeout: 20_000 }).toBe(1);
  });

  it('is late', async () => {
    const calls = waiting();
    const { port } = await serve({ ModelInfer: calls['ModelInfer']! });
    const transport = await open(`grpc://127.0.0.1:${port}`, { timeoutMs: 300 });
    const error = await failureOf(transport.infer(request, {}));
    expect(error).toMatchObject({ status: 'DEADLINE_EXCEEDED', mayHaveRun: true });
    expect(error.message).toContain('took longer than 300 ms');
    await expect.poll(() => calls.calls[0]?.cancelled).toBe(true);
  });

  it('is cancelled by its signal, on both sides', async () => {
    const calls = waiting();
    const { port } = await serve({ ModelInfer: calls['ModelInfer']! });
    const transport = await open(`grpc://127.0.0.1:${port}`);
    const controller = new AbortController();
    const failed = failureOf(transport.infer(request, { signal: controller.signal }));
    await expect.poll(() => calls.calls.length).toBe(1);
    controller.abort('enough');
    expect(await failed).toMatchObject({
      status: 'CANCELLED',
      mayHaveRun: true,
      cause: 'enough',
      message: `ModelInfer of grpc://127.0.0.1:${port} was cancelled by its signal.`,
    });
    await expect.poll(() => calls.calls[0]!.cancelled).toBe(true);
    expect(await failureOf(transport.infer(request, { signal: controller.signal }))).toMatchObject({
      status: 'CANCELLED',
      mayHaveRun: false,
    });
    expect(calls.calls).toHaveLength(1);
  });

  it.each([
    [status.INVALID_ARGUMENT, {}, { status: 'INVALID_ARGUMENT', mayHaveRun: true }],
    [status.NOT_FOUND, {}, { status: 'NOT_FOUND', mayHaveRun: false }],
    [status.UNAUTHENTICATED, {}, { status: 'UNAUTHENTICATED', mayHaveRun: false }],
    [status.UNKNOWN, {}, { status: 'INTERNAL', mayHaveRun: true }],
    [status.UNAVAILABLE, {}, { status: 'UNAVAILABLE', mayHaveRun: true }],
    [
      status.UNAVAILABLE,
      { 'grpc-retry-pushback-ms': '250' },
      { status: 'UNAVAILABLE', mayHaveRun: false, retryAfterMs: 250 },
    ],
    [
      status.RESOURCE_EXHAUSTED,
      { 'retry-after': '2' },
      { status: 'RESOURCE_EXHAUSTED', mayHaveRun: false, retryAfterMs: 2000 },
    ],
    [
      status.UNAVAILABLE,
      { 'grpc-retry-pushback-ms': '-1' },
      { status: 'UNAVAILABLE', mayHaveRun: true, retryAfterMs: undefined },
    ],
    [
      status.INTERNAL,
      { 'retry-after': '1' },
      { status: 'INTERNAL', mayHaveRun: true, retryAfterMs: 1000 },
    ],
  ])('has the status of the server: %i with %j', async (code, trailers, expected) => {
    const { port } = await serve(failing(code, 'So it is.', trailers as Record<string, string>));
    const transport = await open(`grpc://127.0.0.1:${port}`);
    const error = await failureOf(transport.infer(request, {}));
    expect(error).toMatchObject(expected);
    expect(error.message).toContain('So it is.');
  });

  it('is too large, or its answer is', async () => {
    const { port } = await serve(echo);
    const transport = await open(`grpc://127.0.0.1:${port}`, { maxMessageBytes: 1000 });
    const sized = (length: number, count = 1): InferRequest => ({
      ...request,
      inputs: Array.from({ length: count }, (_, at) => ({
        name: `x${at}`,
        datatype: 'UINT8',
        shape: [length],
        data: new Uint8Array(length),
      })),
    });
    const error = await failureOf(transport.infer(sized(2000), {}));
    expect(error).toMatchObject({ status: 'RESOURCE_EXHAUSTED', mayHaveRun: false });
    expect(error.message).toMatch(/would take 20\d\d bytes, but maxMessageBytes is 1000/);
    expect((await transport.infer(sized(500), {})).outputs).toHaveLength(1);
    const { port: other } = await serve({
      ModelInfer: (_: Call, answer: Answer) =>
        answer(null, inferResponseBytes({ ...response, outputs: sized(2000).inputs })),
    });
    const second = await open(`grpc://127.0.0.1:${other}`, { maxMessageBytes: 1000 });
    expect(await failureOf(second.infer(request, {}))).toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      mayHaveRun: true,
    });
  });

  it('has an answer that breaks the protocol', async () => {
    const odd = Buffer.of(0x0a, 200);
    const { port } = await serve({
      ModelInfer: (_: Call, answer: Answer) => answer(null, odd),
      ModelStreamInfer: (call: ServerDuplexStream<Buffer, Buffer>) =>
        call.on('data', () => {
          call.write(odd);
          call.end();
        }),
      ModelMetadata: (_: Call, answer: Answer) =>
        answer(null, { name: 'm', inputs: [{ name: 'x', datatype: 'BF16', shape: [] }] } as never),
      ModelConfig: (_: Call, answer: Answer) => answer(null, {} as never),
    });
    const transport = await open(`grpc://127.0.0.1:${port}`);
    const expected = { status: 'INTERNAL', mayHaveRun: true } as const;
    const error = await failureOf(transport.infer(request, {}));
    expect(error).toMatchObject(expected);
    expect(error.message).toContain(
      'breaks the Open Inference Protocol: The message is not protobuf',
    );
    const stream = transport.generateStream({ modelName: 'm', modelVersion: '', text: '' }, {});
    expect(await failureOf(stream[Symbol.asyncIterator]().next())).toMatchObject(expected);
    expect(await failureOf(transport.modelMetadata('m', '', {}))).toMatchObject(expected);
    expect(await failureOf(transport.modelConfig('m', '', {}))).toMatchObject(expected);
    expect(
      await failureOf(transport.generate({ modelName: 'm', modelVersion: '', text: '' }, {})),
    ).toMatchObject(expected);
  });

  it('is given up if the peer disappeared silently', async () => {
    const { port } = await serve({ ModelInfer: waiting()['ModelInfer']! });
    const sockets: Socket[] = [];
    // Bytes go through until the peer "loses its power".
    const proxy = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      sockets.push(near, far);
      for (const socket of [near, far]) socket.on('error', () => undefined);
      near.pipe(far).pipe(near);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    closed.push(() => {
      sockets.forEach((socket) => socket.destroy());
      proxy.close();
    });
    const address = proxy.address() as { port: number };
    const transport = await open(`grpc://127.0.0.1:${address.port}`, {
      keepaliveMs: 200,
      keepaliveTimeoutMs: 200,
    });
    const failed = failureOf(transport.infer(request, {}));
    await expect.poll(() => sockets.length).toBe(2);
    sockets.forEach((socket) => socket.unpipe().pause());
    expect(await failed).toMatchObject({ status: 'UNAVAILABLE', mayHaveRun: true });
  });

  it('runs nothing once the transport is closed', async () => {
    const { port } = await serve(echo);
    const transport = await open(`grpc://127.0.0.1:${port}`);
    await transport.infer(request, {});
    await transport.close();
    expect(await failureOf(transport.infer(request, {}))).toMatchObject({ mayHaveRun: false });
    const stream = transport.generateStream({ modelName: 'm', modelVersion: '', text: '' }, {});
    expect(await failureOf(stream[Symbol.asyncIterator]().next())).toMatchObject({
      mayHaveRun: false,
    });
  });

  it('cannot have headers that are invalid as metadata', async () => {
    const transport = await open('grpc://127.0.0.1:1');
    const error = await failureOf(transport.infer(request, { headers: { 'a b': 'c' } }));
    expect(error).toMatchObject({ status: 'INVALID_ARGUMENT', mayHaveRun: false });
    const parameters = { large: 2n ** 70n };
    expect(await failureOf(transport.infer({ ...request, parameters }, {}))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      mayHaveRun: false,
    });
  });
});

it.each([
  ['http://host:1', 'has a scheme that gRPC does not support'],
  ['host:8001', 'has a scheme that gRPC does not support'],
  ['grpc://host', 'has no port'],
  ['grpc://host:0', 'has no port'],
  ['grpc://host:1/v2', 'has a path'],
  ['grpc:host:1', 'has no // before its host'],
  [
    'grpc://me:secret@host:1',
    'The address "host:1" has a user or a password, which belong in headers',
  ],
  ['unix:', 'does not name a socket'],
  ['ipv4:1.2.3.4:5,6.7.8.9', 'has no port'],
])('the address %s is refused', async (url, fact) => {
  const error = await failureOf(createGrpcTransport(url));
  expect(error).toMatchObject({ status: 'INVALID_ARGUMENT', mayHaveRun: false });
  expect(error.message).toContain(fact);
});
