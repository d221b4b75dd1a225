import { once } from 'node:events';
import { status, type ServiceError } from '@grpc/grpc-js';
import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  inferRequestBytes,
  inferResponseBytes,
  readInferResponse,
  readStreamResponse,
} from '../../../client/grpc/messages.js';
import type { InferRequest } from '../../../client/protocol/messages.js';
import { InferenceMessageError } from '../../../client/protocol/errors.js';
import type { InferenceService } from '../../../serving/open-inference/contract.js';
import { OpenInferenceService } from '../../../serving/open-inference/service.js';
import { RunnerOverloadedError, WorkerDiedError } from '../../../serving/runner/errors.js';
import { requestScope } from '../../../serving/runtime/request-scope.js';
import { serveGrpc, type ServedGrpc } from '../../../../test/helpers/grpc-service.js';
import {
  learnerRunner,
  moduleRunner,
  servedRunners,
} from '../../../../test/helpers/served-runners.js';

let inference: OpenInferenceService;
/** What the server asks: the service itself, but for what a test puts in its place. */
let service: InferenceService;
let it_: ServedGrpc;

const LIMIT = 100_000;

beforeAll(async () => {
  const sentiment = await learnerRunner('test/fixtures/learners/few_rules');
  const mlp = await moduleRunner('test/fixtures/pytorch/mlp.pt');
  inference = new OpenInferenceService(servedRunners({ sentiment, mlp }));
  service = Object.create(inference, {}) as InferenceService;
  for (const name of Object.getOwnPropertyNames(OpenInferenceService.prototype)) {
    if (name === 'constructor') continue;
    const method = (inference as unknown as Record<string, (...given: unknown[]) => unknown>)[
      name
    ]!;
    (service as unknown as Record<string, unknown>)[name] = method.bind(inference);
  }
  it_ = await serveGrpc(service, { grpc: { maxMessageBytes: LIMIT }, module: { timeoutMs: 5000 } });
});

afterAll(async () => {
  await it_.stop();
  inference.close();
});

afterEach(() => vi.restoreAllMocks());

const asking = (data: readonly string[], more: Partial<InferRequest> = {}): InferRequest => ({
  modelName: 'sentiment',
  modelVersion: '',
  inputs: [{ name: 'text', datatype: 'BYTES', shape: [data.length], data }],
  ...more,
});

const infer = async (request: InferRequest, metadata?: Record<string, string>) =>
  it_.call<Buffer>('ModelInfer', inferRequestBytes(request), metadata);

async function failureOf(call: Promise<unknown>): Promise<ServiceError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason as ServiceError,
  );
  expect(error).toBeDefined();
  return error!;
}

describe('The calls of the service', () => {
  it('describe the server', async () => {
    const answer = async (name: string, request = {}): Promise<unknown> =>
      (await it_.call(name, request)).response;
    expect(await answer('ServerLive')).toEqual({ live: true });
    expect(await answer('ServerReady')).toEqual({ ready: true });
    expect(await answer('ServerMetadata')).toEqual(inference.serverMetadata());
    expect(await answer('RepositoryIndex')).toEqual({
      models: [
        { name: 'sentiment', version: '1', state: 'READY', reason: '' },
        { name: 'mlp', version: '1', state: 'READY', reason: '' },
      ],
    });
  });

  it('tell of models', async () => {
    const of = { name: 'mlp' };
    expect((await it_.call('ModelReady', of)).response).toEqual({ ready: true });
    const nobody = { name: 'nobody', version: '' };
    expect((await it_.call('ModelReady', nobody)).response).toEqual({ ready: false });
    expect((await it_.call('ModelMetadata', of)).response).toMatchObject({
      name: 'mlp',
      versions: ['1'],
      inputs: [{ name: 'x', datatype: 'FP32', shape: ['-1', '4'] }],
    });
    expect((await it_.call('ModelConfig', of)).response).toMatchObject({
      config: { name: 'mlp', input: [{ name: 'x', data_type: 'TYPE_FP32' }] },
    });
    await infer(asking(['good']));
    const { response } = await it_.call<{ model_stats: { inference_count: string }[] }>(
      'ModelStatistics',
      { name: 'sentiment' },
    );
    expect(Number(response.model_stats[0]!.inference_count)).toBeGreaterThan(0);
  });

  it('infer the same as the service in process, bit by bit', async () => {
    const request = asking(['I liked it', 'awful'], { id: '7' });
    const { response } = await infer(request);
    expect(response).toEqual(inferResponseBytes(await inference.infer(request)));
    expect(readInferResponse(response)).toMatchObject({ id: '7', modelVersion: '1' });
  });

  it('refuse to load and unload if that is not allowed', async () => {
    const unload = {
      model_name: 'mlp',
      parameters: { unload_dependents: { bool_param: false } },
    };
    for (const [name, request] of [
      ['RepositoryModelLoad', { model_name: 'mlp' }],
      ['RepositoryModelUnload', unload],
    ] as const) {
      expect(await failureOf(it_.call(name, request))).toMatchObject({
        code: status.UNIMPLEMENTED,
      });
    }
    const config = { model_name: 'mlp', parameters: { config: { string_param: '{}' } } };
    expect(await failureOf(it_.call('RepositoryModelLoad', config))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining('"config"') as string,
    });
  });
});

