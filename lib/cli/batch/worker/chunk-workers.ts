import { createRunner } from '../../../serving/models/kinds.js';
import { FASTAI } from '../../../serving/models/fastai/rules.js';
import type { ExtendedBy } from '../../../serving/models/fastai/runner.js';
import type { FastaiRunner } from '../../../serving/models/fastai/types.js';
import type { RunnerHandle } from '../../../serving/runner/runner-types.js';
import type { Model } from '../../../serving/store/index.js';
import { CommandError } from '../../errors.js';
import { isS3 } from '../../s3/address.js';
import type { BatchFile } from '../files.js';
import type { ChunkDone } from '../predict-chunk.js';
import { isColumnar } from '../scorer.js';
import { CHUNK_METHOD, ROWS_METHOD } from './method-names.js';
import type { ChunkAnswer, ChunkTask } from './task.js';

const EXTENSION: ExtendedBy = {
  module: new URL('./methods.js', import.meta.url).href,
  methods: [CHUNK_METHOD, ROWS_METHOD],
};

/** A runner whose workers do whole chunks of a batch. */
export function batchRunner(model: Model, workers: number): RunnerHandle {
  const options = { workers, threads: 1, maxQueueSize: 1_000_000 };
  const isLearner = FASTAI.modules.includes(model.info.module);
  return createRunner(model, isLearner ? { ...options, extension: EXTENSION } : options);
}

/**
 * Whether a worker can do the chunks of a file alone, from its bytes to those of the output. It
 * cannot for S3: the class of an S3 error decides what to do, and it would be lost between threads.
 */
export function worksAlone(runner: RunnerHandle, { format, path }: BatchFile): boolean {
  const learner = 'schema' in runner ? (runner as FastaiRunner) : undefined;
  return format === 'parquet' && !isS3(path) && learner !== undefined && isColumnar(learner);
}

/** Lets a worker do a chunk. @throws CommandError, and the errors of runners. */
export async function runTask(runner: RunnerHandle, task: ChunkTask): Promise<ChunkDone> {
  const answer = (await runner.method(CHUNK_METHOD).run(task, { timeoutMs: 0 })) as ChunkAnswer;
  if ('done' in answer) return answer.done;
  const { fact, remedy } = answer.refusal;
  throw new CommandError(fact, remedy);
}
