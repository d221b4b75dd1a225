import { gzipSync, deflateSync } from 'node:zlib';
import type { INestApplication } from '@nestjs/common';
import { Tensor } from 'onnxruntime-common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpClient, type Answer } from '../../../../test/helpers/http-client.js';
import { identity, openInferenceApp } from '../../../../test/helpers/open-inference-app.js';
import {
  learnerRunner,
  moduleRunner,
  servedRunners,
  type InProcessLearner,
} from '../../../../test/helpers/served-runners.js';
import type { InferResponse } from '../../../client/protocol/messages.js';
import { inferRequestBody, readInferResponse } from '../../../client/protocol/rest-messages.js';
import type { ServedRunner } from '../../../serving/open-inference/contract.js';
import { RunnerOverloadedError } from '../../../serving/runner/errors.js';
import type { RunnerHandle } from '../../../serving/runner/runner-types.js';

const any = { dtype: 'float32' as const, shape: [null, null] };
const FP32 = { name: 'INPUT0', shape: [1, 2], datatype: 'FP32', data: [1, 2] };
const texts = ['I really liked that movie!', 'awful'];

let sentiment: InProcessLearner;
let mlp: RunnerHandle;
const unready = Object.assign(identity('unready:1', [any]), { ready: false });

beforeAll(async () => {
  sentiment = await learnerRunner('test/fixtures/learners/few_rules');
  mlp = await moduleRunner('test/fixtures/pytorch/mlp.pt');
});

/** Models like those of the cases of Triton's `qa/L0_http` and KServe's `test_server.py`. */
function models(): Record<string, RunnerHandle> {
  const full = async (): Promise<never> => {
    throw new RunnerOverloadedError('full', 'run', 'its queue is full', 3);
  };
  const half = async (item: unknown): Promise<unknown> => {
    const { data, dims } = (item as { INPUT0: Tensor }).INPUT0;
    return [new Tensor('float16', Uint16Array.from(data as Float32Array, Number), dims)];
  };
  return {
    sentiment,
    mlp,
    identity: identity('identity:1', [any]),
    three: identity('three:1', [any, any, any]),
    fixed: identity('fixed:1', [{ dtype: 'float32', shape: [1, 8] }]),
    texts: identity('texts:1', [{ dtype: 'string', shape: [null, 2] }]),
    text: identity('text:1', [{ dtype: 'string', shape: [null] }]),
    int64: identity('int64:1', [{ dtype: 'int64', shape: [null, null] }]),
    free: identity('free:1', [{ dtype: 'float32', shape: [null, null, null] }]),
    half: Object.assign(identity('half:1', [any], half), {
      outputs: [{ dtype: 'float16', shape: [null, null], name: 'OUTPUT0' }],
    }),
    full: identity('full:1', [any], full),
    unready,
  };
}

function versions(): ServedRunner[] {
  const of = (version: string, add: number, latest: boolean): ServedRunner => {
    const call = async (item: unknown): Promise<unknown> => {
      const { data, dims } = (item as { INPUT0: Tensor }).INPUT0;
      return [
        new Tensor(
          'float32',
          (data as Float32Array).map((x) => x + add),
          dims,
        ),
      ];
    };
    return { name: 'added', version, latest, runner: identity(`added:${version}`, [any], call) };
  };
  return [of('v1', 1, false), of('v2', 2, true)];
}

