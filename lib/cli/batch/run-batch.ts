import { readFile } from 'node:fs/promises';
import { Limit } from './limit.js';
import { CommandError } from '../errors.js';
import type { BatchFile } from './files.js';
import { lineEnds } from './line-ends.js';
import type { ChunkPlace } from './places/place.js';
import { splitFiles } from './places/split.js';
import { predictChunk, putDone, type ChunkDone, type ChunkPlan } from './predict-chunk.js';
import { putResult } from './put-result.js';
import { readChunks } from './read-chunks.js';
import { written, type Sink } from './sink.js';
import type { RowFilter } from './where/row-filter.js';
import type { WorkFolder } from './work-folder.js';

/** Everything that is known when the work begins. */
export interface BatchPlan extends ChunkPlan {
  readonly files: readonly BatchFile[];
  readonly sink: Sink;
  readonly folder: WorkFolder;
  readonly output: string;
  readonly overwrite: boolean;
  /** Columns to read; undefined for all. */
  readonly names: ReadonlySet<string> | undefined;
  readonly chunkRows: number;
  /** The number of concurrent runner calls. */
  readonly calls: number;
  /** The condition for rows; undefined for all. */
  readonly where: RowFilter | undefined;
  readonly limit: number;
  readonly maxErrors: number;
  readonly onProgress: (progress: BatchProgress) => void;
  /** Lets a worker read a chunk, predict from it and write it; undefined if workers cannot. */
  readonly alone?: ((place: ChunkPlace) => Promise<ChunkDone>) | undefined;
}

export interface BatchProgress {
  /** The number of finished rows, including those of an earlier run. */
  readonly rows: number;
  /** The number of rows that an earlier run finished. */
  readonly before: number;
  readonly failed: number;
  /** The share of the input that has been read. */
  readonly share: number;
  /** The number of processes that predict; undefined for only this one. */
  readonly workers?: number;
}

export interface BatchResult {
  readonly rows: number;
  readonly failed: number;
  /** The file with the failures; undefined if there are none. */
  readonly errors: string | undefined;
}

/**
 * If this many rows fail and none succeeds, the cause is the model or the command, not the rows.
 */
const HOPELESS = 100;
/** For chunks that this process reads: it predicts from the next one while it writes one. */
const CHUNKS_AT_ONCE = 2;

/** A chunk of the work, in order. */
interface Step {
  /** How many of the input's bytes it covers. */
  readonly bytes: number;
  /**
   * The number of its rows; undefined if a condition selects rows, because they are not counted in
   * advance.
   */
  readonly rows: number | undefined;
  run(): Promise<ChunkDone>;
}

/** Predicts from all rows, chunk by chunk, and puts the result in its place when it is complete. */
export async function runBatch(plan: BatchPlan): Promise<BatchResult> {
  const { files, folder, sink, alone } = plan;
  const total = Math.max(
    1,
    files.reduce((sum, { size }) => sum + size, 0),
  );
  const tally = { rows: 0, before: 0, failed: 0, succeeded: 0 };
  const chunks = new Limit(alone ? plan.calls : CHUNKS_AT_ONCE);
  const running: Promise<void>[] = [];
  let failure: { readonly error: unknown } | undefined;
  let count = 0;
  let bytes = 0;
  for await (const step of alone ? placedSteps(plan, alone) : readSteps(plan)) {
    const number = count++;
    const tell = (rows: number, failed: number): void => {
      tally.rows += rows;
      tally.failed += failed;
      tally.succeeded += rows - failed;
      bytes += step.bytes;
      plan.onProgress({ ...tally, share: Math.min(1, bytes / total) });
    };
    if (folder.isDone(number)) {
      const failed = await linesIn(folder.errorsOf(number));
      const rows = step.rows ?? failed + (await sink.rowsIn(folder.rowsOf(number)));
      tally.before += rows;
      tell(rows, failed);
      continue;
    }
    const release = await chunks.enter();
    if (failure) break;
    const work = step
      .run()
      .then(async (done) => {
        await putDone(folder, number, done);
        tell(done.rows, done.faults.length);
        refuseTooMany(plan, tally, done.faults[0]?.reason);
      })
      .catch((error: unknown) => (failure ??= { error }))
      .then(release);
    running.push(work);
  }
  await Promise.all(running);
  if (failure) throw failure.error;
  return merge(plan, count, tally);
}

/** Chunks that this process reads. */
async function* readSteps(plan: BatchPlan): AsyncGenerator<Step> {
  const { files, folder, limit, chunkRows, names, where } = plan;
  const calls = new Limit(plan.calls);
  let asked = 0;
  let read = 0;
  let before = 0;
  const wanted = (): boolean => !folder.isDone(asked++);
  for await (const chunk of readChunks(files, { rows: chunkRows, wanted }, names, where)) {
    const rows = Math.min(chunk.rows, limit - read);
    read += rows;
    const run = (): Promise<ChunkDone> => predictChunk(plan, calls, chunk, rows);
    yield { bytes: chunk.bytes - before, rows, run };
    before = chunk.bytes;
    if (read >= limit) return;
  }
}

/** Chunks that workers read. */
async function* placedSteps(
  { files, folder, limit, chunkRows, where }: BatchPlan,
  alone: NonNullable<BatchPlan['alone']>,
): AsyncGenerator<Step> {
  const options = { rows: chunkRows, limit, where, folder: folder.path };
  for await (const place of splitFiles(files, options)) {
    const { bytes, take } = place;
    yield { bytes, rows: where ? undefined : take, run: () => alone(place) };
  }
}

/** @throws CommandError if too many rows failed. */
export function refuseTooMany(
  { maxErrors, output }: Pick<BatchPlan, 'maxErrors' | 'output'>,
  { failed, succeeded }: { readonly failed: number; readonly succeeded: number },
  reason: string | undefined,
): void {
  if (failed > maxErrors) {
    throw new CommandError(
      `${failed} rows failed, and --max-errors is ${maxErrors} (the last: ${reason ?? 'unknown'})`,
      `Correct them, or allow more; the same command resumes with ${output}`,
    );
  }
  if (failed >= HOPELESS && succeeded === 0) {
    throw new CommandError(
      `The first ${failed} rows all failed (${reason ?? 'unknown'})`,
      'Check that the input matches the learner',
    );
  }
}

/** Joins the chunks, and puts the result in its place. */
export async function merge(
  {
    folder,
    sink,
    layout,
    output,
    overwrite,
  }: Pick<BatchPlan, 'folder' | 'sink' | 'layout' | 'output' | 'overwrite'>,
  chunks: number,
  { rows, failed }: { readonly rows: number; readonly failed: number },
): Promise<BatchResult> {
  await folder.check();
  const numbers = Array.from({ length: chunks }, (_, number) => number);
  const errors = failed > 0 ? `${output}.errors.jsonl` : undefined;
  if (errors !== undefined) {
    await putResult(errors, true, folder.path, (aside) =>
      written(aside, async (file) => {
        for (const number of numbers) {
          const part = await readFile(folder.errorsOf(number)).catch(() => undefined);
          if (part) await file.write(part);
        }
      }),
    );
  }
  // Last, so that everything exists once the output does.
  await putResult(output, overwrite, folder.path, (aside) =>
    sink.merge(
      aside,
      layout,
      numbers.map((number) => folder.rowsOf(number)),
    ),
  );
  return { rows, failed, errors };
}

/** The lines of a file that may not exist. */
export async function linesIn(path: string): Promise<number> {
  // Without the file, no row of the chunk failed.
  return lineEnds(path).catch(() => 0);
}
