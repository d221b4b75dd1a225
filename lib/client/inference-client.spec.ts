import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { echo, InferenceServer, json } from '../../test/helpers/inference-server.js';
import { InferenceClient, InferenceClientOptionError, InferenceError } from './index.js';
import type { InferTensor, InferValue } from './index.js';

const failureOf = (promise: Promise<unknown>): Promise<InferenceError> =>
  promise.then(
    (value) => {
      throw new Error(`It gave ${String(value)}`);
    },
    (error: unknown) => {
      expect(error).toBeInstanceOf(InferenceError);
      return error as InferenceError;
    },
  );

/** Whether a request has raw bytes, by its header. */
const isRaw = ({ headers }: InferenceServer['got'][number]): boolean =>
  headers['inference-header-content-length'] !== undefined;

const FP32 = { x: Float32Array.of(1, 2) };

describe('The URL of a client', () => {
  it.each([
    ['localhost:8000', 'has an unsupported scheme'],
    ['', 'is not a URL'],
    ['ftp://host', 'has an unsupported scheme'],
    ['http://host:8000/?model=a', 'has a query or a fragment'],
    ['http+unix://%/', 'does not name a socket'],
    ['http+unix://', 'does not name a socket'],
  ])('is refused: %s', (url, fact) => {
    expect(() => new InferenceClient(url)).toThrow(InferenceClientOptionError);
    expect(() => new InferenceClient(url)).toThrow(fact);
  });

  it('shows no password', () => {
    const make = (): InferenceClient => new InferenceClient('https://me:secret@host:8000');
    expect(make).toThrow('at host:8000 has a user or a password');
    expect(make).not.toThrow('secret');
  });

  it.each([
    { timeoutMs: -1 },
    { timeoutMs: NaN },
    { maxResponseBytes: 0 },
    { maxResponseBytes: 1.5 },
    { keepaliveMs: -1 },
    { keepaliveMs: 2 ** 31 },
    { binary: 'yes' as never },
    { fetch: 'fetch' as never },
  ])('is given with options, which are checked: %o', (options) => {
    const [name] = Object.keys(options);
    expect(() => new InferenceClient('http://host', options)).toThrow(InferenceClientOptionError);
    expect(() => new InferenceClient('http://host', options)).toThrow(`${name} is `);
  });

  it('keeps its path, to which names and versions are appended', async () => {
    await using server = await InferenceServer.start(echo);
    const client = new InferenceClient(`${server.url}/a/proxy//`);
    await client.infer({ name: 'a/b c', version: '2' }, FP32);
    await client.infer('m', FP32);
    expect(server.got.map(({ path }) => path)).toEqual([
      '/a/proxy/v2/models/a%2Fb%20c/versions/2/infer',
      '/a/proxy/v2/models/m/infer',
    ]);
    for (const name of ['', '.', '..', '\ud800']) {
      expect(await failureOf(client.infer(name, FP32))).toMatchObject({
        status: 'INVALID_ARGUMENT',
        mayHaveRun: false,
      });
    }
    expect(server.got).toHaveLength(2);
  });
});

