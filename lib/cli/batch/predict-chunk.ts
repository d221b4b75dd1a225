import { itemsOf, type InputRules } from './batch-items.js';
import { cellOf, lengthOf, rowNumber, type Chunk } from './chunk.js';
import { cellsOf, type Layout } from './layout.js';
import { Limit } from './limit.js';
import type { MaskFolder } from './masks.js';
import { PATH } from './read-items.js';
import { joinScores, type Scorer, type Scores } from './scorer.js';
import { written, type Sink } from './sink.js';
import type { WorkFolder } from './work-folder.js';

/** Waits for a server overlap. */
const MASKS_AT_ONCE = 8;

/** The function that predicts from a chunk. */
export interface ChunkPlan {
  readonly rules: InputRules;
  readonly scorer: Scorer;
  readonly layout: Layout;
  readonly sink: Pick<Sink, 'encode'>;
  readonly masks: MaskFolder | undefined;
}

/** A row that failed, in the form of the file of errors. */
export interface RowFault {
  readonly file: string;
  /** Undefined for a file that is an item. */
  readonly row?: number;
  readonly reason: string;
}

/** The result of a chunk. */
export interface ChunkDone {
  /** How many rows were read and not left out. */
  readonly rows: number;
  readonly faults: readonly RowFault[];
  /** The predicted rows, in the form of their file. */
  readonly bytes: Uint8Array | string;
}

/** Predicts from the first rows of a chunk. */
export async function predictChunk(
  plan: ChunkPlan,
  calls: Limit,
  chunk: Chunk,
  rows: number,
): Promise<ChunkDone> {
  const { layout, sink, masks } = plan;
  const scores = await scoreChunk(plan, calls, chunk, rows);
  const given = masks ? await withMasks(masks, chunk, scores) : scores;
  const faults = [...given.faults].toSorted(([a], [b]) => a - b);
  return {
    rows,
    faults: faults.map(([row, reason]) => faultOf(chunk, row, reason)),
    bytes: sink.encode(layout, cellsOf(layout, chunk, given)),
  };
}

/** Puts the result of a chunk in its place. */
export async function putDone(
  folder: Pick<WorkFolder, 'finish'>,
  number: number,
  { faults, bytes }: ChunkDone,
): Promise<void> {
  const errors = faults.map((fault) => `${JSON.stringify(fault)}\n`).join('');
  await folder.finish(number, errors, (path) => written(path, (file) => file.writeFile(bytes)));
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
  const scores = joinScores(parts, shape.classes.length);
  // A row that could not be read has no valid prediction.
  const faults = new Map([...scores.faults, ...unread].filter(([row]) => row < rows));
  return { ...scores, faults };
}

async function withMasks(masks: MaskFolder, chunk: Chunk, scores: Scores): Promise<Scores> {
  const writes = new Limit(MASKS_AT_ONCE);
  const cells = scores.predictions;
  const predictions = await Promise.all(
    Array.from({ length: lengthOf(cells) }, (_, row) =>
      scores.faults.has(row)
        ? undefined
        : writes.run(() => masks.write(chunk, row, cellOf({ cells }, row))),
    ),
  );
  return { ...scores, predictions };
}

function faultOf(chunk: Chunk, row: number, reason: string): RowFault {
  if (chunk.file.format === 'item') {
    return { file: String(cellOf(chunk.columns!.get(PATH)!, row)), reason };
  }
  return { file: chunk.file.path, row: rowNumber(chunk, row), reason };
}
