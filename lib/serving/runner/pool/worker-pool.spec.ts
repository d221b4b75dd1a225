import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Tensor } from 'onnxruntime-common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildWorker, type BuiltWorker } from '../../../../test/helpers/build-worker.js';
import { InputError } from '../../../learner/errors/index.js';
import {
  ModelLoadError,
  RunAbortedError,
  RunFailedError,
  RunnerClosedError,
  RunnerUnavailableError,
  UnclonableItemError,
  WorkerDiedError,
} from '../errors.js';
import type { Task } from './task.js';
import { WorkerPool, type WorkerPoolOptions } from './worker-pool.js';

describe('WorkerPool', () => {
  let built: BuiltWorker;
  const pools: WorkerPool[] = [];
  const warnings: string[] = [];

  beforeAll(async () => {
    built = await buildWorker('test/fixtures/runner/runnable.ts');
  });
  afterAll(() => built.remove());
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.close(1000)));
    warnings.length = 0;
  });

  function poolOf(options: Partial<WorkerPoolOptions> = {}): WorkerPool {
    const pool = new WorkerPool({
      name: 'test:1',
      workers: 1,
      script: built.script,
      runnable: built.runnable,
      init: {},
      stuckMs: 100,
      warn: (message) => warnings.push(message),
      ...options,
    });
    pools.push(pool);
    return pool;
  }

  async function opened(options: Partial<WorkerPoolOptions> = {}): Promise<WorkerPool> {
    const pool = poolOf(options);
    await pool.open();
    return pool;
  }

  const run = (pool: WorkerPool, method: string, item?: unknown): Promise<unknown> =>
    pool.run(method, item, false);

  /** A call, and its task to abandon it with. */
  function start(pool: WorkerPool, method: string, item?: unknown): [Promise<unknown>, Task] {
    let task: Task | undefined;
    const result = pool.run(method, item, false, (started) => (task = started));
    result.catch(() => undefined);
    return [result, task as Task];
  }

  const aborted = (): RunAbortedError => new RunAbortedError('test:1', 'run');

  it('begins with one worker and adds others on demand, up to the maximum', async () => {
    const asked: number[] = [];
    const growth = { wants: (workers: number) => asked.push(workers) > 1 };
    const pool = await opened({ workers: 2, grows: true, growth });
    expect(pool.stats).toMatchObject({ ready: 1, workers: 1 });
    expect(await Promise.all([1, 2, 3, 4].map((item) => run(pool, 'echo', item)))).toEqual([
      1, 2, 3, 4,
    ]);
    expect(asked).toEqual([1, 1]);
    await expect.poll(() => pool.stats).toMatchObject({ ready: 2, workers: 2 });
    expect(await Promise.all([5, 6, 7].map((item) => run(pool, 'echo', item)))).toEqual([5, 6, 7]);
    expect(asked).toHaveLength(2);
  });

  it('says that calls wait for long when each takes long', async () => {
    const asked: boolean[] = [];
    const growth = { wants: (_workers: number, late: boolean) => asked.push(late) < 0 };
    const pool = await opened({ workers: 2, grows: true, growth });
    await Promise.all([1, 2, 3].map((name) => run(pool, 'sleep', { ms: 50, name })));
    expect(asked).toEqual([true, true, true]);
  });

  it('describes the model once all workers have loaded it', async () => {
    const pool = poolOf({ workers: 2 });
    expect(pool.ready).toBe(false);
    await expect(pool.open()).resolves.toMatchObject({ kind: 'test', vocab: ['neg', 'pos'] });
    expect(pool.ready).toBe(true);
    expect(pool.stats).toMatchObject({ ready: 2, workers: 2, queued: 0, running: 0 });
  });

  it('starts calls in order', async () => {
    const pool = await opened();
    const names = Array.from({ length: 50 }, (_, index) => index);
    await Promise.all(names.map((name) => run(pool, 'sleep', { ms: 0, name })));
    expect(await run(pool, 'done')).toEqual(names);
    expect(pool.stats).toMatchObject({ completed: 51, failed: 0, queued: 0, running: 0 });
  });

  it('spreads calls over all workers', async () => {
    const pool = await opened({ workers: 2 });
    const threads = await Promise.all([run(pool, 'thread', 50), run(pool, 'thread', 50)]);
    expect(new Set(threads).size).toBe(2);
  });

  it('moves a call that waits behind a long one to a free worker', async () => {
    const pool = await opened({ workers: 2 });
    const order: string[] = [];
    const note = (name: string) => () => order.push(name);
    const all = [
      run(pool, 'sleep', { ms: 400, name: 'long' }).then(note('long')),
      run(pool, 'sleep', { ms: 20, name: 'short' }).then(note('short')),
      run(pool, 'sleep', { ms: 20, name: 'behind long' }).then(note('behind long')),
    ];
    await Promise.all(all);
    expect(order).toEqual(['short', 'behind long', 'long']);
  });

  it('carries tensors both ways, and copies those of the caller', async () => {
    const pool = await opened();
    const item = new Tensor('float32', Float32Array.of(1, 2, 3, 4), [2, 2]);
    const result = (await run(pool, 'tensor', item)) as { length: number; tensor: Tensor };
    expect(result).toMatchObject({ length: 4, dims: [2, 2], type: 'float32' });
    expect(result.tensor).toBeInstanceOf(Tensor);
    expect([...(result.tensor.data as Float32Array)]).toEqual([1, 2, 3, 4]);
    expect(item.data.length).toBe(4);
  });

  it('transfers the tensors of a caller that gives them up', async () => {
    const pool = await opened();
    const data = Float32Array.of(1, 2);
    const item = new Tensor('float32', data, [2]);
    await expect(pool.run('tensor', item, true)).resolves.toMatchObject({ length: 2 });
    expect(data.length).toBe(0);
  });

  it('rejects with the kind and message of an exception, and continues', async () => {
    const pool = await opened();
    const failure = await run(pool, 'fail').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RunFailedError);
    expect(failure).toMatchObject({ kind: 'EmptyBatchError', message: 'nothing to do' });
    const refusal = await run(pool, 'refuse').catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(InputError);
    expect(refusal).toMatchObject({ kind: 'WrongItemError' });
    await expect(run(pool, 'throwText')).rejects.toThrow('a text');
    await expect(run(pool, 'unclonable')).rejects.toThrow(RunFailedError);
    await expect(run(pool, 'echo', 'still here')).resolves.toBe('still here');
    expect(pool.stats.restarts).toBe(0);
  });

  it('refuses an item that no message can carry, and continues', async () => {
    const pool = await opened();
    await expect(run(pool, 'echo', { call: () => 1 })).rejects.toThrow(UnclonableItemError);
    await expect(run(pool, 'echo', 1)).resolves.toBe(1);
  });

  it('drops an abandoned call that has not started', async () => {
    const pool = await opened();
    const first = run(pool, 'sleep', { ms: 50, name: 'first' });
    const inMailbox = start(pool, 'sleep', { ms: 0, name: 'in the mailbox' });
    const inQueue = start(pool, 'sleep', { ms: 0, name: 'in the queue' });
    const last = run(pool, 'sleep', { ms: 0, name: 'last' });
    for (const [result, task] of [inMailbox, inQueue]) {
      pool.abandon(task, aborted());
      await expect(result).rejects.toThrow(RunAbortedError);
    }
    await Promise.all([first, last]);
    expect(await run(pool, 'done')).toEqual(['first', 'last']);
    expect(pool.stats).toMatchObject({ abandoned: 2, restarts: 0 });
  });

  it('abandons the result of a call in native code, not the worker', async () => {
    const pool = await opened({ stuckMs: 20 });
    const before = await run(pool, 'thread');
    const [result, task] = start(pool, 'native', { ms: 300, name: 'native' });
    await delay(50);
    pool.abandon(task, aborted());
    await expect(result).rejects.toThrow(RunAbortedError);
    expect(await run(pool, 'thread')).toBe(before);
    expect(await run(pool, 'done')).toEqual(['native']);
  });

  it.each(['backtrack', 'never'])(
    'replaces a worker whose abandoned call is stuck: %s',
    async (method) => {
      const pool = await opened();
      const before = await run(pool, 'thread');
      const [result, task] = start(pool, method);
      const waiting = run(pool, 'thread');
      await delay(50);
      pool.abandon(task, aborted());
      await expect(result).rejects.toThrow(RunAbortedError);
      expect(await waiting).not.toBe(before);
      expect(pool.stats.restarts).toBe(1);
      expect(warnings.join()).toContain('stuck');
    },
  );

  it.each(['exit', 'crash'])('restarts a worker that dies: %s', async (method) => {
    const pool = await opened();
    const failing = run(pool, method);
    const waiting = run(pool, 'echo', 'waited');
    await expect(failing).rejects.toThrow(WorkerDiedError);
    expect(pool.ready).toBe(false);
    await expect(waiting).resolves.toBe('waited');
    expect(pool.ready).toBe(true);
    expect(pool.stats).toMatchObject({ ready: 1, restarts: 1 });
  });

  it("fails to open with the loader's error", async () => {
    const pool = poolOf({ workers: 2, init: { fail: 'throw' } });
    const failure = await pool.open().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ModelLoadError);
    expect(failure).toMatchObject({ kind: 'EmptyBatchError', runner: 'test:1' });
    expect((failure as Error).message).toContain('there is no model');
    await expect(run(pool, 'echo')).rejects.toThrow(RunnerClosedError);
  });

  it('fails to open if the thread ends', async () => {
    await expect(poolOf({ init: { fail: 'exit' } }).open()).rejects.toThrow('ended with code 4');
  });

  it('refuses calls while no worker can load the model, and recovers', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vts-pool-'));
    const failWhile = join(folder, 'broken');
    const pool = await opened({ init: { failWhile } });
    await writeFile(failWhile, '');
    await expect(run(pool, 'exit')).rejects.toThrow(WorkerDiedError);
    await expect(run(pool, 'echo', 1)).rejects.toThrow(RunnerUnavailableError);
    await expect(run(pool, 'echo', 2)).rejects.toThrow(RunnerUnavailableError);
    await rm(folder, { recursive: true });
    await expect.poll(() => pool.ready, { timeout: 5000 }).toBe(true);
    await expect(run(pool, 'echo', 3)).resolves.toBe(3);
  });

  it('finishes the calls in progress before it closes', async () => {
    const pool = await opened({ workers: 2 });
    const calls = Array.from({ length: 8 }, (_, name) => run(pool, 'native', { ms: 20, name }));
    const closed = pool.close(10_000);
    await expect(Promise.all(calls)).resolves.toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    await closed;
    await expect(run(pool, 'echo')).rejects.toThrow(RunnerClosedError);
    expect(pool.ready).toBe(false);
  });

  it('abandons the calls in progress when the time to close is over, but waits for native code', async () => {
    const pool = await opened();
    const native = run(pool, 'native', { ms: 300, name: 'native' });
    const queued = [run(pool, 'echo', 1), run(pool, 'echo', 2), run(pool, 'echo', 3)];
    const closed = pool.close(50);
    await expect(native).rejects.toThrow(RunnerClosedError);
    for (const call of queued) await expect(call).rejects.toThrow(RunnerClosedError);
    await closed;
  });

  it('closes with a worker that is stuck', async () => {
    const pool = await opened({ stuckMs: 60_000 });
    const stuck = run(pool, 'backtrack');
    const closed = pool.close(50);
    await expect(stuck).rejects.toThrow(RunnerClosedError);
    await closed;
  });

  it('closes while it opens', async () => {
    const pool = poolOf();
    const opening = pool.open();
    const refused = expect(opening).rejects.toThrow(RunnerClosedError);
    await pool.close(1000);
    await refused;
  });
});
