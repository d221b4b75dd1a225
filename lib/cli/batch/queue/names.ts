/** Names in Redis: what a queue of batches is made of, for whoever reads it. */

/** The version of payloads. */
export const FORMAT = 1;

/**
 * The queue with a job for each batch that is at work (`BatchOrder`, by its id). Nobody takes them:
 * workers read which batches there are.
 */
export const BATCHES = 'vts-batches';
/** The name of its jobs. */
export const BATCH = 'batch';

/** The queue with the chunks of a batch. */
export function chunksQueue(id: string): string {
  return `vts-batch-${id}`;
}
/** The name of its jobs. */
export const CHUNK = 'chunk';

/** The id of a chunk's job: a chunk is on its queue once. */
export function chunkJob(chunk: number): string {
  return `chunk-${String(chunk).padStart(8, '0')}`;
}

/** The chunk of a job; undefined for other jobs. */
export function chunkOf(job: string | undefined): number | undefined {
  const [, digits] = /^chunk-(\d{8,12})$/.exec(job ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** The hash with the facts of each worker, by its id. */
export const WORKERS = 'vts-batch-workers';

/** A key that expires when its worker is gone. */
export function workerKey(id: string): string {
  return `${WORKERS}:${id}`;
}

/** Ids of batches and workers. */
export const ID = /^[0-9a-f]{16}$/;

/** The file in the folder of a batch that tells workers that it is the batch's. */
export const MARK = 'batch.json';

/** Batches that are looked at, of more. */
export const MOST_BATCHES = 100;
