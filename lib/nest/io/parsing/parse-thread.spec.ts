import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildPrograms } from '../../../../test/helpers/build-worker.js';
import { RequestScope } from '../../../serving/runtime/request-scope.js';
import { Fault, ParserOverloadedError } from '../errors.js';
import type { RequestBody } from '../request-body.js';
import { ParseThread } from './parse-thread.js';
import type { FrameRules } from '../data-frame/read-frame.js';

const LIMITS = { waitingBytes: 1e6, heapMb: 256, idleMs: 600_000, stuckMs: 600_000 };
const JSON_ROWS: FrameRules = { format: 'json', contract: {}, texts: new Set() };

let program: Awaited<ReturnType<typeof buildPrograms<'worker'>>>;
beforeAll(async () => {
  program = await buildPrograms({ worker: 'lib/nest/io/parsing/parse-worker.ts' });
});
afterAll(() => program.remove());

/** The threads that this process has started. */
let started: Worker[] = [];
const onWorker = (worker: Worker): void => void started.push(worker);
beforeEach(() => void process.on('worker', onWorker));
afterEach(async () => {
  process.off('worker', onWorker);
  await Promise.all(started.splice(0).map((worker) => worker.terminate()));
});

const threadOf = (limits: Partial<typeof LIMITS> = {}): ParseThread =>
  new ParseThread({ ...LIMITS, ...limits }, program.urls.worker);

function bodyOf(rows: number): RequestBody {
  const cells = Array.from({ length: rows }, (_, i) => ({ name: `row ${i}`, at: i }));
  const bytes = Buffer.from(JSON.stringify(cells));
  return { bytes, charset: undefined, mediaType: 'application/json' };
}

const rowsOf = async (
  thread: ParseThread,
  body: RequestBody,
  scope = new RequestScope(),
): Promise<number> => (await thread.run('frame', scope, body, JSON_ROWS)).rows;

describe('ParseThread', () => {
  it('refuses a body that would make too many bytes wait, and parses earlier ones', async () => {
    const body = bodyOf(1000);
    const thread = threadOf({ waitingBytes: 1.5 * body.bytes!.length });
    const [first, second, third] = await Promise.allSettled([
      rowsOf(thread, body),
      rowsOf(thread, body),
      rowsOf(thread, body),
    ]);
    expect([first, second]).toEqual(Array(2).fill({ status: 'fulfilled', value: 1000 }));
    expect(third).toMatchObject({ status: 'rejected', reason: expect.any(ParserOverloadedError) });
    expect(await rowsOf(thread, body)).toBe(1000);
  });

  it('lets one body wait whatever its size', async () => {
    const thread = threadOf({ waitingBytes: 1 });
    const both = [rowsOf(thread, bodyOf(1000)), rowsOf(thread, bodyOf(1001))];
    expect(await Promise.all(both)).toEqual([1000, 1001]);
  });

  it('reports a body that takes too much memory, and continues with a new thread', async () => {
    const thread = threadOf({ heapMb: 24 });
    const stop = thread.use();
    const [large, small] = await Promise.allSettled([
      rowsOf(thread, bodyOf(300_000)),
      rowsOf(thread, bodyOf(10)),
    ]);
    expect(large).toMatchObject({ status: 'rejected', reason: expect.any(Fault) });
    expect(String((large as PromiseRejectedResult).reason)).toContain('more than 24 MB of memory');
    expect(small).toEqual({ status: 'fulfilled', value: 10 });
    expect(started).toHaveLength(2);
    await stop();
  });

  it('ends a thread that is stuck in a body for which nobody waits', async () => {
    const thread = threadOf({ stuckMs: 0 });
    const stop = thread.use();
    const scope = new RequestScope();
    const left = rowsOf(thread, bodyOf(100_000), scope);
    const next = rowsOf(thread, bodyOf(10));
    const reason = new Error('The client has left.');
    // Before its thread can have begun: it is sure to be in the body for longer than it may.
    scope.end(reason);
    await expect(left).rejects.toBe(reason);
    expect(await next).toBe(10);
    expect(started).toHaveLength(2);
    await stop();
  });

  it('does not parse bodies for which nobody waits any longer', async () => {
    const thread = threadOf();
    const stop = thread.use();
    const scope = new RequestScope();
    const first = rowsOf(thread, bodyOf(1000));
    const left = rowsOf(thread, bodyOf(1001), scope);
    scope.end(new Error('Its time is over.'));
    await expect(left).rejects.toThrow('Its time is over.');
    await expect(rowsOf(thread, bodyOf(1001), scope)).rejects.toThrow('Its time is over.');
    expect(await first).toBe(1000);
    expect(await rowsOf(thread, bodyOf(1002))).toBe(1002);
    expect(started).toHaveLength(1);
    await stop();
  });

  it('ends when it has been idle, and starts again', async () => {
    const thread = threadOf({ idleMs: 0 });
    const stop = thread.use();
    expect(await rowsOf(thread, bodyOf(10))).toBe(10);
    await once(started[0]!, 'exit');
    expect(await rowsOf(thread, bodyOf(11))).toBe(11);
    expect(started).toHaveLength(2);
    await stop();
  });

  it('stays between bodies, and ends with the last application', async () => {
    const thread = threadOf();
    const [stopOne, stopOther] = [thread.use(), thread.use()];
    expect(await rowsOf(thread, bodyOf(10))).toBe(10);
    await stopOne();
    expect(await rowsOf(thread, bodyOf(11))).toBe(11);
    const [worker] = started;
    expect(started).toHaveLength(1);
    const exited = once(worker!, 'exit');
    await stopOther();
    await exited;
  });
});
