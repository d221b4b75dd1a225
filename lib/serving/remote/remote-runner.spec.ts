import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../learner/errors/index.js';
import {
  RunAbortedError,
  RunnerClosedError,
  RunnerOverloadedError,
  RunTimeoutError,
  TooManyCallsError,
} from '../runner/errors.js';
import type { RemoteOptions } from '../runner/remote-options.js';
import { traceSentWith } from '../runtime/call-trace.js';
import { RequestScope, requestScope } from '../runtime/request-scope.js';
import { observeRunners, type SentEvent } from '../runtime/runner-observer.js';
import {
  RemoteFailedError,
  RemoteInputError,
  RemoteMethodError,
  RemoteUnavailableError,
} from './errors.js';
import { RemoteRunner } from './remote-runner.js';
import { HandClock, settle } from '../../../test/helpers/hand-clock.js';
import { fakeNetwork, FakeServer, inferenceError } from '../../../test/helpers/fake-server.js';

const A = 'grpc://a:1';
const B = 'grpc://b:1';
const C = 'grpc://c:1';

interface Setup {
  readonly servers?: Readonly<Record<string, FakeServer>>;
  readonly remote?: Partial<RemoteOptions>;
  readonly hosts?: () => readonly string[];
  readonly tag?: string;
}

async function opened({ servers = { [A]: new FakeServer() }, remote, hosts, tag }: Setup = {}) {
  const clock = new HandClock();
  const warnings: string[] = [];
  const runner = new RemoteRunner(tag ?? 'm:latest', {
    options: { remote: { url: Object.keys(servers), ...remote } },
    network: fakeNetwork(new Map(Object.entries(servers)), hosts),
    clock,
    warn: (message) => warnings.push(message),
  });
  await runner.open();
  return { runner, clock, warnings };
}

const x = new Tensor('float32', [1, 2], [1, 2]);

function call(runner: RemoteRunner, options?: object): Promise<Tensor> {
  return runner.method('__call__').run(x, options as object) as Promise<Tensor>;
}

const failed = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => new Error('it did not fail'),
    (error: unknown) => error as Error,
  );

