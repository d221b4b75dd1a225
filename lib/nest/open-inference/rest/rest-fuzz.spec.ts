import { deflateSync, gzipSync } from 'node:zlib';
import type { INestApplication } from '@nestjs/common';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identity, openInferenceApp } from '../../../../test/helpers/open-inference-app.js';
import {
  learnerRunner,
  moduleRunner,
  servedRunners,
} from '../../../../test/helpers/served-runners.js';
import { DATATYPES, type Datatype } from '../../../client/protocol/datatypes.js';
import { inferRequestBody } from '../../../client/protocol/rest-messages.js';

/** Of each property; VTS_FUZZ_RUNS and VTS_FUZZ_SEED make it a longer and another run. */
const numRuns = Number(process.env['VTS_FUZZ_RUNS'] ?? 150);
const seed = Number(process.env['VTS_FUZZ_SEED'] ?? 8);

const MODELS = ['identity', 'texts', 'int64', 'sentiment', 'mlp'];
const PROTOTYPE = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then'];

const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('', 'INPUT0', 'OUTPUT0', 'text', 'x', ...PROTOTYPE),
);
const number = fc.oneof(
  fc.integer({ min: -3, max: 9 }),
  fc.double(),
  fc.constantFrom(2 ** 31, 2 ** 53, 2 ** 60 + 2, 1e308, -0),
);
const anything = fc.oneof(number, text, fc.boolean(), fc.constant(null), fc.jsonValue());
const parameters = fc.dictionary(
  fc.oneof(
    text,
    fc.constantFrom('binary_data_size', 'binary_data_output', 'timeout', 'content_type'),
  ),
  anything,
  { maxKeys: 3 },
);
const datatype = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...(Object.keys(DATATYPES) as Datatype[])) },
  anything,
);
const tensor = fc.record(
  {
    name: fc.oneof({ weight: 6, arbitrary: fc.constantFrom('INPUT0', 'text', 'x') }, anything),
    shape: fc.oneof(
      { weight: 6, arbitrary: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }) },
      fc.array(number, { maxLength: 3 }),
      anything,
    ),
    datatype,
    data: fc.oneof(
      fc.array(fc.oneof(number, text, fc.boolean()), { maxLength: 16 }),
      fc.array(fc.array(number, { maxLength: 4 }), { maxLength: 4 }),
      anything,
    ),
    parameters: fc.oneof(parameters, anything),
  },
  { requiredKeys: ['name', 'datatype'] },
);
const message = fc.record(
  {
    id: anything,
    parameters: fc.oneof(parameters, anything),
    inputs: fc.oneof({ weight: 9, arbitrary: fc.array(tensor, { maxLength: 3 }) }, anything),
    outputs: fc.oneof(fc.array(fc.record({ name: text, parameters })), anything),
    text_input: fc.oneof(text, anything),
    ready: anything,
  },
  { requiredKeys: ['inputs'] },
);

