import { join } from 'node:path';
import { WrongLearnerKindError } from '../../../learner/fastai/errors.js';
import type { LearnerDescription, TabularSchema } from '../../../learner/fastai/contract.js';
import { portable } from '../../../learner/fastai/data/stored-item.js';
import { packRows } from '../../../learner/fastai/tabular/pack-rows.js';
import type { Slice } from '../../../learner/fastai/text/lm/lm-learner.js';
import { finished, inTurns } from '../../../learner/runtime/turns.js';
import type { WordStream } from '../../../learner/fastai/text/lm/word-stream.js';
import { keptOptions } from '../kept/kept-options.js';
import { checkSignatures } from '../rules.js';
import type { RunnerMethod } from '../../runner/runner-types.js';
import type { RunnerOptions, RunOptions } from '../../runner/runner-options-types.js';
import { CACHE_FOLDER } from '../../store/archive/files-of.js';
import type { Model } from '../../store/index.js';
import { InvalidRunnerOptionError } from '../../runner/errors.js';
import { ModelRunner } from '../../runner/model-runner.js';
import { resolveRunnerOptions, type ResolvedRunnerOptions } from '../../runner/runner-options.js';
import { LEARNER_METHODS, learnerMembers, ROW_METHODS, type ExplainRequest } from './methods.js';
import { FASTAI } from './rules.js';
import type { FastaiInit } from './runnable.js';
import { TextContinuation } from './text-continuation.js';
import type {
  ExplainRunOptions,
  FastaiRunner,
  PredsRunOptions,
  StreamRunOptions,
  TtaRunOptions,
} from './types.js';
import { WorkerPool } from '../../runner/pool/worker-pool.js';

const MANY_ROWS = 16;
/** Packing more rows at once would block the event loop for too long. */
const WITH_TURNS = 20_000;

class LearnerRunner extends ModelRunner {
  readonly #texts: TextContinuation;
  readonly #predict: RunnerMethod;
  readonly #explain: RunnerMethod;
  readonly #tta: RunnerMethod;
  readonly #show: RunnerMethod;
  readonly #rowMethods = new Map<string, RunnerMethod>();
  #opening: Promise<void> | undefined;
  readonly #warn: (message: string) => void;

  constructor(
    tag: string,
    pool: WorkerPool,
    options: ResolvedRunnerOptions,
    warn: (message: string) => void,
    more: readonly string[],
  ) {
    super(tag, [...LEARNER_METHODS, ...more], pool, options.timeoutMs, options);
    this.#warn = warn;
    const turn = super.method('generate');
    const advance = async (request: unknown, how: RunOptions): Promise<Slice> => {
      await this.open();
      if (this.kind !== 'lm') throw new WrongLearnerKindError('predictStream', 'lm', this.kind);
      return turn.run(request, how) as Promise<Slice>;
    };
    this.#texts = new TextContinuation(tag, advance, options.timeoutMs);
    this.#predict = ofPortable(this.#predictOf(super.method('predict')));
    this.#explain = explainOf(ofPortable(super.method('explain')));
    this.#show = ofPortable(super.method('show'));
    this.#tta = ttaOf(super.method('tta'));
    for (const name of ROW_METHODS) {
      this.#rowMethods.set(name, ofPortable(this.#ofRows(super.method(name))));
    }
    Object.assign(
      this,
      learnerMembers((name) => this.method(name)),
    );
  }

  /** Input over HTTP is bytes, so the log says once what bytes skip. */
  override open(): Promise<void> {
    this.#opening ??= super.open().then(() => {
      const { pathReader } = this.description;
      if (pathReader === undefined) return;
      this.#warn(
        `${this.tag}: its get_x "${pathReader}" runs only for paths; bytes skip it, as in fastai.`,
      );
    });
    return this.#opening;
  }

  override method(name: string): RunnerMethod {
    if (name === 'predict') return this.#predict;
    if (name === 'explain') return this.#explain;
    if (name === 'tta') return this.#tta;
    if (name === 'show') return this.#show;
    return this.#rowMethods.get(name) ?? super.method(name);
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

  get description(): LearnerDescription {
    return this.fact('description') as LearnerDescription;
  }

  predictStream(text: string, options?: StreamRunOptions): WordStream {
    return this.#texts.stream(text, options);
  }

  /** Many rows are sent as columns. */
  #ofRows(method: RunnerMethod): RunnerMethod {
    const more = super.method('predsWith');
    const run = async (items: unknown, given?: PredsRunOptions): Promise<unknown> => {
      const { withDecoded = false, withInput = false, ...options } = given ?? {};
      if (withDecoded || withInput) return more.run({ items, withDecoded, withInput }, options);
      if (!Array.isArray(items) || items.length < MANY_ROWS) return method.run(items, options);
      await this.open();
      const { schema } = this;
      // Notebook code may read columns that the schema does not have.
      if (schema === undefined || schema.ownCode) return method.run(items, options);
      const packing = packRows(items, schema.columns);
      const packed = items.length < WITH_TURNS ? finished(packing) : await inTurns(packing);
      return method.run(packed ?? items, options);
    };
    return { run, asyncRun: run };
  }

  /**
   * The meaning of predict and its input depend on the model, which is known only once it is
   * loaded.
   */
  #predictOf(method: RunnerMethod): RunnerMethod {
    const predict = (item: unknown, options?: RunOptions): Promise<unknown> =>
      this.kind === 'lm' ? this.#texts.predict(item, options) : method.run(item, options);
    let opened = false;
    const first = async (item: unknown, options?: RunOptions): Promise<unknown> => {
      await this.open();
      opened = true;
      return predict(item, options);
    };
    const run = (item: unknown, options?: RunOptions): Promise<unknown> =>
      opened ? predict(item, options) : first(item, options);
    return { run, asyncRun: run };
  }
}

