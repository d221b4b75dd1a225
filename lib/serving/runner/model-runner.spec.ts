import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildWorker, type BuiltWorker } from '../../../test/helpers/build-worker.js';
import { RequestScope, requestScope } from '../runtime/request-scope.js';
import { observeRunners, type CallEvent } from '../runtime/runner-observer.js';
import {
  RunAbortedError,
  RunnerClosedError,
  RunnerOverloadedError,
  RunTimeoutError,
  TooManyCallsError,
  UnknownRunnerMethodError,
} from './errors.js';
import { ModelRunner, type RunnerLimits } from './model-runner.js';
import { WorkerPool } from './pool/worker-pool.js';

describe('ModelRunner', () => {
  let built: BuiltWorker;
  let runner: ModelRunner;

  beforeAll(async () => {
    built = await buildWorker('test/fixtures/runner/runnable.ts');
  });
  afterAll(() => built.remove());
  afterEach(() => runner.close(1000));

  function runnerWith(timeoutMs: number, limits: RunnerLimits = {}): ModelRunner {
    const { script, runnable } = built;
    const options = { name: 'test:1', workers: 1, init: {}, stuckMs: 10_000 };
    const pool = new WorkerPool({ ...options, script, runnable });
    const methods = ['echo', 'sleep', 'done', 'refuse', 'fail'];
    runner = new ModelRunner('test:1', methods, pool, timeoutMs, limits);
    return runner;
  }

  it('opens itself at the first call', async () => {
    const { run, asyncRun } = runnerWith(10_000).method('echo');
    expect(runner.ready).toBe(false);
    expect(await Promise.all([run(1), asyncRun(2)])).toEqual([1, 2]);
    expect(runner.ready).toBe(true);
    expect(run).toBe(asyncRun);
  });

  it('knows its methods', () => {
    expect(() => runnerWith(0).method('toString')).toThrow(UnknownRunnerMethodError);
    expect(() => runner.method('fit')).toThrow(
      'use one of echo(), sleep(), done(), refuse(), fail()',
    );
  });

  it('gives a call up when its deadline has passed', async () => {
    await runnerWith(300).open();
    const late = runner.method('sleep').run({ ms: 600, name: 'late' });
    await expect(late).rejects.toThrow(RunTimeoutError);
    await expect(late).rejects.toThrow('within 300 ms');
    const patient = { timeoutMs: 0 };
    expect(await runner.method('sleep').run({ ms: 100, name: 'slow' }, patient)).toBe('slow');
    expect(await runner.method('done').run(undefined)).toEqual(['late', 'slow']);
    expect(runner.stats).toMatchObject({ abandoned: 1, restarts: 0 });
  });

  it('counts waiting as time of a call, and never starts a call that is over', async () => {
    await runnerWith(10_000).open();
    const { run } = runner.method('sleep');
    const first = run({ ms: 200, name: 'first' });
    const second = run({ ms: 0, name: 'second' }, { timeoutMs: 50 });
    await expect(second).rejects.toThrow(RunTimeoutError);
    await first;
    expect(await runner.method('done').run(undefined)).toEqual(['first']);
  });

  it('gives a call up when its signal is aborted', async () => {
    await runnerWith(10_000).open();
    const { run } = runner.method('sleep');
    const controller = new AbortController();
    const { signal } = controller;
    const first = run({ ms: 100, name: 'first' });
    const second = run({ ms: 0, name: 'second' }, { signal });
    controller.abort(new Error('enough'));
    await expect(second).rejects.toThrow(RunAbortedError);
    await expect(second).rejects.toMatchObject({ cause: new Error('enough') });
    await expect(run(1, { signal })).rejects.toThrow(RunAbortedError);
    await first;
    expect(await runner.method('done').run(undefined)).toEqual(['first']);
  });

  it('gives a call up when its request ends', async () => {
    await runnerWith(10_000).open();
    const { run } = runner.method('sleep');
    const scope = new RequestScope();
    const call = requestScope.run(scope, async () => {
      await Promise.resolve();
      return run({ ms: 1000, name: 'call' });
    });
    const reason = new Error('the client disconnected');
    setTimeout(() => scope.end(reason), 20);
    await expect(call).rejects.toBe(reason);
    await expect(requestScope.run(scope, () => run(1))).rejects.toBe(reason);
  });

  it('refuses calls beyond its limits, and says when to retry', async () => {
    await runnerWith(10_000, { maxQueueSize: 2, maxConcurrency: 4 }).open();
    const { run } = runner.method('sleep');
    await run({ ms: 400, name: 'measured' });
    const calls = [1, 2, 3].map((name) => run({ ms: 100, name }));
    await Promise.resolve();
    expect(runner.stats).toMatchObject({ running: 1, queued: 2, full: true });
    const refused = await run({ ms: 0, name: 4 }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RunnerOverloadedError);
    // Three runs of 400 ms.
    expect(refused).toMatchObject({ retryAfterSeconds: 2 });
    await Promise.all(calls);
    expect(runner.stats).toMatchObject({ queued: 0, full: false, shed: 1, completed: 4 });
    const one = runnerWith(10_000, { maxConcurrency: 1 });
    await one.open();
    const first = one.method('sleep').run({ ms: 50, name: 'first' });
    await expect(one.method('echo').run(1)).rejects.toThrow(TooManyCallsError);
    await first;
    expect(await one.method('echo').run(2)).toBe(2);
    expect(one.stats).toMatchObject({ shed: 1, completed: 2 });
  });

  it('reports the outcome of calls to observers', async () => {
    const events: CallEvent[] = [];
    const stop = observeRunners({ called: (event) => void events.push(event) });
    await runnerWith(10_000).open();
    const first = runner.method('sleep').run({ ms: 50, name: 'first' });
    const others = [
      runner.method('refuse').run(1),
      runner.method('fail').run(1),
      runner.method('echo').run(1, { timeoutMs: 10 }),
    ];
    await Promise.allSettled([first, ...others]);
    stop();
    const outcomes = events.map(({ method, outcome }) => `${method} ${outcome}`);
    expect(outcomes.sort()).toEqual(['echo abandoned', 'fail failed', 'refuse input', 'sleep ok']);
    const [{ runMs, waitMs }] = events.filter(({ method }) => method === 'sleep') as [CallEvent];
    expect(runMs).toBeGreaterThan(45);
    expect(waitMs).toBeGreaterThanOrEqual(0);
    const [fail] = events.filter(({ method }) => method === 'fail') as [CallEvent];
    expect(fail.waitMs).toBeGreaterThan(30);
    expect(runner.stats).toMatchObject({ completed: 1, failed: 1, rejected: 1, abandoned: 1 });
  });

  it('refuses calls when it is closed', async () => {
    await runnerWith(10_000).open();
    await runner.close();
    await expect(runner.method('echo').run(1)).rejects.toThrow(RunnerClosedError);
  });
});
