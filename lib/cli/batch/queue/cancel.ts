import type { Queue } from 'bullmq';
import { finite, flag, record, whole, type Checked } from './check.js';

/** How far a batch is. Its coordinator stores this as the progress of the batch's job. */
export const readProgress = record({
  rows: whole(),
  /** How many of them an earlier run finished. */
  before: whole(),
  failed: whole(),
  /** The finished share of the input. */
  share: finite,
  /** How many workers take its chunks. */
  workers: whole(),
  /**
   * How many chunks are known, and how many of them are not finished. More may follow until the
   * input is split.
   */
  chunks: whole(),
  left: whole(),
  split: flag,
});
export type BatchProgressNote = Checked<typeof readProgress>;

/**
 * The name of the jobs that mark a batch as cancelled, on the queue of batches. Nobody takes them.
 */
const CANCEL = 'cancel';
const jobOf = (id: string): string => `${CANCEL}-${id}`;

/** Makes the coordinator of a batch end, and workers leave its chunks. */
export async function markCancelled(batches: Queue, id: string): Promise<void> {
  await batches.add(CANCEL, {}, { jobId: jobOf(id) });
}

/** Whether a batch was cancelled. */
export async function isCancelled(batches: Queue, id: string): Promise<boolean> {
  return (await batches.getJob(jobOf(id))) !== undefined;
}

/** Allows the batch to start again. */
export async function forgetCancelled(batches: Queue, id: string): Promise<void> {
  await (await batches.getJob(jobOf(id)))?.remove();
}