describe('RemoteRunner', () => {
  it("returns the server's tensor, for the version of its tag", async () => {
    const server = new FakeServer();
    const { runner } = await opened({ servers: { [A]: server }, tag: 'my_model:7' });
    const y = await call(runner);
    expect(y).toMatchObject({ type: 'float32', dims: [1, 2] });
    expect([...(y.data as Float32Array)]).toEqual([1, 2]);
    expect(server.requests[0]).toMatchObject({ modelName: 'my_model', modelVersion: '7' });
    expect(runner).toMatchObject({ kind: 'tensors', ready: true, remote: [A] });
    expect(runner.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: [null, 2] }]);
    await runner.close();
    expect(server.closed).toBe(true);
    expect(await failed(call(runner))).toBeInstanceOf(RunnerClosedError);
  });

  it('uses the addresses in turn', async () => {
    const servers = { [A]: new FakeServer(), [B]: new FakeServer(), [C]: new FakeServer() };
    const { runner } = await opened({ servers });
    await settle();
    for (let at = 0; at < 9; at++) await call(runner);
    expect(Object.values(servers).map(({ requests }) => requests.length)).toEqual([3, 3, 3]);
    expect(runner.stats).toMatchObject({ ready: 3, workers: 3, completed: 9, running: 0 });
  });

  it('sends a call to another address if nothing was run', async () => {
    const [first, second] = [new FakeServer(), new FakeServer()];
    const { runner, warnings } = await opened({ servers: { [A]: first, [B]: second } });
    await settle();
    first.up = false;
    for (let at = 0; at < 4; at++) await call(runner);
    expect(second.requests).toHaveLength(4);
    expect(runner.stats).toMatchObject({ ready: 1, workers: 2, restarts: 1, completed: 4 });
    expect(warnings).toEqual([]);
  });

  it('never sends a call again that may have run', async () => {
    const [first, second] = [new FakeServer(), new FakeServer()];
    const { runner } = await opened({ servers: { [A]: first, [B]: second } });
    await settle();
    first.answers.push(inferenceError('UNAVAILABLE', { mayHaveRun: true }));
    second.answers.push(inferenceError('UNAVAILABLE', { mayHaveRun: true }));
    const error = await failed(call(runner));
    expect(error).toBeInstanceOf(RemoteUnavailableError);
    expect(error).toMatchObject({ mayHaveRun: true });
    expect(first.requests.length + second.requests.length).toBe(1);
  });

  it('gives up after the allowed number of retries', async () => {
    const server = new FakeServer();
    const { runner, clock } = await opened({ servers: { [A]: server }, remote: { retries: 1 } });
    server.answers.push(inferenceError('UNAVAILABLE'), inferenceError('UNAVAILABLE'));
    const error = failed(call(runner));
    // It is ready again as soon as it is asked.
    await clock.advance(10);
    expect(await error).toBeInstanceOf(RemoteUnavailableError);
    expect(server.requests).toHaveLength(2);
  });

  it('checks an address that is not ready with growing delays, and often while a call waits', async () => {
    const server = new FakeServer();
    const { runner, clock, warnings } = await opened({ servers: { [A]: server } });
    server.up = false;
    const late = failed(call(runner));
    await clock.advance(999);
    // At once, and every 100 ms.
    expect(server.probes).toBe(1 + 10);
    expect(runner.stats).toMatchObject({ queued: 1, running: 0, ready: 0 });
    expect(runner.ready).toBe(false);
    await clock.advance(1);
    expect(await late).toBeInstanceOf(RemoteUnavailableError);
    expect(warnings.at(-1)).toMatch('no server is ready');
    await clock.advance(60_000);
    const before = server.probes;
    await clock.advance(50_000);
    expect(server.probes - before).toBe(25);
    const waiting = failed(call(runner));
    await clock.advance(990);
    expect(server.probes - before).toBe(25 + 9);
    await clock.advance(10);
    expect(await waiting).toBeInstanceOf(RemoteUnavailableError);
    server.up = true;
    await clock.advance(5000);
    expect(warnings.at(-1)).toMatch('a server is ready again');
    expect(await call(runner)).toBeInstanceOf(Tensor);
  });

  it('starts without a server, and describes the model once it has one', async () => {
    const server = new FakeServer();
    server.up = false;
    const { runner, clock, warnings } = await opened({ servers: { [A]: server } });
    expect(runner.ready).toBe(false);
    expect(warnings).toEqual([
      expect.stringMatching(/no server is ready \(grpc:\/\/a:1: it is UNAVAILABLE\)/),
    ]);
    expect(() => runner.kind).toThrow('is known only after its model is loaded');
    const waiting = call(runner);
    await clock.advance(150);
    server.up = true;
    await clock.advance(300);
    expect(await waiting).toBeInstanceOf(Tensor);
    expect(runner.kind).toBe('tensors');
  });

  it('skips addresses that are not ready', async () => {
    const [first, second] = [new FakeServer(), new FakeServer()];
    first.ready = false;
    const { runner, clock } = await opened({ servers: { [A]: first, [B]: second } });
    await settle();
    await call(runner);
    await call(runner);
    expect([first.requests.length, second.requests.length]).toEqual([0, 2]);
    first.ready = true;
    await clock.advance(200);
    await call(runner);
    await call(runner);
    expect([first.requests.length, second.requests.length]).toEqual([1, 3]);
    second.ready = false;
    await clock.advance(3000);
    await call(runner);
    expect(first.requests).toHaveLength(2);
  });

  it.each([
    [inferenceError('INVALID_ARGUMENT'), RemoteInputError, 1],
    [inferenceError('NOT_FOUND'), RemoteFailedError, 1],
    [inferenceError('PERMISSION_DENIED'), RemoteFailedError, 1],
    [inferenceError('UNAUTHENTICATED'), RemoteFailedError, 1],
    [inferenceError('UNIMPLEMENTED'), RemoteFailedError, 1],
    [inferenceError('INTERNAL', { mayHaveRun: true }), RemoteFailedError, 1],
    [inferenceError('CANCELLED', { mayHaveRun: true }), RunAbortedError, 1],
    [inferenceError('DEADLINE_EXCEEDED', { mayHaveRun: true }), RunTimeoutError, 1],
    [inferenceError('RESOURCE_EXHAUSTED'), RunnerOverloadedError, 1],
    [inferenceError('UNAVAILABLE', { retryAfterMs: 2500 }), RunnerOverloadedError, 1],
  ])('of one server: %s', async (error, type, times) => {
    const server = new FakeServer();
    const { runner } = await opened({ servers: { [A]: server } });
    server.answers.push(error);
    const failure = await failed(call(runner));
    expect(failure).toBeInstanceOf(type);
    if (type !== RunAbortedError && type !== RunTimeoutError) {
      expect(failure.message).toContain(error.message);
    }
    expect(server.requests).toHaveLength(times);
  });

  it('passes on the refusal of an overloaded server once another has refused too', async () => {
    const servers = [new FakeServer(), new FakeServer(), new FakeServer()] as const;
    const { runner } = await opened({
      servers: { [A]: servers[0], [B]: servers[1], [C]: servers[2] },
    });
    await settle();
    servers[0].answers.push(inferenceError('UNAVAILABLE', { retryAfterMs: 2500 }));
    expect(await call(runner)).toBeInstanceOf(Tensor);
    for (const server of servers) {
      server.answers.push(inferenceError('UNAVAILABLE', { retryAfterMs: 2500 }));
    }
    expect(await failed(call(runner))).toMatchObject({
      name: 'RunnerOverloadedError',
      retryAfterSeconds: 3,
    });
    // They are ready all the same.
    expect(runner.stats.ready).toBe(3);
  });

  it('sends the remaining time of the call or the request to the server', async () => {
    const server = new FakeServer();
    const { runner, clock } = await opened({
      servers: { [A]: server },
      remote: { deadlineMs: 3000 },
    });
    await call(runner);
    await call(runner, { timeoutMs: 500 });
    const scope = new RequestScope();
    scope.deadlineAt = clock.now() + 200;
    await requestScope.run(scope, () => call(runner));
    expect(server.options.map(({ timeoutMs }) => timeoutMs)).toEqual([3000, 500, 200]);
    scope.deadlineAt = clock.now();
    expect(await failed(requestScope.run(scope, () => call(runner)))).toBeInstanceOf(
      RunTimeoutError,
    );
    const rest = new FakeServer();
    const other = await opened({ servers: { 'http://a': rest } });
    await call(other.runner, { timeoutMs: 500 });
    expect(rest.requests[0]?.parameters).toEqual({ timeout: 500_000 });
  });

  it('ends a call on the server when its caller leaves, its deadline passes, or the runner closes', async () => {
    const server = new FakeServer();
    const { runner } = await opened({ servers: { [A]: server } });
    server.answers.push('never', 'never', 'never');
    const caller = new AbortController();
    const left = failed(call(runner, { signal: caller.signal }));
    await settle();
    caller.abort();
    expect(await left).toBeInstanceOf(RunAbortedError);
    expect(await failed(call(runner, { timeoutMs: 20 }))).toBeInstanceOf(RunTimeoutError);
    const last = failed(call(runner));
    await settle();
    await runner.close(10);
    expect(await last).toBeInstanceOf(RunnerClosedError);
    expect(server.options.map(({ signal }) => signal?.aborted)).toEqual([true, true, true]);
    expect(runner.stats).toMatchObject({ abandoned: 2, failed: 1, running: 0 });
  });

  it('refuses what exceeds its limits', async () => {
    const server = new FakeServer();
    const { runner } = await opened({ servers: { [A]: server }, remote: { maxConcurrency: 1 } });
    server.answers.push('never');
    const first = failed(call(runner, { timeoutMs: 50 }));
    expect(await failed(call(runner))).toBeInstanceOf(TooManyCallsError);
    await first;
    expect(await call(runner)).toBeInstanceOf(Tensor);
  });

  it('does not count errors of the item as its own', async () => {
    const { runner } = await opened();
    const error = await failed(runner.method('__call__').run('text'));
    expect(error).toBeInstanceOf(InputError);
    expect(runner.stats).toMatchObject({ rejected: 1, failed: 0 });
    for (const method of ['predict', 'show', 'explain', 'tta', 'encode', 'decodeRow']) {
      const refused = await failed(runner.method(method).run('text'));
      expect(refused).toBeInstanceOf(RemoteMethodError);
      expect(refused.message).toContain(`${method}()`);
    }
  });

  it('adds and removes the addresses of a name', async () => {
    const servers = { '10.0.0.1': new FakeServer(), '10.0.0.2': new FakeServer() };
    let hosts: readonly string[] = ['10.0.0.1'];
    const { runner, clock } = await opened({
      servers,
      remote: { url: 'dns:///models:8081' },
      hosts: () => hosts,
    });
    await call(runner);
    hosts = ['10.0.0.2'];
    await clock.advance(30_001);
    await call(runner);
    expect(Object.values(servers).map(({ requests }) => requests.length)).toEqual([1, 1]);
    expect(servers['10.0.0.1'].closed).toBe(true);
    expect(runner.stats).toMatchObject({ workers: 1, ready: 1 });
    // A failure is a reason to look again at once.
    await clock.advance(500);
    servers['10.0.0.2'].up = false;
    hosts = ['10.0.0.1'];
    const waiting = call(runner);
    await clock.advance(100);
    expect(await waiting).toBeInstanceOf(Tensor);
    expect(servers['10.0.0.1'].requests).toHaveLength(2);
  });

  it('reads the description again when another version answers', async () => {
    const server = new FakeServer();
    const { runner, clock } = await opened({ servers: { [A]: server } });
    await call(runner);
    expect(server.described).toBe(1);
    server.version = '2';
    const [input] = server.metadata.inputs;
    server.metadata = { ...server.metadata, inputs: [{ ...input!, datatype: 'FP64' }] };
    await call(runner);
    await clock.advance(0);
    expect(server.described).toBe(2);
    expect(runner.inputs?.[0]?.dtype).toBe('float64');
  });

  it('reports each attempt to observers and traces', async () => {
    const [first, second] = [new FakeServer(), new FakeServer()];
    const { runner } = await opened({
      servers: { [A]: first, [B]: second },
      remote: { headers: { authorization: 'Bearer t' } },
    });
    await settle();
    const seen: string[] = [];
    const ended: unknown[] = [];
    const leave = observeRunners({
      sent: ({ remote, status }: SentEvent) => void seen.push(`${remote} ${status}`),
    });
    traceSentWith(({ url }) => ({
      headers: { traceparent: `of ${url}` },
      end: (error) => ended.push(error),
    }));
    first.answers.push(inferenceError('UNAVAILABLE'));
    await call(runner);
    traceSentWith(undefined);
    leave();
    expect(seen).toEqual([`${A} UNAVAILABLE`, `${B} OK`]);
    expect(ended).toEqual([expect.objectContaining({ status: 'UNAVAILABLE' }), undefined]);
    expect(second.options[0]?.headers).toEqual({
      authorization: 'Bearer t',
      traceparent: `of ${B}`,
    });
  });
});