describe.each(['express', 'fastify'])('The Open Inference Protocol over REST, on %s', (adapter) => {
  let app: INestApplication;
  let http: HttpClient;

  beforeAll(async () => {
    const list = [...servedRunners(models()).list(), ...versions()];
    app = await openInferenceApp(adapter, { list: () => list });
    http = await HttpClient.of(app);
  });

  afterAll(() => app?.close());

  const infer = (
    model: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> =>
    http.json(
      `/v2/models/${model}/infer`,
      body instanceof Uint8Array || typeof body === 'string' ? body : JSON.stringify(body),
      headers,
    );

  /** Bytes as they came, with the messages in them. */
  const inferBinary = async (
    path: string,
    body: Uint8Array,
    headers: Record<string, string>,
  ): Promise<{ answer: InferResponse; headers: Headers; status: number }> => {
    const url = `${(await app.getUrl()).replace('[::1]', 'localhost')}/v2/models/${path}/infer`;
    const response = await fetch(url, { method: 'POST', body: Buffer.from(body), headers });
    const bytes = new Uint8Array(await response.arrayBuffer());
    const length = response.headers.get('inference-header-content-length') ?? undefined;
    return {
      answer: readInferResponse(bytes, length),
      headers: response.headers,
      status: response.status,
    };
  };

  const raw = { 'inference-header-content-length': '0' };
  const floats = (count: number): Uint8Array =>
    new Uint8Array(Float32Array.from({ length: count }, (_, at) => at).buffer);

  it('describes the served models', async () => {
    expect((await http.get('/v2')).json).toMatchObject({
      name: 'nestjs-vts',
      extensions: expect.arrayContaining(['binary_tensor_data', 'generate']),
    });
    expect((await http.get('/v2/health/live')).json).toEqual({ live: true });
    expect((await http.get('/v2/models')).json).toEqual({
      models: [...Object.keys(models()), 'added'],
    });
    expect((await http.get('/v2/models/sentiment')).json).toMatchObject({
      name: 'sentiment',
      versions: ['1'],
      platform: 'fastai',
      inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
    });
    expect((await http.get('/v2/models/added')).json).toMatchObject({ versions: ['v1', 'v2'] });
    expect((await http.get('/v2/models/sentiment/ready')).json).toEqual({
      name: 'sentiment',
      ready: true,
    });
    expect((await http.get('/v2/models/added/versions/v1/ready')).status).toBe(200);
    expect((await http.get('/v2/models/identity/config')).json).toEqual({
      name: 'identity',
      platform: 'pytorch',
      backend: expect.any(String),
      max_batch_size: 8,
      input: [{ name: 'INPUT0', data_type: 'TYPE_FP32', dims: [-1] }],
      output: [{ name: 'OUTPUT0', data_type: 'TYPE_FP32', dims: [-1] }],
      parameters: {},
      model_transaction_policy: { decoupled: false },
    });
  });

  it('is not ready while a model is not ready', async () => {
    const [server, model] = await Promise.all([
      http.get('/v2/health/ready'),
      http.get('/v2/models/unready/ready'),
    ]);
    expect([server.status, server.json]).toEqual([503, { ready: false }]);
    expect([model.status, model.json]).toEqual([503, { name: 'unready', ready: false }]);
    const answer = await infer('unready', { inputs: [FP32] });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
    unready.ready = true;
    expect((await http.get('/v2/health/ready')).json).toEqual({ ready: true });
    unready.ready = false;
  });

  it.each([
    '/v2/models/none',
    '/v2/models/none/ready',
    '/v2/models/none/config',
    '/v2/models/none/stats',
    '/v2/models/added/versions/v3',
    '/v2/models/added/versions/v3/ready',
    '/v2/models/__proto__',
    '/v2/models/constructor/versions/toString',
    '/v2/models/a%2Fb',
    '/v2/models/..%2F..%2Fetc%2Fpasswd',
    '/v2/models/%20',
  ])('answers 404 to GET %s', async (path) => {
    const { status, json, type } = await http.get(path);
    expect([status, type]).toEqual([404, 'application/json']);
    expect(json).toEqual({
      error: expect.stringMatching(/is not served|has no version/) as string,
    });
  });

  it.each(['infer', 'generate', 'generate_stream'])(
    'answers 404 to %s of an unknown model, and of an unknown version',
    async (action) => {
      const body = JSON.stringify({ inputs: [FP32], text_input: 'a' });
      for (const model of ['my-model/versions/v0', 'my-model', 'added/versions/v0']) {
        const { status, json } = await http.json(`/v2/models/${model}/${action}`, body);
        expect(status).toBe(404);
        expect(json).toEqual({ error: expect.any(String) as string });
      }
    },
  );

  it('runs the version in the path, or else the latest', async () => {
    const paths = ['added', 'added/versions/v1', 'added/versions/v2', 'added/versions/latest'];
    const answers = await Promise.all(paths.map((path) => infer(path, { inputs: [FP32] })));
    expect(answers.map(({ json }) => json)).toMatchObject([
      { model_version: 'v2', outputs: [{ data: [3, 4] }] },
      { model_version: 'v1', outputs: [{ data: [2, 3] }] },
      { model_version: 'v2', outputs: [{ data: [3, 4] }] },
      { model_version: 'v2', outputs: [{ data: [3, 4] }] },
    ]);
  });

  it("gives the runner's numbers, as JSON and as binary data", async () => {
    const local = await Promise.all(texts.map((text) => sentiment.predict.run(text)));
    const request = {
      modelName: 'sentiment',
      modelVersion: '',
      inputs: [{ name: 'text', datatype: 'BYTES' as const, shape: [2], data: texts }],
    };
    const probabilities = local.flatMap((triple) => [
      ...((triple as Tensor[])[2]!.data as Float32Array),
    ]);
    for (const binary of [false, true]) {
      const { chunks, headerLength } = inferRequestBody(request, binary);
      const { answer, headers } = await inferBinary('sentiment', Buffer.concat(chunks), {
        'content-type': binary ? 'application/octet-stream' : 'application/json',
        ...(headerLength !== undefined && {
          'inference-header-content-length': String(headerLength),
        }),
      });
      expect(headers.get('content-type')).toBe(
        binary ? 'application/octet-stream' : 'application/json',
      );
      const [probs, , decoded] = answer.outputs;
      expect([...(probs!.data as Float32Array)]).toEqual(probabilities);
      expect(
        (decoded!.data as Uint8Array[]).map((each) => Buffer.from(each as never).toString()),
      ).toEqual(local.map((triple) => (triple as unknown[])[0]));
    }
  });

  it('gives the tensors of a model of the PyTorch layer, bit by bit', async () => {
    const metadata = (await http.get('/v2/models/mlp')).json as {
      inputs: { name: string; shape: number[] }[];
    };
    const [{ name, shape }] = metadata.inputs as [{ name: string; shape: number[] }];
    const size = shape[1]!;
    const data = Float32Array.from({ length: 3 * size }, (_, at) => Math.sin(at) * 3);
    const tensor = new Tensor('float32', data, [3, size]);
    const local = (await mlp.method('__call__').run({ [name]: tensor })) as Tensor;
    const request = {
      modelName: 'mlp',
      modelVersion: '',
      inputs: [{ name, datatype: 'FP32' as const, shape: [3, size], data }],
    };
    for (const binary of [false, true]) {
      const { chunks, headerLength } = inferRequestBody(request, binary);
      const header: Record<string, string> =
        headerLength === undefined
          ? {}
          : { 'inference-header-content-length': String(headerLength) };
      const { answer } = await inferBinary('mlp', Buffer.concat(chunks), header);
      expect(answer.outputs[0]!.data).toEqual(local.data);
      expect(answer.outputs[0]!.shape).toEqual(local.dims);
    }
  });

  it('has an id in every answer', async () => {
    const ids = await Promise.all(
      [{ id: '123' }, {}, { id: '' }, { id: null }].map(async (more) => {
        const { json, headers } = await infer('identity', { inputs: [FP32], ...more });
        return [(json as { id: string }).id, headers.get('x-request-id')] as const;
      }),
    );
    expect(ids[0]![0]).toBe('123');
    for (const [id, requestId] of ids.slice(1)) expect(id).toBe(requestId);
  });

  it('accepts JSON under any content type, because curl declares it as a form', async () => {
    const body = JSON.stringify({ inputs: [FP32] });
    for (const type of [
      undefined,
      'application/x-www-form-urlencoded',
      'text/plain',
      'application/octet-stream',
    ]) {
      const { status, json } = await http.post('/v2/models/identity/infer', type, body);
      expect(status).toBe(200);
      expect(json).toMatchObject({ outputs: [{ name: 'OUTPUT0', data: [1, 2] }] });
    }
  });

  it('accepts the additional members that clients of other servers send', async () => {
    const { json, status } = await infer('identity', {
      model_name: 'identity',
      id: null,
      parameters: { 'test-str': 'dummy', 'test-bool': true, 'test-int': 100, 'test-float': 1.3 },
      inputs: [{ ...FP32, data: [[1, 2]], parameters: null }],
      outputs: null,
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({ outputs: [{ data: [1, 2], shape: [1, 2] }] });
  });

  describe('with binary data', () => {
    it.each([8, 32])(
      'accepts the bytes of the one input without JSON: %i floats',
      async (count) => {
        const { answer, headers } = await inferBinary('identity', floats(count), raw);
        expect(headers.get('inference-header-content-length')).toMatch(/^\d+$/);
        expect(answer.outputs[0]).toMatchObject({ shape: [1, count], datatype: 'FP32' });
        expect(new Uint8Array((answer.outputs[0]!.data as Float32Array).buffer)).toEqual(
          floats(count),
        );
      },
    );

    it('accepts one text or one photo without JSON', async () => {
      const { answer } = await inferBinary('text', Buffer.from('427'), raw);
      expect(answer.outputs[0]).toMatchObject({ shape: [1], datatype: 'BYTES' });
      expect(Buffer.from((answer.outputs[0]!.data as Uint8Array[])[0]!).toString()).toBe('427');
      const { answer: scored } = await inferBinary('sentiment', Buffer.from(texts[0]!), raw);
      expect(scored.outputs.map(({ name }) => name)).toEqual([
        'probabilities',
        'target',
        'decoded',
      ]);
    });

    it.each([
      ['texts', Buffer.from('427'), 'one element'],
      ['free', floats(4), 'more than one variable dimension'],
      ['three', floats(24), 'this model has 3'],
      ['fixed', floats(7), '28 bytes'],
      ['identity', floats(2).subarray(1), '7 bytes'],
      ['fixed', new Uint8Array(0), '0 bytes'],
    ])('refuses bytes for %s whose shape does not follow', async (model, body, fact) => {
      const { status, json } = await infer(model, body, raw);
      expect(status).toBe(400);
      expect((json as { error: string }).error).toContain(fact);
    });

    it('takes chunked bodies', async () => {
      const url = `${(await app.getUrl()).replace('[::1]', 'localhost')}/v2/models/identity/infer`;
      const bytes = floats(8);
      const body = new ReadableStream({
        start(controller) {
          for (let at = 0; at < bytes.length; at += 5) controller.enqueue(bytes.slice(at, at + 5));
          controller.close();
        },
      });
      const init = { method: 'POST', body, headers: raw, duplex: 'half' };
      const response = await fetch(url, init as RequestInit);
      expect(response.status).toBe(200);
      const header = response.headers.get('inference-header-content-length')!;
      const answer = readInferResponse(new Uint8Array(await response.arrayBuffer()), header);
      expect(new Uint8Array((answer.outputs[0]!.data as Float32Array).buffer)).toEqual(bytes);
    });

    it.each([
      ['gzip', gzipSync],
      ['deflate', deflateSync],
    ])('reads and writes bodies in %s', async (coding, compress) => {
      const inputs = [
        {
          name: 'INPUT0',
          datatype: 'FP32' as const,
          shape: [1, 8],
          data: new Float32Array(floats(8).buffer),
        },
      ];
      const { chunks, headerLength } = inferRequestBody(
        { modelName: '', modelVersion: '', inputs },
        true,
      );
      const { answer, headers } = await inferBinary('identity', compress(Buffer.concat(chunks)), {
        'content-encoding': coding,
        'accept-encoding': coding,
        'inference-header-content-length': String(headerLength),
      });
      expect(headers.get('content-encoding')).toBe(coding);
      expect(answer.outputs[0]!.data).toEqual(inputs[0]!.data);
    });

    it('refuses other codings with 415, and damaged bodies with 400', async () => {
      const body = JSON.stringify({ inputs: [FP32] });
      const compress = await infer('identity', body, { 'content-encoding': 'compress' });
      expect(compress.status).toBe(415);
      expect(compress.json).toEqual({ error: expect.stringContaining('gzip, deflate') as string });
      expect((await infer('identity', body, { 'content-encoding': 'gzip' })).status).toBe(400);
      const cut = gzipSync(body).subarray(0, 20);
      expect((await infer('identity', cut, { 'content-encoding': 'gzip' })).status).toBe(400);
    });

    it.each(['99999999999', '-1', '1e3', 'x', '0x10', '1.5', ' ', '18446744073709551616'])(
      'refuses the header length "%s"',
      async (length) => {
        const headers = { 'inference-header-content-length': length };
        const { status } = await infer('identity', { inputs: [] }, headers);
        expect(status).toBe(400);
        expect((await http.get('/v2/health/live')).status).toBe(200);
      },
    );

    it('reads and writes FP16 only as binary data', async () => {
      const json = await infer('half', { inputs: [FP32] });
      expect(json.status).toBe(400);
      const asked = { name: 'OUTPUT0', parameters: { binary_data: true } };
      const body = Buffer.from(JSON.stringify({ inputs: [FP32], outputs: [asked] }));
      const { answer } = await inferBinary('half', body, {});
      expect(answer.outputs[0]!.data).toEqual(Uint16Array.of(1, 2));
      const half = { ...FP32, datatype: 'FP16' };
      expect((await infer('identity', { inputs: [half] })).status).toBe(400);
    });

    it('sends each output in its requested form, whatever the form of the others', async () => {
      const outputs = [
        { name: 'OUTPUT0', parameters: { binary_data: true } },
        { name: 'OUTPUT2', parameters: { binary_data: false } },
      ];
      const inputs = ['INPUT0', 'INPUT1', 'INPUT2'].map((name) => ({ ...FP32, name }));
      const body = { inputs, outputs, parameters: { binary_data_output: true } };
      const { text, headers } = await infer('three', body);
      const length = Number(headers.get('inference-header-content-length'));
      expect(JSON.parse(text.slice(0, length))).toMatchObject({
        outputs: [
          { name: 'OUTPUT0', parameters: { binary_data_size: 8 } },
          { name: 'OUTPUT2', data: [1, 2] },
        ],
      });
    });
  });

  it.each([
    ['no inputs', 'identity', { inputs: [] }],
    ['inputs that are no list', 'identity', { inputs: 'invalid' }],
    ['no body', 'identity', ''],
    ['no object', 'identity', '[]'],
    ['a missing input', 'three', { inputs: [FP32] }],
    ['an unknown input', 'identity', { inputs: [{ ...FP32, name: 'OTHER' }] }],
    ['an unknown output', 'identity', { inputs: [FP32], outputs: [{ name: 'OTHER' }] }],
    [
      'an output twice',
      'identity',
      { inputs: [FP32], outputs: [{ name: 'OUTPUT0' }, { name: 'OUTPUT0' }] },
    ],
    ['an input twice', 'identity', { inputs: [FP32, FP32] }],
    ['another datatype', 'identity', { inputs: [{ ...FP32, datatype: 'INT64' }] }],
    ['no datatype', 'identity', { inputs: [{ ...FP32, datatype: 'float32' }] }],
    [
      'a deep datatype',
      'identity',
      `{"inputs":[{"name":"INPUT0","shape":[1],"data":[1],"datatype":${'['.repeat(50_000)}${']'.repeat(50_000)}}]}`,
    ],
    [
      'a deep size',
      'identity',
      `{"inputs":[{"name":"INPUT0","datatype":"FP32","data":[1],"shape":[${'['.repeat(50_000)}${']'.repeat(50_000)}]}]}`,
    ],
    ['a size with a toString', 'identity', { inputs: [{ ...FP32, shape: [{ toString: 1 }] }] }],
    [
      'an element count that overflows',
      'identity',
      { inputs: [{ ...FP32, shape: [16, 2 ** 60 + 2] }] },
    ],
    [
      'a byte size that overflows',
      'identity',
      { inputs: [{ ...FP32, shape: [4, 2 ** 51], data: [1] }] },
    ],
    ['a negative size', 'identity', { inputs: [{ ...FP32, shape: [2, -5] }] }],
    ['fewer elements than its shape', 'identity', { inputs: [{ ...FP32, shape: [1, 8] }] }],
    ['more elements than its shape', 'identity', { inputs: [{ ...FP32, shape: [1, 1] }] }],
    ['a text for a number', 'identity', { inputs: [{ ...FP32, data: [1, '2'] }] }],
    ['a number for a text', 'text', { inputs: [{ ...FP32, datatype: 'BYTES', shape: [2] }] }],
    [
      'binary data that is not there',
      'identity',
      { inputs: [{ ...FP32, data: undefined, parameters: { binary_data_size: 8 } }] },
    ],
    [
      'shared memory',
      'identity',
      {
        inputs: [
          {
            ...FP32,
            data: undefined,
            parameters: { shared_memory_region: 'r', shared_memory_byte_size: 8 },
          },
        ],
      },
    ],
    ['a parameter that is no value', 'identity', { inputs: [FP32], parameters: { a: [] } }],
    ['a timeout that is none', 'identity', { inputs: [FP32], parameters: { timeout: -1 } }],
  ])('refuses %s by 400', async (_, model, body) => {
    const { status, json, type } = await infer(model, body);
    expect([status, type]).toEqual([400, 'application/json']);
    expect(json).toEqual({ error: expect.stringMatching(/^.{10,500}$/s) as string });
    expect((await http.get('/v2/health/live')).status).toBe(200);
  });

  it('accepts data nested as deeply as Triton does, and no deeper', async () => {
    const nested = (depth: number): string => `${'['.repeat(depth)}1${']'.repeat(depth)}`;
    const body = (depth: number): string =>
      `{"inputs":[{"name":"INPUT0","datatype":"INT64","shape":[1,1],"data":${nested(depth)}}]}`;
    expect((await infer('int64', body(50))).status).toBe(200);
    expect((await infer('int64', body(120))).status).toBe(400);
  });

  it('answers 503 with Retry-After while the queue of a runner is full', async () => {
    const { status, headers, json } = await infer('full', { inputs: [FP32] });
    expect(status).toBe(503);
    expect(headers.get('retry-after')).toBe('3');
    expect(json).toEqual({ error: expect.any(String) as string });
  });

  it('does not count a request that ends before its own timeout', async () => {
    const { status } = await infer('identity', {
      inputs: [FP32],
      parameters: { timeout: 10_000_000 },
    });
    expect(status).toBe(200);
  });

  it('counts runs', async () => {
    const before = (await http.get('/v2/models/three/stats')).json as Stats;
    const inputs = ['INPUT0', 'INPUT1', 'INPUT2'].map((name) => ({ ...FP32, name }));
    await infer('three', { inputs });
    await infer('three', { inputs: [FP32] });
    const [after] = ((await http.get('/v2/models/three/versions/1/stats')).json as Stats)
      .model_stats;
    const [counted] = before.model_stats;
    expect(after!.inference_count).toBe(counted!.inference_count + 1);
    expect(after!.inference_stats['success']!.count).toBe(
      counted!.inference_stats['success']!.count + 1,
    );
    expect(after!.inference_stats['fail']!.count).toBe(counted!.inference_stats['fail']!.count + 1);
    const all = (await http.get('/v2/models/stats')).json as Stats;
    expect(all.model_stats.map(({ name }) => name)).toContain('three');
  });

  it('lists models, and neither loads nor unloads them', async () => {
    const index = await http.json('/v2/repository/index', '');
    expect(index.status).toBe(200);
    expect(index.json).toContainEqual({ name: 'added', version: 'v1', state: 'READY', reason: '' });
    const ready = await http.json('/v2/repository/index', '{"ready":true}');
    expect((ready.json as { name: string }[]).map(({ name }) => name)).not.toContain('unready');
    const deep = `{"ready":${'['.repeat(250_000)}true${']'.repeat(250_000)}}`;
    expect((await http.json('/v2/repository/index', deep)).status).toBe(400);
    for (const action of ['load', 'unload']) {
      const { status, json } = await http.json(`/v2/repository/models/added/${action}`, '{}');
      expect(status).toBe(400);
      expect(json).toEqual({ error: expect.stringContaining(action) as string });
    }
  });
});

interface Stats {
  readonly model_stats: readonly {
    readonly name: string;
    readonly inference_count: number;
    readonly inference_stats: Readonly<Record<string, { readonly count: number }>>;
  }[];
}