describe('Inputs', () => {
  const inputs = new Map<string, [InferValue, Omit<InferTensor, 'name'>]>([
    [
      'a Float32Array',
      [Float32Array.of(1, -0), { datatype: 'FP32', shape: [2], data: Float32Array.of(1, -0) }],
    ],
    [
      'a Float64Array',
      [Float64Array.of(0.1), { datatype: 'FP64', shape: [1], data: Float64Array.of(0.1) }],
    ],
    [
      'a Uint8Array',
      [Uint8Array.of(255, 0), { datatype: 'UINT8', shape: [2], data: Uint8Array.of(255, 0) }],
    ],
    [
      'pixels of a canvas',
      [Uint8ClampedArray.of(255), { datatype: 'UINT8', shape: [1], data: Uint8Array.of(255) }],
    ],
    ['an Int8Array', [Int8Array.of(-1), { datatype: 'INT8', shape: [1], data: Int8Array.of(-1) }]],
    [
      'a Uint16Array',
      [Uint16Array.of(7), { datatype: 'UINT16', shape: [1], data: Uint16Array.of(7) }],
    ],
    [
      'an Int16Array',
      [Int16Array.of(-7), { datatype: 'INT16', shape: [1], data: Int16Array.of(-7) }],
    ],
    [
      'a Uint32Array',
      [Uint32Array.of(7), { datatype: 'UINT32', shape: [1], data: Uint32Array.of(7) }],
    ],
    [
      'an Int32Array',
      [Int32Array.of(-7), { datatype: 'INT32', shape: [1], data: Int32Array.of(-7) }],
    ],
    [
      'a BigUint64Array',
      [
        BigUint64Array.of(2n ** 64n - 1n),
        { datatype: 'UINT64', shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) },
      ],
    ],
    [
      'a BigInt64Array',
      [
        BigInt64Array.of(-(2n ** 63n)),
        { datatype: 'INT64', shape: [1], data: BigInt64Array.of(-(2n ** 63n)) },
      ],
    ],
    ['a string', ['é🙂', { datatype: 'BYTES', shape: [1], data: ['é🙂'] }]],
    [
      'strings and bytes',
      [['a', Uint8Array.of(98)], { datatype: 'BYTES', shape: [2], data: ['a', 'b'] }],
    ],
    [
      'bytes that are not UTF-8',
      [[Uint8Array.of(0xff)], { datatype: 'BYTES', shape: [1], data: [Uint8Array.of(0xff)] }],
    ],
    ['a number', [0.5, { datatype: 'FP32', shape: [1], data: Float32Array.of(0.5) }]],
    ['numbers', [[1, NaN], { datatype: 'FP32', shape: [2], data: Float32Array.of(1, NaN) }]],
    ['a bigint', [5n, { datatype: 'INT64', shape: [1], data: BigInt64Array.of(5n) }]],
    ['booleans', [[true, false], { datatype: 'BOOL', shape: [2], data: Uint8Array.of(1, 0) }]],
    [
      'a tensor',
      [
        { datatype: 'FP16', shape: [1, 2], data: Uint16Array.of(0x3c00, 0xfc00) },
        { datatype: 'FP16', shape: [1, 2], data: Uint16Array.of(0x3c00, 0xfc00) },
      ],
    ],
    [
      'a tensor of onnxruntime',
      [
        new Tensor('int64', [1n, 2n], [2, 1]),
        { datatype: 'INT64', shape: [2, 1], data: BigInt64Array.of(1n, 2n) },
      ],
    ],
    [
      'strings of onnxruntime',
      [new Tensor('string', ['a'], [1]), { datatype: 'BYTES', shape: [1], data: ['a'] }],
    ],
    [
      'booleans of onnxruntime',
      [new Tensor('bool', [true], [1]), { datatype: 'BOOL', shape: [1], data: Uint8Array.of(1) }],
    ],
  ]);
  const texts = (data: InferTensor['data']): unknown =>
    ArrayBuffer.isView(data)
      ? data
      : (data as (string | Uint8Array)[]).map((text) =>
          Buffer.from(text as string).toString('hex'),
        );

  it.each(
    [...inputs].flatMap(([name, [value, tensor]]) =>
      [undefined, true].map((binary) => ({ name, value, tensor, binary })),
    ),
  )('survive a round trip: $name, binary: $binary', async ({ value, tensor, binary }) => {
    await using server = await InferenceServer.start(echo);
    const client = new InferenceClient(server.url, binary === undefined ? {} : { binary });
    for (let times = 0; times < 2; times++) {
      const result = await client.infer('m', { x: value }, { id: 'i' });
      expect(result).toMatchObject({ modelName: 'm', modelVersion: '3', id: 'i' });
      const { data, ...rest } = result.tensor('x_out');
      expect(rest).toEqual({ name: 'x_out', datatype: tensor.datatype, shape: tensor.shape });
      expect(texts(data)).toEqual(texts(tensor.data));
    }
    // Only what JSON carries goes in JSON, the first time.
    expect(isRaw(server.got[1]!)).toBe(true);
  });

  const tensor = (more: object): Record<string, InferValue> => ({
    x: { datatype: 'FP32', shape: [2], data: Float32Array.of(1, 2), ...more } as never,
  });
  it.each<[string, Record<string, InferValue>, string]>([
    [
      'a shape of other size',
      tensor({ shape: [3] }),
      'has 2 elements, but its shape [3] requires 3',
    ],
    ['a size below 0', tensor({ shape: [-1] }), 'the size -1'],
    ['another array', tensor({ data: Float64Array.of(1, 2) }), 'give Float32Array'],
    ['an unknown datatype', tensor({ datatype: 'toString' }), 'the datatype toString'],
    ['an empty list', { x: [] }, 'is an empty list'],
    ['values of several kinds', { x: [1, 'a'] as never }, 'of mixed types'],
    ['null', { x: null as never }, 'of mixed types'],
    ['a Date', { x: new Date() as never }, 'of mixed types'],
    ['half of a surrogate pair', { x: 'a\ud83d' }, 'half of a surrogate pair'],
    ['a bigint beyond 64 bits', { x: 2n ** 63n }, 'out of the range of INT64'],
    ['a DataView', { x: new DataView(new ArrayBuffer(4)) as never }, 'is a DataView'],
    [
      'a type of onnxruntime alone',
      { x: { type: 'int4', dims: [1], data: [] } },
      'a tensor of int4',
    ],
    [
      'a number among texts',
      tensor({ datatype: 'BYTES', data: ['a', 1] }),
      'Element 1 of the tensor "x" is 1',
    ],
  ])('are refused before they are sent: %s', async (_, given, fact) => {
    await using server = await InferenceServer.start(echo);
    const error = await failureOf(new InferenceClient(server.url).infer('m', given));
    expect(error).toMatchObject({ status: 'INVALID_ARGUMENT', mayHaveRun: false });
    expect(error.message).toContain(fact);
    expect(server.got).toEqual([]);
  });

  it('are refused if JSON is chosen but cannot carry them', async () => {
    await using server = await InferenceServer.start(echo);
    const client = new InferenceClient(server.url, { binary: false });
    const half: InferValue = { datatype: 'FP16', shape: [1], data: Uint16Array.of(0x3c00) };
    for (const x of [half, NaN, [Uint8Array.of(0xff)], 2n ** 60n] as InferValue[]) {
      expect((await failureOf(client.infer('m', { x }))).message).toContain('cannot carry exactly');
    }
    const result = await client.infer('m', { x: [-0, 0.1], y: 'é' });
    expect(Object.is((result.tensor('x_out').data as Float32Array)[0], -0)).toBe(true);
    expect(result.strings('y_out')).toEqual(['é']);
    expect(server.got.map(isRaw)).toEqual([false]);
    expect(server.got[0]!.body.toString()).not.toContain('binary_data_output');
  });

  it('stay JSON for a server that answers in JSON', async () => {
    const outputs = [{ name: 'y', datatype: 'INT64', shape: [1, 1], data: [[7]] }];
    await using server = await InferenceServer.start(
      json({ model_name: 'm', id: null, parameters: null, outputs }),
    );
    const client = new InferenceClient(server.url);
    for (let times = 0; times < 3; times++) {
      const result = await client.infer('m', FP32, { outputs: ['y'] });
      expect(result.tensor('y').data).toEqual(BigInt64Array.of(7n));
      expect(result).toMatchObject({ id: undefined, modelVersion: '', parameters: {} });
    }
    expect(server.got.map(isRaw)).toEqual([false, false, false]);
    const asks = server.got.map(({ body }) => body.toString().includes('binary_data_output'));
    expect(asks).toEqual([true, false, false]);
    expect(JSON.parse(server.got[0]!.body.toString())).toMatchObject({ outputs: [{ name: 'y' }] });
  });

  it('have parameters, and integers that JSON would round are refused', async () => {
    await using server = await InferenceServer.start(echo);
    const client = new InferenceClient(server.url);
    await client.infer('m', FP32, { parameters: { a: 5n, b: true, c: 'c' } });
    expect(JSON.parse(server.got[0]!.body.toString())).toMatchObject({
      parameters: { a: 5, b: true, c: 'c', binary_data_output: true },
    });
    const error = await failureOf(client.infer('m', FP32, { parameters: { a: 2n ** 60n } }));
    expect(error).toMatchObject({ status: 'INVALID_ARGUMENT', mayHaveRun: false });
  });
});

