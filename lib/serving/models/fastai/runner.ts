import type { Tensor } from 'onnxruntime-common';
import { WrongLearnerKindError } from '../../../learner/fastai/errors.js';
import type {
  Prediction,
  Predictions,
  DecodedRow,
  FrameLike,
  ShownRow,
  TabularSchema,
} from '../../../learner/fastai/contract.js';
import type { Slice } from '../../../learner/fastai/text/lm/lm-learner.js';
import type { WordStream } from '../../../learner/fastai/text/lm/word-stream.js';
import { FASTAI, checkSignatures } from '../signatures.js';
import type { StreamRunOptions } from './language-model-types.js';
import type { FastaiRunner, RunnerMethod } from '../../runner/runner-types.js';
import type { RunnerOptions, RunOptions } from '../../runner/runner-options-types.js';
import type { Model } from '../../store/index.js';
import { registerRunnerFactory } from '../../store/runner-factories.js';
import { InvalidRunnerOptionError } from '../../runner/errors/index.js';
import { ModelRunner } from '../../runner/model-runner.js';
import { resolveRunnerOptions, type ResolvedRunnerOptions } from '../../runner/runner-options.js';
import { TextContinuation } from './text-continuation.js';
import type { FastaiInit } from './runnable.js';
import { WorkerPool } from '../../runner/pool/worker-pool.js';

/** Methods of learners that runners offer, by both of their names. */
export const FASTAI_METHODS = [
  'predict',
  'getPreds',
  'get_preds',
  'decodeRow',
  'encode',
  // One turn of a text that a language model continues; called by predict and predictStream.
  'generate',
] as const;

class LearnerRunner<Input, Decoded> extends ModelRunner implements FastaiRunner<Input, Decoded> {
  readonly #texts = new TextContinuation(
    this.tag,
    async (request, options) => {
      await this.open();
      if (this.kind !== 'lm') throw new WrongLearnerKindError('predictStream', 'lm', this.kind);
      return super.method('generate').run(request, options) as Promise<Slice>;
    },
    this.timeoutMs,
  );
  readonly #predict: RunnerMethod = this.#predictOf(super.method('predict'));

  override method(name: string): RunnerMethod {
    return name === 'predict' ? this.#predict : super.method(name);
  }

  get kind(): string {
    return this.fact('kind');
  }

  get vocab(): unknown {
    return this.fact('vocab');
  }

  get schema(): TabularSchema | undefined {
    return this.fact('schema') as TabularSchema | undefined;
  }

  get decodeRow(): RunnerMethod<DecodedRow, ShownRow> {
    return this.method('decodeRow') as RunnerMethod<DecodedRow, ShownRow>;
  }

  get predict(): RunnerMethod<Input, Prediction<Decoded>> {
    return this.method('predict') as RunnerMethod<Input, Prediction<Decoded>>;
  }

  /** For language models; see {@link LanguageModelRunner}. */
  predictStream(text: string, options?: StreamRunOptions): WordStream {
    return this.#texts.stream(text, options);
  }

  get encode(): RunnerMethod<string, Tensor> {
    return this.method('encode') as RunnerMethod<string, Tensor>;
  }

  get getPreds(): RunnerMethod<readonly Input[] | FrameLike, Predictions> {
    return this.method('getPreds') as RunnerMethod<readonly Input[] | FrameLike, Predictions>;
  }

  get get_preds(): RunnerMethod<readonly Input[] | FrameLike, Predictions> {
    return this.method('get_preds') as RunnerMethod<readonly Input[] | FrameLike, Predictions>;
  }

  /** What predict is, and takes, depends on the model, which is known when it is loaded. */
  #predictOf(method: RunnerMethod): RunnerMethod {
    const run = async (item: unknown, options?: RunOptions): Promise<unknown> => {
      await this.open();
      return this.kind === 'lm' ? this.#texts.predict(item, options) : method.run(item, options);
    };
    return { run, asyncRun: run };
  }
}

/**
 * A runner of a fastai model; it loads the model when it is opened, or at its first call.
 *
 * @throws BatchableNotSupportedError when a signature of the model is batchable.
 * @throws InvalidRunnerOptionError when an option cannot be used, such as an execution provider but
 * the CPU's.
 */
export function createFastaiRunner<Input = unknown, Decoded = unknown>(
  model: Model,
  options: RunnerOptions & { warn?: (message: string) => void } = {},
): FastaiRunner<Input, Decoded> {
  const tag = model.tag.toString();
  const { warn, ...given } = options;
  checkSignatures(FASTAI, tag, model.info.signatures);
  const resolved = resolveRunnerOptions(tag, given);
  const { workers, threads, timeoutMs, stuckMs, isolation, onnx } = resolved;
  checkFastaiOptions(tag, given, resolved);
  const init: FastaiInit = { file: model.pathOf(FASTAI.file), threads, onnx };
  const runnable = new URL('./runnable.js', import.meta.url).href;
  const pool = new WorkerPool({
    name: tag,
    workers,
    runnable,
    init,
    stuckMs,
    isolation,
    ...(warn === undefined ? {} : { warn }),
  });
  return new LearnerRunner<Input, Decoded>(tag, FASTAI_METHODS, pool, timeoutMs, resolved);
}

/**
 * A learner is run as fastai runs it: what changes its numbers, or puts calls together, is of the
 * PyTorch layer.
 */
function checkFastaiOptions(
  tag: string,
  given: RunnerOptions,
  { executionProviders, precision }: ResolvedRunnerOptions,
): void {
  const remedy = (what: string): string =>
    `${what}, or save learner.model through the PyTorch layer (pytorch.saveModel) and run that`;
  const other = executionProviders.find((provider) => provider.toLowerCase() !== 'cpu');
  if (other !== undefined) {
    throw new InvalidRunnerOptionError(
      tag,
      `fastai learners run on the CPU, not with the execution provider "${other}"`,
      remedy('leave executionProviders out'),
    );
  }
  if (precision !== 'fp32') {
    throw new InvalidRunnerOptionError(
      tag,
      `fastai learners run in fp32, not in ${precision}`,
      remedy('leave precision out'),
    );
  }
  if (given.batching !== undefined) {
    throw new InvalidRunnerOptionError(
      tag,
      'fastai learners are never batched: a row in a batch of theirs is not what it is alone',
      remedy('leave batching out'),
    );
  }
  if (given.params !== undefined) {
    throw new InvalidRunnerOptionError(tag, 'params are for custom runnables', 'leave params out');
  }
}

registerRunnerFactory(FASTAI.modules, createFastaiRunner);
