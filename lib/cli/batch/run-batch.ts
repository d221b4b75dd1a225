import { readFile } from 'node:fs/promises';
import { Limit } from './limit.js';
import { CommandError } from '../errors.js';
import { itemsOf, type InputRules } from './batch-items.js';
import { cellOf, rowNumber, type Chunk } from './chunk.js';
import type { BatchFile } from './files.js';
import { cellsOf, type Layout } from './layout.js';
import { lineEnds } from './line-ends.js';
import type { MaskFolder } from './masks.js';
import { putResult } from './put-result.js';
import { readChunks } from './read-chunks.js';
import { PATH } from './read-items.js';
import type { Scorer, Scores } from './scorer.js';
import { written, type Sink } from './sink.js';
import type { RowFilter } from './where/row-filter.js';
import type { WorkFolder } from './work-folder.js';

/** Everything that is known when the work begins. */
export interface BatchPlan {
  readonly files: readonly BatchFile[];
  readonly rules: InputRules;
  readonly scorer: Scorer;
  readonly layout: Layout;
  readonly sink: Sink;
  readonly masks: MaskFolder | undefined;
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
}

export interface BatchProgress {
  /** The number of finished rows, including those of an earlier run. */
  readonly rows: number;
  /** Those of an earlier run. */
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
/** While one chunk is written, the next one is predicted. */
const CHUNKS_AT_ONCE = 2;
/** Waits for a server overlap. */
const MASKS_AT_ONCE = 8;

/** Predicts from all rows, chunk by chunk, and puts the result in its place when it is complete. */
export async function runBatch(plan: BatchPlan): Promise<BatchResult> {
  const { files, folder, limit, chunkRows, names } = plan;
  const total = Math.max(
    1,
    files.reduce((sum, { size }) => sum + size, 0),
  );
  const tally = { rows: 0, before: 0, failed: 0, succeeded: 0 };
  const calls = new Limit(plan.calls);
  const chunks = new Limit(CHUNKS_AT_ONCE);
  const running: Promise<void>[] = [];
  let failure: { readonly error: unknown } | undefined;
  let asked = 0;
  let count = 0;
  let read = 0;
  const wanted = (): boolean => !folder.isDone(asked++);
  for await (const chunk of readChunks(files, { rows: chunkRows, wanted }, names, plan.where)) {
    const number = count++;
    const rows = Math.min(chunk.rows, limit - read);
    read += rows;
    const tell = (failed: number): void => {
      tally.rows += rows;
      tally.failed += failed;
      tally.succeeded += rows - failed;
      plan.onProgress({ ...tally, share: chunk.bytes / total });
    };
    if (folder.isDone(number)) {
      tally.before += rows;
      tell(await linesIn(folder.errorsOf(number)));
    } else {
      const release = await chunks.enter();
      if (failure) break;
      const work = finishChunk(plan, calls, { chunk, rows, number })
        .then((faults) => {
          tell(faults.length);
          refuseTooMany(plan, tally, faults[0]);
        })
        .catch((error: unknown) => (failure ??= { error }))
        .then(release);
      running.push(work);
    }
    if (read >= limit) break;
  }
  await Promise.all(running);
  if (failure) throw failure.error;
  return merge(plan, count, tally);
}

export interface Work {
  readonly chunk: Chunk;
  readonly rows: number;
  readonly number: number;
}

/** The destination for the rows of chunks. */
export type ChunkSink = Pick<WorkFolder, 'finish'>;

/** The function that predicts from a chunk. */
export type ChunkPlan = Pick<BatchPlan, 'rules' | 'scorer' | 'layout' | 'sink' | 'masks'> & {
  readonly folder: ChunkSink;
  /** Formats a reason; by default unchanged. */
  readonly told?: (reason: string) => string;
};

/** Predicts from a chunk and puts its rows in place. @returns Why rows failed. */
export async function finishChunk(plan: ChunkPlan, calls: Limit, work: Work): Promise<string[]> {
  const { layout, sink, folder, masks, told = (reason) => reason } = plan;
  const { chunk, rows, number } = work;
  const scores = await scoreChunk(plan, calls, chunk, rows);
  const given = masks ? await withMasks(masks, chunk, scores) : scores;
  const faults = [...given.faults]
    .toSorted(([a], [b]) => a - b)
    .map(([row, reason]) => [row, told(reason)] as const);
  const errors = faults.map(([row, reason]) => `${JSON.stringify(faultOf(chunk, row, reason))}\n`);
  await folder.finish(number, errors.join(''), (path) =>
    sink.write(path, layout, cellsOf(layout, chunk, given)),
  );
  return faults.map(([, reason]) => reason);
}

async function scoreChunk(
  { scorer, rules }: ChunkPlan,
  calls: Limit,
  chunk: Chunk,
  rows: number,
): Promise<Scores> {
  const { step, shape } = scorer;
  const starts = Array.from({ length: Math.ceil(rows / step) }, (_, at) => at * step);
  const unread = new Map(chunk.faults);
  const parts = await Promise.all(
    starts.map((from) =>
      calls.run(async () => {
        const to = Math.min(rows, from + step);
        const items = await itemsOf(chunk, rules, from, to, (row, reason) => {
          unread.set(row, reason);
        });
        return scorer.score(items);
      }),
    ),
  );
  const width = shape.classes.length;
  const probabilities = new Float32Array(width * rows);
  const predictions: unknown[] = [];
  const faults = new Map<number, string>();
  parts.forEach((part, at) => {
    const from = starts[at]!;
    for (const prediction of part.predictions) predictions.push(prediction);
    if (part.probabilities) probabilities.set(part.probabilities, from * width);
    for (const [row, reason] of part.faults) faults.set(from + row, reason);
  });
  // A row that could not be read has no valid prediction.
  for (const [row, reason] of unread) if (row < rows) faults.set(row, reason);
  return { predictions, probabilities, faults };
}

async function withMasks(masks: MaskFolder, chunk: Chunk, scores: Scores): Promise<Scores> {
  const writes = new Limit(MASKS_AT_ONCE);
  const predictions = await Promise.all(
    scores.predictions.map((mask, row) =>
      scores.faults.has(row) ? undefined : writes.run(() => masks.write(chunk, row, mask)),
    ),
  );
  return { ...scores, predictions };
}

function faultOf(chunk: Chunk, row: number, reason: string): object {
  if (chunk.file.format === 'item') {
    return { file: cellOf(chunk.columns!.get(PATH)!, row), reason };
  }
  return { file: chunk.file.path, row: rowNumber(chunk, row), reason };
}

/** @throws CommandError if so many rows failed that the work must end. */
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
