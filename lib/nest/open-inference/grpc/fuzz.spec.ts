import { once } from 'node:events';
import { connect as connectHttp2, constants, type ClientHttp2Session } from 'node:http2';
import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { inferRequestBytes } from '../../../client/grpc/messages.js';
import { OpenInferenceService } from '../../../serving/open-inference/service.js';
import { serveGrpc, type ServedGrpc } from '../../../../test/helpers/grpc-service.js';
import { moduleRunner, servedRunners } from '../../../../test/helpers/served-runners.js';

const LIMIT = 50_000;
const SERVICE = '/inference.GRPCInferenceService';
const STATUSES = /^([0-9]|1[0-6])$/;

let inference: OpenInferenceService;
let server: ServedGrpc;
let session: ClientHttp2Session;

beforeAll(async () => {
  const mlp = await moduleRunner('test/fixtures/pytorch/mlp.pt');
  inference = new OpenInferenceService(servedRunners({ mlp }));
  server = await serveGrpc(inference, {
    grpc: { maxMessageBytes: LIMIT, keepaliveMs: 1000 },
  });
  session = connectHttp2(`http://127.0.0.1:${server.port}`);
  session.on('error', () => undefined);
});

afterAll(async () => {
  session.destroy();
  await server.stop();
  inference.close();
});

const valid = inferRequestBytes({
  modelName: 'mlp',
  modelVersion: '',
  id: 'a',
  parameters: { a: 1, b: 'text', c: true },
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4], data: new Float32Array(4) }],
});

function framed(message: Uint8Array, flag = 0, length = message.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

interface Answer {
  readonly http: number | undefined;
  readonly grpc: string | undefined;
  readonly reset: boolean;
}

/** What is answered to bytes as the body of a call. */
async function answerTo(
  path: string,
  body: Uint8Array,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  let answered: Record<string, unknown> = {};
  stream.on('response', (head) => (answered = { ...answered, ...head }));
  stream.on('trailers', (tail) => (answered = { ...answered, ...tail }));
  stream.on('error', () => undefined);
  stream.resume();
  stream.end(body);
  await once(stream, 'close');
  return {
    http: answered[':status'] as number | undefined,
    grpc: answered['grpc-status'] as string | undefined,
    reset: stream.rstCode !== constants.NGHTTP2_NO_ERROR,
  };
}

const lives = async (): Promise<void> => {
  expect((await server.call('ServerLive', {})).response).toEqual({ live: true });
};

const method = fc.constantFrom(
  'ServerLive',
  'ModelReady',
  'ModelMetadata',
  'ModelConfig',
  'ModelStatistics',
  'RepositoryIndex',
  'RepositoryModelLoad',
  'ModelInfer',
  'ModelStreamInfer',
);

/** A valid message with some of its bytes changed, cut off or repeated. */
const broken = fc
  .array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 6 })
  .chain((changes) =>
    fc.tuple(fc.constant(changes), fc.nat(valid.length), fc.nat(3)).map(([all, cut, repeated]) => {
      const bytes = Buffer.from(valid);
      for (const [at, value] of all) bytes[at] = value;
      const part = bytes.subarray(0, cut);
      return Buffer.concat(Array.from({ length: repeated + 1 }, () => part));
    }),
  );

