import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { JobStreams, type JobStreamLimits, type ShownJob } from './job-streams.js';

interface Job extends ShownJob {
  progress: number;
}

const idOf = (job: Job): string =>
  createHash('sha256').update(JSON.stringify(job)).digest('base64url').slice(0, 16);
const eventOf = (job: Job): string => `id: ${idOf(job)}\ndata: ${JSON.stringify(job)}\n\n`;
const END = 'event: end\ndata: \n\n';

describe('Streams that follow jobs', () => {
  const jobs = new Map<string, Job>();
  const read = vi.fn(async (id: string) => jobs.get(id));
  const listeners = new Map<string, (ended?: boolean) => void>();
  const changed = (id: string): void => listeners.get(id)?.();
  const open: JobStreams[] = [];
  afterEach(() => {
    for (const streams of open.splice(0)) streams.close();
    jobs.clear();
    read.mockClear();
  });

  function make(limits: Partial<JobStreamLimits> = {}): JobStreams {
    const reader = {
      read,
      hasEnded: ({ state }: ShownJob) => state === 'succeeded',
      watch: (id: string, listener: (ended?: boolean) => void) => {
        listeners.set(id, listener);
        return () => void listeners.delete(id);
      },
    };
    const streams = new JobStreams(reader, { pauseMs: 0, ...limits });
    open.push(streams);
    return streams;
  }

  function job(id: string, state = 'running', progress = 0): Job {
    const made = { id, state, progress };
    jobs.set(id, made);
    return made;
  }

  it('sends each state once, and the end', async () => {
    const streams = make();
    const [first, last] = [job('a'), { id: 'a', state: 'succeeded', progress: 1 }];
    const stream = streams.open(first);
    const seen: string[] = [];
    for await (const chunk of stream!) {
      seen.push(String(chunk));
      if (seen.length !== 2) continue;
      changed('a');
      await vi.waitFor(() => expect(read).toHaveBeenCalledTimes(1));
      jobs.set('a', last);
      changed('a');
      changed('another');
    }
    expect(seen).toEqual([':\n\n', eventOf(first), eventOf(last), END]);
    expect(streams.size).toBe(0);
  });

  it('sends the end without a pause', async () => {
    const streams = make({ pauseMs: 3_600_000 });
    const [first, last] = [job('a'), { id: 'a', state: 'succeeded', progress: 1 }];
    const seen: string[] = [];
    for await (const chunk of streams.open(first)!) {
      seen.push(String(chunk));
      if (seen.length !== 2) continue;
      await vi.waitFor(() => expect(read).toHaveBeenCalledTimes(1));
      await new Promise(setImmediate);
      jobs.set('a', last);
      listeners.get('a')?.(true);
    }
    expect(seen).toEqual([':\n\n', eventOf(first), eventOf(last), END]);
  });

  it('continues after the last state that a client knows, and ends if it knows the final one', async () => {
    const streams = make();
    const ended = job('a', 'succeeded', 1);
    const again: string[] = [];
    for await (const chunk of streams.open(ended, 'something else')!) again.push(String(chunk));
    expect(again).toEqual([':\n\n', eventOf(ended), END]);
    expect(streams.open(ended, idOf(ended))).toBeUndefined();
    const running = job('b');
    const stream = streams.open(running, idOf(running))!;
    streams.close();
    const rest: string[] = [];
    for await (const chunk of stream) rest.push(String(chunk));
    expect(rest).toEqual([':\n\n']);
  });

  it('keeps only the newest state for a client that does not read', async () => {
    const streams = make();
    const stream = streams.open(job('a'))!;
    for (let progress = 1; progress <= 10; progress++) {
      job('a', 'running', progress);
      changed('a');
      await vi.waitFor(() => expect(read).toHaveBeenCalledTimes(progress));
    }
    const ended = job('a', 'succeeded', 10);
    changed('a');
    await vi.waitFor(() => expect(read).toHaveBeenCalledTimes(11));
    const seen: string[] = [];
    for await (const chunk of stream) seen.push(String(chunk));
    expect(seen).toEqual([':\n\n', eventOf(ended), END]);
  });

  it('ends when the job no longer exists', async () => {
    const streams = make();
    const running = job('a');
    const stream = streams.open(running)!;
    jobs.clear();
    const seen: string[] = [];
    for await (const chunk of stream) {
      seen.push(String(chunk));
      changed('a');
    }
    expect(seen).toEqual([':\n\n', eventOf(running), END]);
  });

  it('sends heartbeats, and finds changes that were not published', async () => {
    const streams = make({ heartbeatMs: 5 });
    const running = job('a');
    const seen: string[] = [];
    for await (const chunk of streams.open(running)!) {
      seen.push(String(chunk));
      if (seen.length === 4) job('a', 'succeeded', 1);
    }
    expect(seen.slice(0, 4)).toEqual([':\n\n', eventOf(running), ':\n\n', ':\n\n']);
    expect(seen.slice(-2)).toEqual([eventOf(jobs.get('a')!), END]);
  });

  it('survives failed reads', async () => {
    const streams = make();
    const stream = streams.open(job('a'))!;
    read.mockRejectedValueOnce(new Error('Redis is away'));
    changed('a');
    await vi.waitFor(() => expect(read).toHaveBeenCalledTimes(2));
    const ended = job('a', 'succeeded', 1);
    changed('a');
    const seen: string[] = [];
    for await (const chunk of stream) seen.push(String(chunk));
    expect(seen.slice(-2)).toEqual([eventOf(ended), END]);
  });

  it('are limited per job and process, and places become free again', async () => {
    const streams = make({ perJob: 2, perProcess: 3 });
    const first = streams.open(job('a'))!;
    streams.open(job('a'));
    expect(() => streams.open(job('a'))).toThrow('The job has 2 event streams');
    streams.open(job('b'));
    expect(() => streams.open(job('c'))).toThrow('The process has 3 event streams');
    // While it waits for a state.
    for (let chunks = 0; chunks < 2; chunks++) {
      await vi.waitFor(() => expect(first.read()).not.toBeNull());
    }
    first.destroy();
    await vi.waitFor(() => expect(streams.size).toBe(2));
    expect(streams.open(job('c'))).toBeDefined();
  });

  it('end after a while, so that credentials are checked again', async () => {
    const streams = make({ longestMs: 5 });
    const running = job('a');
    const seen: string[] = [];
    for await (const chunk of streams.open(running)!) seen.push(String(chunk));
    expect(seen).toEqual([':\n\n', eventOf(running)]);
  });
});