describe('A call that fails', () => {
  it.each([
    ['a model that is not served', asking(['a'], { modelName: 'none' }), status.NOT_FOUND],
    ['an input of another name', { ...asking([]), inputs: [] }, status.INVALID_ARGUMENT],
    ['an unknown output', asking(['a'], { outputs: [{ name: 'x' }] }), status.INVALID_ARGUMENT],
    [
      'a time that is none',
      asking(['a'], { parameters: { timeout: 'soon' } }),
      status.INVALID_ARGUMENT,
    ],
  ])('has the status of %s', async (_, request, code) => {
    expect(await failureOf(infer(request))).toMatchObject({ code });
  });

  it('has INVALID_ARGUMENT if its bytes are not protobuf', async () => {
    const error = await failureOf(it_.call('ModelInfer', Buffer.from('no protobuf at all')));
    expect(error.code).toBe(status.INVALID_ARGUMENT);
  });

  it('has RESOURCE_EXHAUSTED if its message is over the limit, and is counted', async () => {
    const error = await failureOf(infer(asking(['a'.repeat(LIMIT)])));
    expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(await it_.registry.metrics()).toContain('status="RESOURCE_EXHAUSTED"');
  });

  it('says when to retry only if nothing was run', async () => {
    const infers = vi.spyOn(service, 'infer');
    infers.mockRejectedValueOnce(new RunnerOverloadedError('a', 'predict', '9 calls wait', 3));
    const refused = await failureOf(infer(asking(['a'])));
    expect(refused.code).toBe(status.UNAVAILABLE);
    expect(refused.metadata.get('retry-after')).toEqual(['3']);
    expect(refused.metadata.get('grpc-retry-pushback-ms')).toEqual(['3000']);
    infers.mockRejectedValueOnce(new WorkerDiedError('a', 'predict', 'a signal'));
    const died = await failureOf(infer(asking(['a'])));
    expect(died.code).toBe(status.UNAVAILABLE);
    expect(died.metadata.get('retry-after')).toEqual([]);
  });

  it('reports a fault of the service to the log, not to the client', async () => {
    const logged = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    vi.spyOn(service, 'infer').mockRejectedValueOnce(new Error('a path: /secret'));
    const error = await failureOf(infer(asking(['a']), { 'x-request-id': 'r-1' }));
    expect(error).toMatchObject({ code: status.INTERNAL, details: 'Internal server error' });
    expect(error.metadata.get('x-request-id')).toEqual(['r-1']);
    expect(logged.mock.calls[0]![0]).toBe('Error: a path: /secret (request r-1)');
  });

  it('sends any message, whatever is in it', async () => {
    vi.spyOn(service, 'infer').mockRejectedValueOnce(
      Object.assign(new Error(), { statusCode: 400, expose: true, message: '\uD800'.repeat(9e3) }),
    );
    const error = await failureOf(infer(asking(['a'])));
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(error.details).toMatch(/^�+…$/);
  });
});