describe('Outputs', () => {
  it('have names, and texts are read as UTF-8', async () => {
    await using server = await InferenceServer.start(echo);
    const client = new InferenceClient(server.url, { binary: true });
    const result = await client.infer('m', {
      text: ['é', Buffer.from('\ufeffb')],
      bytes: [Uint8Array.of(0xff)],
      number: 1,
    });
    expect(result.outputs.map(({ name }) => name)).toEqual(['text_out', 'bytes_out', 'number_out']);
    expect(result.strings('text_out')).toEqual(['é', '\ufeffb']);
    expect(() => result.strings('bytes_out')).toThrow(
      'Element 0 of the output "bytes_out" is not UTF-8',
    );
    expect(() => result.strings('number_out')).toThrow('is FP32');
    expect(() => result.tensor('x')).toThrow('it has "text_out", "bytes_out", "number_out"');
  });
});

describe('A closed client', () => {
  it('refuses calls', async () => {
    await using server = await InferenceServer.start(echo);
    const client = new InferenceClient(server.url);
    await client.infer('m', FP32);
    await client.close();
    await client.close();
    expect(await failureOf(client.infer('m', FP32))).toMatchObject({ status: 'CANCELLED' });
    expect(server.got).toHaveLength(1);
  });
});

describe('keepaliveMs over gRPC', () => {
  it('is the time between pings during a call; 0 means none', async () => {
    // It takes calls and answers none.
    await using server = Object.assign(createServer(), {
      async [Symbol.asyncDispose]() {
        sessions.forEach((session) => session.destroy());
        server.close();
        await once(server, 'close');
      },
    });
    const sessions: { destroy(): void }[] = [];
    const pings: number[] = [];
    server.on('session', (session) => {
      const at = sessions.push(session) - 1;
      pings[at] = 0;
      session.on('ping', () => pings[at]!++);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const call = async (keepaliveMs: number, reached: number): Promise<InferenceClient> => {
      const client = new InferenceClient(`grpc://127.0.0.1:${port}`, { keepaliveMs });
      client.infer('m', FP32).catch(() => undefined);
      await expect.poll(() => sessions.length).toBe(reached);
      return client;
    };
    const silent = await call(0, 1);
    const pinging = await call(20, 2);
    await expect.poll(() => pings[1]).toBeGreaterThan(2);
    expect(pings[0]).toBe(0);
    await Promise.all([silent.close(), pinging.close()]);
  });
});
