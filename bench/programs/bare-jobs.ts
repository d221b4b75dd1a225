import { once } from 'node:events';
import { Queue, QueueEvents, Worker } from 'bullmq';
import { ModelStore, type FastaiRunner } from 'nestjs-vts/serving';
import type { JobsAnswer, JobsQuestion } from '../cases/jobs.js';
import { answerQuestions } from './answer.js';

// BullMQ alone: the queue's own share of a call, with the same runner behind it.
const [, , home, path, concurrency] = process.argv as [string, string, string, string, string];
const connection = { path, maxRetriesPerRequest: null };
const options = { connection, prefix: '{bare}' };

const runner = (await new ModelStore(home).get('fastai_sentiment')).toRunner() as FastaiRunner<
  string,
  string
>;
await runner.open();
const queue = new Queue<{ text: string }, string>('bare', {
  ...options,
  defaultJobOptions: { removeOnComplete: { age: 3600 } },
});
const events = new QueueEvents('bare', options);
await events.waitUntilReady();
const worker = new Worker<{ text: string }, string>(
  'bare',
  async ({ data: { text } }) => (await runner.predict.run(text))[0],
  { ...options, concurrency: Number(concurrency) },
);

await answerQuestions(async ({ text, burst, ms }: JobsQuestion): Promise<JobsAnswer> => {
  const start = performance.now();
  let alone = 0;
  for (; alone === 0 || performance.now() - start < ms / 2; alone++) {
    const job = await queue.add('label', { text });
    await job.waitUntilFinished(events);
  }
  const latency = (performance.now() - start) / alone;
  const begin = performance.now();
  const drained = once(worker, 'drained');
  await Promise.all(Array.from({ length: burst }, () => queue.add('label', { text })));
  for (await drained; (await queue.count()) + (await queue.getActiveCount()) > 0;) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return { rate: burst / ((performance.now() - begin) / 1000), latency };
});