const whole = inferRequestBody(
  {
    modelName: '',
    modelVersion: '',
    inputs: [
      { name: 'INPUT0', datatype: 'FP32', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    ],
  },
  true,
);
const valid = Buffer.concat(whole.chunks);

const edit = fc.record({
  at: fc.nat({ max: valid.length }),
  remove: fc.nat({ max: 12 }),
  insert: fc.uint8Array({ maxLength: 6 }),
});
const headers = fc.record(
  {
    'inference-header-content-length': fc.oneof(
      fc.constant(String(whole.headerLength)),
      fc.integer({ min: -5, max: valid.length + 5 }).map(String),
      fc.constantFrom('0', '', '1e2', '99999999999999999999', 'a', '00', '+5'),
    ),
    'content-type': fc.constantFrom(
      'application/json',
      'application/octet-stream',
      'text/plain; charset=utf-16',
      'multipart/form-data; boundary=x',
      'application/x-www-form-urlencoded',
      ';;;',
    ),
    'content-encoding': fc.constantFrom(
      'gzip',
      'deflate',
      'identity',
      'br',
      'compress',
      'gzip, gzip',
    ),
    'accept-encoding': fc.constantFrom('gzip', 'deflate', '*', 'gzip;q=x', ',,;'),
    accept: fc.constantFrom('text/event-stream', '*/*', 'image/png'),
  },
  { requiredKeys: [] },
);

function edited(edits: readonly { at: number; remove: number; insert: Uint8Array }[]): Buffer {
  let bytes = valid;
  for (const { at, remove, insert } of edits) {
    bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
  }
  return bytes;
}

describe.each(['express', 'fastify'])('Any request over REST, on %s', (adapter) => {
  let app: INestApplication;
  let url: string;

  beforeAll(async () => {
    const float = { dtype: 'float32' as const, shape: [null, null] };
    const sentiment = await learnerRunner('test/fixtures/learners/few_rules');
    const mlp = await moduleRunner('test/fixtures/pytorch/mlp.pt');
    const runners = {
      identity: identity('identity:1', [float]),
      texts: identity('texts:1', [{ dtype: 'string', shape: [null, null] }]),
      int64: identity('int64:1', [{ dtype: 'int64', shape: [null, null] }]),
      sentiment,
      mlp,
    };
    app = await openInferenceApp(adapter, servedRunners(runners), { maxBodyBytes: 100_000 });
    url = (await app.getUrl()).replace('[::1]', 'localhost');
  });

  afterAll(() => app?.close());

  /** It is answered, and what is wrong with it is the client's fault. */
  const send = async (path: string, init: RequestInit): Promise<void> => {
    const response = await fetch(`${url}${path}`, { ...init, redirect: 'manual' });
    const body = await response.text();
    expect(response.status).toBeLessThan(500);
    if (response.status < 400) return;
    expect(body.length).toBeLessThan(3000);
    expect(JSON.parse(body)).toHaveProperty('error');
  };

  const post = (path: string, body: Buffer | string, given: object = {}): Promise<void> =>
    send(path, { method: 'POST', body: body as string, headers: given as Record<string, string> });

  it('is answered: messages', async () => {
    const action = fc.constantFrom('infer', 'infer', 'infer', 'generate', 'generate_stream');
    const property = fc.asyncProperty(
      fc.constantFrom(...MODELS),
      action,
      message,
      (model, to, body) => post(`/v2/models/${model}/${to}`, JSON.stringify(body)),
    );
    await fc.assert(property, { seed, numRuns });
  });

  it('is answered: bytes and headers', async () => {
    const edits = fc.array(edit, { maxLength: 3 });
    const property = fc.asyncProperty(
      fc.constantFrom(...MODELS),
      edits,
      headers,
      async (model, by, given) => {
        const bytes = edited(by);
        const coding = given['content-encoding'];
        const body =
          coding === 'gzip' ? gzipSync(bytes) : coding === 'deflate' ? deflateSync(bytes) : bytes;
        await post(`/v2/models/${model}/infer`, body, given);
      },
    );
    await fc.assert(property, { seed, numRuns });
  });

  it('is answered: bodies that are not JSON', async () => {
    const property = fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), headers, (bytes, given) =>
      post('/v2/models/identity/infer', Buffer.from(bytes), given),
    );
    await fc.assert(property, { seed, numRuns });
  });

  it('is answered: names and versions', async () => {
    const part = fc.oneof(text, fc.constantFrom(...MODELS, '..', '%', 'a'.repeat(2000)));
    const paths = fc.constantFrom(
      '',
      '/ready',
      '/config',
      '/stats',
      '/infer',
      '/generate',
      '/load',
    );
    const property = fc.asyncProperty(part, part, paths, async (name, version, path) => {
      const [model, at] = [name, version].map(encoded);
      const body = '{"inputs":[],"text_input":"a"}';
      await send(`/v2/models/${model}/versions/${at}${path}`, {});
      await send(`/v2/models/${model}${path}`, {});
      await post(`/v2/models/${model}/versions/${at}${path}`, body);
      await post(`/v2/repository/models/${model}${path}`, body);
    });
    await fc.assert(property, { seed, numRuns: Math.ceil(numRuns / 3) });
    await send('/v2/health/ready', {});
  });
});

/** As a part of a path; what is no text becomes one. */
function encoded(part: string): string {
  return encodeURIComponent(part.toWellFormed());
}