describe('A call', () => {
  it('carries or gets an id, and continues a trace', async () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const { metadata } = await infer(asking(['a']), { 'x-request-id': 'mine', traceparent });
    expect(metadata.get('x-request-id')).toEqual(['mine']);
    expect(metadata.get('traceresponse')).toEqual([traceparent]);
    const other = await infer(asking(['a']));
    expect(other.metadata.get('x-request-id')[0]).toMatch(/^[\da-f-]{36}$/);
  });

  it.each([
    ['the deadline of its client', {}, { deadline: Date.now() + 300 }],
    ['the parameter timeout', { timeout: 20_000 }, {}],
  ])('ends by %s, and its work is abandoned', async (_, parameters, options) => {
    if ('deadline' in options) options.deadline = Date.now() + 100;
    let scope: unknown;
    const abandoned = new Promise((resolve) => {
      vi.spyOn(service, 'infer').mockImplementationOnce(() => {
        scope = requestScope.getStore();
        requestScope.getStore()!.onEnd(resolve);
        return new Promise(() => undefined);
      });
    });
    const bytes = inferRequestBytes(asking(['a'], { parameters }));
    const error = await failureOf(it_.call('ModelInfer', bytes, {}, options));
    expect(error.code).toBe(status.DEADLINE_EXCEEDED);
    expect(await abandoned).toMatchObject({ name: 'RequestTimeoutError' });
    expect((scope as { deadlineAt: number }).deadlineAt).toBeGreaterThan(0);
  });

  it('is abandoned when its client cancels it', async () => {
    const begun = new Promise<Promise<unknown>>((resolve) => {
      vi.spyOn(service, 'infer').mockImplementationOnce(() => {
        const scope = requestScope.getStore()!;
        resolve(new Promise((end) => scope.onEnd(end)).then((reason) => reason));
        return new Promise(() => undefined);
      });
    });
    const bytes = inferRequestBytes(asking(['a']));
    const call = it_.client.makeUnaryRequest(
      '/inference.GRPCInferenceService/ModelInfer',
      (given: Buffer) => given,
      (given: Buffer) => given,
      bytes,
      () => undefined,
    );
    const ended = begun.then((end) => end);
    // The promise of a promise is the inner one: what matters is that the call has begun.
    await Promise.race([ended, vi.waitFor(() => expect(service.infer).toHaveBeenCalled())]);
    call.cancel();
    expect(await ended).toMatchObject({ name: 'RunAbortedError' });
    await vi.waitFor(async () => {
      expect(await it_.registry.metrics()).toMatch(/grpc_requests_total.*status="CANCELLED"/);
    });
  });

  it('is counted', async () => {
    const counted =
      /grpc_requests_total\{method="inference.GRPCInferenceService\/ModelInfer",status="OK"\} (\d+)/;
    await infer(asking(['a']));
    const before = Number(counted.exec(await it_.registry.metrics())![1]);
    await infer(asking(['a']));
    await vi.waitFor(async () => {
      expect(Number(counted.exec(await it_.registry.metrics())![1])).toBe(before + 1);
    });
  });
});