/** A Blob, a stream or a multer file is read here because it cannot be sent to every worker. */
function ofPortable(method: RunnerMethod): RunnerMethod {
  const run = (item: unknown, options?: RunOptions): Promise<unknown> => {
    const read = portable(item);
    return read ? read.then((sent) => method.run(sent, options)) : method.run(item, options);
  };
  return { run, asyncRun: run };
}

/** The class to explain is sent with the item. */
function explainOf(method: RunnerMethod): RunnerMethod {
  const run = (item: unknown, options: ExplainRunOptions = {}): Promise<unknown> => {
    const { target, ...how } = options;
    const request: ExplainRequest = { item, ...(target !== undefined && { target }) };
    return method.run(request, how);
  };
  return { run, asyncRun: run };
}

/** The options of the passes are sent with the items. */
function ttaOf(method: RunnerMethod): RunnerMethod {
  const run = (items: unknown, options: TtaRunOptions = {}): Promise<unknown> => {
    const { n, beta, useMax, seed, ...how } = options;
    const given = Object.entries({ n, beta, useMax, seed }).filter(
      ([, value]) => value !== undefined,
    );
    return method.run({ items, ...Object.fromEntries(given) }, how);
  };
  return { run, asyncRun: run };
}

/** Methods that workers serve beside the learner's own. */
export interface ExtendedBy {
  /** The URL of a `LearnerExtension`. */
  readonly module: string;
  readonly methods: readonly string[];
}

/**
 * A runner of a fastai model; it loads the model when it is opened, or at its first call.
 *
 * @throws BatchableNotSupportedError if a signature of the model is batchable.
 * @throws InvalidRunnerOptionError if an option cannot be used, such as an execution provider other
 *   than the CPU's.
 */
export function createFastaiRunner<Input = unknown, Decoded = unknown>(
  model: Model,
  options: RunnerOptions & {
    warn?: (message: string) => void;
    extension?: ExtendedBy | undefined;
  } = {},
): FastaiRunner<Input, Decoded> {
  const tag = model.tag.toString();
  const { warn = () => undefined, extension, ...given } = options;
  checkSignatures(FASTAI, tag, model.info.signatures);
  const resolved = resolveRunnerOptions(tag, given);
  const { threads, onnx, quantize, decode } = resolved;
  checkFastaiOptions(tag, given, resolved);
  const init: FastaiInit = {
    file: model.pathOf(FASTAI.file),
    threads,
    kept: { ...keptOptions(model), ...(onnx !== undefined && { onnx }) },
    quantize,
    decode,
    cacheFolder: join(model.path, CACHE_FOLDER),
    extension: extension?.module,
  };
  const runnable = new URL('./runnable.js', import.meta.url).href;
  const pool = new WorkerPool({ ...resolved, name: tag, runnable, init, warn });
  const runner = new LearnerRunner(tag, pool, resolved, warn, extension?.methods ?? []);
  return runner as unknown as FastaiRunner<Input, Decoded>;
}

/**
 * A learner runs as in fastai. Options that change its numbers or batch calls belong to the PyTorch
 * layer.
 */
function checkFastaiOptions(
  tag: string,
  { batching, params, precision = 'fp32' }: RunnerOptions,
  { executionProviders }: ResolvedRunnerOptions,
): void {
  const other = executionProviders.find((provider) => provider.toLowerCase() !== 'cpu');
  const refuse = (fact: string, option: string, otherwise = ''): never => {
    throw new InvalidRunnerOptionError(tag, fact, `leave ${option} out${otherwise}`);
  };
  const layer =
    ', or save learner.model through the PyTorch layer (pytorch.saveModel) and run that';
  if (other !== undefined) {
    const fact = `fastai learners run on the CPU, not with the execution provider "${other}"`;
    refuse(fact, 'executionProviders', layer);
  }
  if (precision !== 'fp32') {
    const fact = `fastai learners run in fp32, not in ${precision}`;
    refuse(fact, 'precision', `; quantize: 'int8' runs a learner in 8 bits`);
  }
  if (batching !== undefined) {
    const fact =
      'fastai learners are never batched: a row in a batch would get other numbers than alone';
    refuse(fact, 'batching', layer);
  }
  if (params !== undefined) refuse('params are for custom runnables', 'params');
}
