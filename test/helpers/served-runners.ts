import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { existsSync, readFileSync } from 'node:fs';
import { Learner } from '../../lib/learner/fastai/learner.js';
import type { BaseLearner } from '../../lib/learner/fastai/base-learner.js';
import { LMLearner } from '../../lib/learner/fastai/text/lm/lm-learner.js';
import type { LearnerOptions } from '../../lib/learner/fastai/contract.js';
import { TorchModel, type ModelInput } from '../../lib/learner/pytorch/index.js';
import type { WordStream } from '../../lib/learner/fastai/text/lm/word-stream.js';
import type {
  GenerateRunOptions,
  LanguageModelRunner,
  StreamRunOptions,
} from '../../lib/serving/models/fastai/types.js';
import { servedMethods } from '../../lib/serving/models/fastai/methods.js';
import type { ServedRunner, ServedRunners } from '../../lib/serving/open-inference/contract.js';
import type { RunnerHandle, RunnerMethod } from '../../lib/serving/runner/runner-types.js';
import type { RunOptions } from '../../lib/serving/runner/runner-options-types.js';

/** What an open runner of a learner has, without a worker: its learner runs on this thread. */
export interface InProcessLearner extends RunnerHandle {
  readonly kind: string;
  readonly vocab: unknown;
  readonly schema: unknown;
  readonly description: Learner['description'];
  readonly predict: RunnerMethod<unknown, unknown>;
}

/** A learner of the fixtures as an open runner, on this thread: unit specs have no built workers. */
export async function learnerRunner(
  folder: string,
  options?: LearnerOptions,
): Promise<InProcessLearner> {
  const learner = await Learner.load(exportedIn(folder), options);
  const { kind, vocab, description } = learner;
  const methods = servedMethods(learner as Learner | (BaseLearner & LMLearner));
  const handle = runner(kind, methods, () => learner.release());
  const schema = description.columns;
  return Object.assign(handle, {
    kind,
    vocab,
    description,
    schema,
    predict: handle.method('predict') as RunnerMethod,
  });
}

/** The same of a language model. */
export async function languageRunner(folder: string): Promise<LanguageModelRunner> {
  const learner = await LMLearner.load(exportedIn(folder));
  const { kind, vocab, description } = learner;
  const methods = servedMethods(learner as Learner | (BaseLearner & LMLearner));
  const handle = runner('lm', methods, () => learner.release());
  const run = (text: string, { nWords, ...options }: GenerateRunOptions = {}): Promise<string> =>
    learner.predict(text, nWords, options);
  const predictStream = (text: string, { nWords, ...options }: StreamRunOptions = {}): WordStream =>
    learner.predictStream(text, nWords, options);
  const made = {
    ...handle,
    kind,
    vocab,
    description,
    predict: { run, asyncRun: run },
    predictStream,
  };
  return made as unknown as LanguageModelRunner;
}

/** A model of the PyTorch layer as an open runner, on this thread. */
export async function moduleRunner(
  source: string | Uint8Array,
  inputs?: readonly ModelInput[],
): Promise<RunnerHandle> {
  const model = await TorchModel.load(source, inputs && { inputs });
  const call = (item: unknown): Promise<unknown> => model.run(item as never);
  const handle = runner('module', new Map([['__call__', call]]), () => model.release());
  const outputs = await model.outputs();
  return Object.assign(handle, { inputs: model.inputs, outputs, maxBatchSize: 0 });
}

/** Runners as an application serves them: by name, all of version 1. */
export function servedRunners(runners: Readonly<Record<string, RunnerHandle>>): ServedRunners {
  const list = Object.entries(runners).map(([name, handle]): ServedRunner => ({
    name,
    version: '1',
    latest: true,
    runner: handle,
  }));
  return { list: () => list };
}

export function runner(
  tag: string,
  methods: ReadonlyMap<string, (item: unknown) => Promise<unknown>>,
  close: () => Promise<void> = async () => undefined,
): RunnerHandle {
  return {
    tag,
    ready: true,
    stats: {
      ready: 1,
      workers: 1,
      queued: 0,
      running: 0,
      full: false,
      completed: 0,
      failed: 0,
      rejected: 0,
      abandoned: 0,
      shed: 0,
      restarts: 0,
    },
    method(name) {
      const method = methods.get(name);
      if (method === undefined) throw new Error(`The runner of the test has no ${name}()`);
      const run = async (
        item: unknown,
        { signal, ...options }: RunOptions = {},
      ): Promise<unknown> => {
        signal?.throwIfAborted();
        const as = WITH_OPTIONS[name];
        return method(as === undefined ? item : { [as]: item, ...options });
      };
      return { run, asyncRun: run };
    },
    open: async () => undefined,
    close,
  };
}

/** What a worker gets with the options of a method, by the method's name. */
const WITH_OPTIONS: Readonly<Record<string, string>> = { tta: 'items', explain: 'item' };

/** The export in a folder, or of a file, which may be compressed. */
function exportedIn(path: string): string | Uint8Array {
  const plain = path.endsWith('.pkl') ? path : `${path}/export.pkl`;
  const read = (file: string): Buffer => readFileSync(file);
  for (const base of [path, plain]) {
    if (existsSync(`${base}.br`)) return brotliDecompressSync(read(`${base}.br`));
    if (existsSync(`${base}.gz`)) return gunzipSync(read(`${base}.gz`));
  }
  return plain;
}
