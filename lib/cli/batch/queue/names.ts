/** The names in Redis of which a queue of batches consists, for all that read it. */

/** The version of payloads. */
export const FORMAT = 1;

/**
 * The queue with a job for each batch in progress (`BatchOrder`, by its id). Nobody takes these
 * jobs: workers only read them to find batches.
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

/** The id of a chunk's job, so that a chunk is on its queue only once. */
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

/** A key that expires after its worker has gone. */
export function workerKey(id: string): string {
  return `${WORKERS}:${id}`;
}

/** Ids of batches and workers. */
export const ID = /^[0-9a-f]{16}$/;

/** The marker file, which shows workers that a folder belongs to the batch. */
export const MARK = 'batch.json';

/** How many batches are read at most. */
export const MOST_BATCHES = 100;
