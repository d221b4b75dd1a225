import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildWorker, type BuiltWorker } from '../../test/helpers/build-worker.js';
import { RequestScope, requestScope } from '../runtime/request-scope.js';
import {
  RunAbortedError,
  RunnerClosedError,
  RunTimeoutError,
  UnknownRunnerMethodError,
} from './errors/index.js';
import { ModelRunner } from './model-runner.js';
import { WorkerPool } from './worker-pool.js';

describe('ModelRunner', () => {
  let built: BuiltWorker;
  let runner: ModelRunner;

  beforeAll(async () => {
    built = await buildWorker('test/fixtures/runner/runnable.ts');
  });
  afterAll(() => built.remove());
  afterEach(() => runner.close(1000));

  function runnerWith(timeoutMs: number): ModelRunner {
    const { script, runnable } = built;
    const options = { name: 'test:1', workers: 1, init: {}, stuckMs: 10_000 };
    const pool = new WorkerPool({ ...options, script, runnable });
    runner = new ModelRunner('test:1', ['echo', 'sleep', 'done'], pool, timeoutMs);
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
    expect(() => runner.method('fit')).toThrow('use one of echo(), sleep(), done()');
  });

  it('gives a call up when its time is over', async () => {
    await runnerWith(300).open();
    const late = runner.method('sleep').run({ ms: 600, name: 'late' });
    await expect(late).rejects.toThrow(RunTimeoutError);
    await expect(late).rejects.toThrow('within 300 ms');
    const patient = { timeoutMs: 0 };
    expect(await runner.method('sleep').run({ ms: 100, name: 'slow' }, patient)).toBe('slow');
    expect(await runner.method('done').run(undefined)).toEqual(['late', 'slow']);
    expect(runner.stats).toMatchObject({ abandoned: 1, restarts: 0 });
  });

  it('counts waiting into the time of a call, and never starts what is over', async () => {
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

  it('gives a call up when the request ends for which it runs', async () => {
    await runnerWith(10_000).open();
    const { run } = runner.method('sleep');
    const scope = new RequestScope();
    const call = requestScope.run(scope, async () => {
      await Promise.resolve();
      return run({ ms: 1000, name: 'call' });
    });
    const reason = new Error('the client left');
    setTimeout(() => scope.end(reason), 20);
    await expect(call).rejects.toBe(reason);
    await expect(requestScope.run(scope, () => run(1))).rejects.toBe(reason);
  });

  it('refuses calls when it is closed', async () => {
    await runnerWith(10_000).open();
    await runner.close();
    await expect(runner.method('echo').run(1)).rejects.toThrow(RunnerClosedError);
  });
});