describe('A stream of requests', () => {
  async function answersTo(
    messages: readonly Buffer[],
    metadata?: Record<string, string>,
  ): Promise<ReturnType<typeof readStreamResponse>[]> {
    const stream = it_.stream(metadata);
    const answers: ReturnType<typeof readStreamResponse>[] = [];
    stream.on('data', (bytes: Buffer) => answers.push(readStreamResponse(bytes)));
    for (const message of messages) stream.write(message);
    stream.end();
    await once(stream, 'end');
    return answers;
  }

  it('is answered in order, whatever each request takes', async () => {
    const waits = [60, 0, 30, 0];
    vi.spyOn(service, 'infer').mockImplementation(async (request) => {
      await new Promise((resolve) => setTimeout(resolve, waits[Number(request.id)]));
      return inference.infer(request);
    });
    const requests = waits.map((_, at) => asking([`text ${at}`], { id: String(at) }));
    const answers = await answersTo(requests.map(inferRequestBytes));
    expect(answers.map((answer) => 'response' in answer && answer.response.id)).toEqual([
      '0',
      '1',
      '2',
      '3',
    ]);
    expect(answers[0]).toMatchObject({
      response: { parameters: { triton_final_response: true }, modelVersion: '1' },
    });
  });

  it('continues after a failed request', async () => {
    const wrong = asking(['a'], { modelName: 'none', id: 'wrong' });
    const messages = [wrong, asking(['a'], { id: 'right' })].map(inferRequestBytes);
    const [first, second, third] = await answersTo([...messages, Buffer.from('no protobuf')]);
    expect(first).toMatchObject({ error: expect.stringContaining('"none"') as string });
    expect(second).toMatchObject({ response: { id: 'right' } });
    expect(third).toMatchObject({ error: expect.any(String) as string });
  });

  it('ends with the status of a failure if its client wants that', async () => {
    const wrong = inferRequestBytes(asking(['a'], { modelName: 'none' }));
    const stream = it_.stream({ triton_grpc_error: 'true' });
    stream.write(wrong);
    stream.on('data', () => undefined);
    const [error] = (await once(stream, 'error')) as [ServiceError];
    expect(error.code).toBe(status.NOT_FOUND);
  });

  it('limits the requests in progress', async () => {
    let running = 0;
    let most = 0;
    vi.spyOn(service, 'infer').mockImplementation(async (request) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running--;
      return { modelName: request.modelName, modelVersion: '1', outputs: [] };
    });
    const message = inferRequestBytes(asking(['a']));
    const answers = await answersTo(Array.from({ length: 200 }, () => message));
    expect(answers).toHaveLength(200);
    expect(most).toBeLessThanOrEqual(16);
    expect(most).toBeGreaterThan(1);
  });

  it('answers a request several times if the model does', async () => {
    vi.spyOn(service, 'inferStream').mockImplementation(({ id }) =>
      id === 'many'
        ? (async function* () {
            for (const text of ['0', '1']) {
              const output = { name: 'output', datatype: 'BYTES', shape: [1], data: [text] };
              yield { modelName: 'm', modelVersion: '7', outputs: [output as never] };
            }
            throw new InferenceMessageError('no more of it', 'ask for less');
          })()
        : undefined,
    );
    const requests = [asking(['a'], { id: 'many' }), asking(['b'], { id: 'one' })];
    const answers = await answersTo(requests.map(inferRequestBytes));
    const many = answers.filter((answer) => 'response' in answer && answer.response?.id === 'many');
    expect(many).toMatchObject([
      { response: { modelVersion: '7', parameters: { triton_final_response: false } } },
      { response: { modelVersion: '7', parameters: { triton_final_response: false } } },
    ]);
    expect(answers).toContainEqual(
      expect.objectContaining({ error: 'no more of it; ask for less.' }),
    );
    expect(answers).toHaveLength(4);
  });

  it('answers a language model piece by piece', async () => {
    vi.spyOn(service, 'modelMetadata').mockReturnValue({
      ...inference.modelMetadata('mlp', ''),
      outputs: [{ name: 'text_output', datatype: 'BYTES', shape: [-1] }],
    });
    vi.spyOn(service, 'generateStream').mockImplementation(async function* ({ text }) {
      for (const word of [`${text} and`, ' so', ' on']) {
        yield { modelName: 'lm', modelVersion: '3', text: word };
      }
    });
    const request: InferRequest = {
      modelName: 'lm',
      modelVersion: '',
      parameters: { triton_enable_empty_final_response: true, n_words: 3 },
      inputs: [{ name: 'text_input', datatype: 'BYTES', shape: [1], data: ['this'] }],
    };
    const answers = await answersTo([inferRequestBytes(request)]);
    const pieces = answers.map((answer) => {
      const { outputs = [], parameters } = 'response' in answer ? answer.response! : {};
      const data = outputs[0]?.data as Uint8Array[] | undefined;
      return [data && Buffer.from(data[0]!).toString(), parameters];
    });
    expect(pieces).toEqual([
      ['this and', { triton_final_response: false }],
      [' so', { triton_final_response: false }],
      [' on', { triton_final_response: false }],
      [undefined, { triton_final_response: true }],
    ]);
    expect(vi.mocked(service.generateStream).mock.calls[0]![0]).toEqual({
      modelName: 'lm',
      modelVersion: '',
      text: 'this',
      parameters: { n_words: 3 },
    });
  });
});
