import type { Queue } from 'bullmq';
import { finite, flag, record, whole, type Checked } from './check.js';

/** How far a batch is, as its coordinator notes it as the progress of the batch's job. */
export const readProgress = record({
  rows: whole(),
  /** Of them, those of an earlier run. */
  before: whole(),
  failed: whole(),
  /** The share of the input that is done. */
  share: finite,
  /** Workers that take its chunks. */
  workers: whole(),
  /** Chunks that are known, and those of them that are not done; more may come until it is split. */
  chunks: whole(),
  left: whole(),
  split: flag,
});
export type BatchProgressNote = Checked<typeof readProgress>;

/** The name of jobs that say so, on the queue of batches: nobody takes those. */
const CANCEL = 'cancel';
const jobOf = (id: string): string => `${CANCEL}-${id}`;

/** Has the coordinator of a batch end, and workers leave its chunks. */
export async function markCancelled(batches: Queue, id: string): Promise<void> {
  await batches.add(CANCEL, {}, { jobId: jobOf(id) });
}

/** Whether somebody has cancelled a batch. */
export async function isCancelled(batches: Queue, id: string): Promise<boolean> {
  return (await batches.getJob(jobOf(id))) !== undefined;
}

/** The batch may be begun once more. */
export async function forgetCancelled(batches: Queue, id: string): Promise<void> {
  await (await batches.getJob(jobOf(id)))?.remove();
}
