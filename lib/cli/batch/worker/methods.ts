import type { FrameLike } from '../../../learner/fastai/contract.js';
import type { Learner } from '../../../learner/fastai/learner.js';
import type { ServedMethod } from '../../../serving/runner/pool/protocol.js';
import { CommandError } from '../../errors.js';
import { layoutWith } from '../layout.js';
import { Limit } from '../limit.js';
import { PlaceReader } from '../places/read-place.js';
import { predictChunk, type ChunkDone } from '../predict-chunk.js';
import { columnarScorer, factsOf, rowPreds } from '../scorer.js';
import { sinkOf } from '../sinks.js';
import { RowFilter } from '../where/row-filter.js';
import { CHUNK_METHOD, ROWS_METHOD } from './method-names.js';
import type { ChunkAnswer, ChunkTask } from './task.js';

// The methods of a batch's worker, in addition to its learner's.

export function* methodsOf(learner: Learner): Generator<readonly [string, ServedMethod]> {
  const reader = new PlaceReader();
  yield [ROWS_METHOD, (frame) => rowPreds(learner, frame as FrameLike)];
  yield [
    CHUNK_METHOD,
    async (task): Promise<ChunkAnswer> => {
      try {
        return { done: await chunkOf(learner, reader, task as ChunkTask) };
      } catch (error) {
        // All other methods are the worker's own.
        if (!(error instanceof CommandError)) throw error;
        const { fact, remedy } = error;
        return { refusal: { fact, remedy } };
      }
    },
  ];
}

async function chunkOf(
  learner: Learner,
  reader: PlaceReader,
  { rules, place, shown, unpacked }: ChunkTask,
): Promise<ChunkDone> {
  const { column, needed, kept, parts, where, chunkRows, output } = rules;
  const names = rules.names && new Set(rules.names);
  const scorer = columnarScorer(learner);
  const { description, schema } = factsOf(learner);
  const read = await reader.read(place, chunkRows, names, () => unpacked!);
  const named = { ...read, file: { ...read.file, path: shown } };
  const chunk = where === undefined ? named : new RowFilter(where).apply(named);
  const plan = {
    rules: { kind: description.kind, schema, column, needed },
    scorer,
    layout: layoutWith(kept, parts, scorer.shape),
    sink: sinkOf(output),
    masks: undefined,
  };
  // A thread does only one call at a time.
  return predictChunk(plan, new Limit(1), chunk, Math.min(chunk.rows, place.take));
}