describe('Any message', () => {
  it('is answered with a status', { timeout: 60_000 }, async () => {
    const message = fc.oneof(broken, fc.uint8Array({ maxLength: 400 }).map(Buffer.from));
    await fc.assert(
      fc.asyncProperty(method, message, async (name, bytes) => {
        const { http, grpc } = await answerTo(`${SERVICE}/${name}`, framed(bytes));
        expect(http).toBe(200);
        expect(grpc).toMatch(STATUSES);
      }),
      { numRuns: 400, interruptAfterTimeLimit: 8000, seed: 25 },
    );
    await lives();
  });

  it('is answered if its frames are wrong', { timeout: 60_000 }, async () => {
    const frame = fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.nat(255), fc.nat(2 ** 32 - 1));
    await fc.assert(
      fc.asyncProperty(method, frame, async (name, [bytes, flag, length]) => {
        const said = length % 3 === 0 ? bytes.length : length;
        const late = { 'grpc-timeout': '2S' };
        const answer = await answerTo(`${SERVICE}/${name}`, framed(bytes, flag, said), late);
        expect(answer.grpc).toMatch(STATUSES);
      }),
      { numRuns: 150, interruptAfterTimeLimit: 8000, seed: 25 },
    );
    await lives();
  });

  it.each([
    ['an unknown method', `${SERVICE}/Nothing`, framed(valid), {}, '12'],
    ['an unknown service', '/a/b', framed(valid), {}, '12'],
    ['a path of odd bytes', '/\u00ff%00/x', framed(valid), {}, '12'],
    ['no message', `${SERVICE}/ModelInfer`, Buffer.alloc(0), {}, '12'],
    [
      'two messages where one belongs',
      `${SERVICE}/ModelInfer`,
      Buffer.concat([framed(valid), framed(valid)]),
      {},
      '12',
    ],
    ['a message over the limit', `${SERVICE}/ModelInfer`, framed(Buffer.alloc(LIMIT + 1)), {}, '8'],
    [
      'a length that no message has',
      `${SERVICE}/ModelInfer`,
      framed(valid, 0, 2 ** 32 - 1),
      {},
      '8',
    ],
    [
      'a compression that is not known',
      `${SERVICE}/ModelInfer`,
      framed(valid, 1),
      { 'grpc-encoding': 'zip' },
      '12',
    ],
    [
      'what is not compressed as it says',
      `${SERVICE}/ModelInfer`,
      framed(valid, 1),
      { 'grpc-encoding': 'gzip' },
      '13',
    ],
    [
      'a time that is none',
      `${SERVICE}/ServerLive`,
      framed(Buffer.alloc(0)),
      { 'grpc-timeout': 'x' },
      '13',
    ],
  ])('has a status for %s', async (_, path, body, headers, expected) => {
    expect((await answerTo(path, body, headers)).grpc).toBe(expected);
  });

  it('has a status for a message that exceeds the limit after decompression', async () => {
    const { gzipSync } = await import('node:zlib');
    const bomb = framed(gzipSync(Buffer.alloc(LIMIT * 100)), 1);
    const headers = { 'grpc-encoding': 'gzip' };
    expect((await answerTo(`${SERVICE}/ModelInfer`, bomb, headers)).grpc).toBe('8');
  });

  it('is refused as HTTP if it is not gRPC', async () => {
    const answer = await answerTo('/v2', Buffer.alloc(0), { 'content-type': 'application/json' });
    expect(answer.http).toBe(415);
  });

  it('is refused if its metadata is huge, and other calls continue', async () => {
    const huge = { 'x-huge': 'a'.repeat(60_000) };
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`x-${at}`, 'a']));
    for (const headers of [huge, many]) {
      const answer = await answerTo(
        `${SERVICE}/ServerLive`,
        framed(Buffer.alloc(0)),
        headers,
      ).catch(() => ({ grpc: undefined, reset: true }));
      expect(answer.reset || STATUSES.test(answer.grpc ?? '')).toBe(true);
    }
    await lives();
  });
});

describe('Any data on a connection', () => {
  const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

  /** A generator of numbers that are the same each time. */
  function random(seed: number): (below: number) => number {
    let state = seed;
    return (below) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
  }

  function frame(next: (below: number) => number): Buffer {
    const payload = Buffer.from(Array.from({ length: next(60) }, () => next(256)));
    const head = Buffer.alloc(9);
    const length = next(8) === 0 ? next(2 ** 24) : payload.length;
    head.writeUIntBE(length, 0, 3);
    head.writeUInt8(next(12), 3);
    head.writeUInt8(next(256), 4);
    head.writeUInt32BE(next(6), 5);
    return Buffer.concat([head, payload]);
  }

  const connections = async (): Promise<number> => {
    const [, count] = /vts_grpc_connections (\d+)/.exec(await server.registry.metrics())!;
    return Number(count);
  };

  it('leaves nothing behind if many peers fall silent', { timeout: 60_000 }, async () => {
    await lives();
    const before = await connections();
    const most = 200;
    // Half of them speak HTTP/2 at first; none answers a ping.
    const silent = Array.from({ length: most }, (_, at) => {
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.resume();
      if (at % 2 === 0)
        socket.write(Buffer.concat([PREFACE, Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]));
      return socket;
    });
    await Promise.all(silent.map((socket) => once(socket, 'close')));
    await lives();
    expect(await connections()).toBeLessThanOrEqual(before);
  });

  it('does not harm other connections', { timeout: 60_000 }, async () => {
    const next = random(25);
    const until = performance.now() + 6000;
    const open = async (): Promise<Socket> => {
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.resume();
      await once(socket, 'connect');
      return socket;
    };
    let rounds = 0;
    while (rounds < 150 && performance.now() < until) {
      rounds++;
      const socket = await open();
      if (next(5) > 0) socket.write(PREFACE);
      // Its settings, as a client begins.
      if (next(4) > 0) socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
      for (let count = next(12); count > 0; count--) socket.write(frame(next));
      if (next(3) === 0) socket.destroy();
      else socket.end();
      if (rounds % 25 === 0) await lives();
    }
    expect(rounds).toBeGreaterThan(10);
    await lives();
    await vi.waitFor(async () => {
      // Node itself keeps those that broke the protocol, until a ping finds nobody.
      expect(await connections()).toBeLessThanOrEqual(2);
    }, 10_000);
  });
});
