import type { BaseLearner } from '../../../learner/fastai/base-learner.js';
import { Learner } from '../../../learner/fastai/learner.js';
import type { LMLearner } from '../../../learner/fastai/text/lm/lm-learner.js';
import { loadedOptions, type KeptOptions } from '../kept/kept-options.js';
import type { Served, ServedMethod } from '../../runner/pool/protocol.js';
import { servedMethods } from './methods.js';

export interface FastaiInit {
  readonly file: string;
  readonly threads: number;
  /** The options saved with the model; the runner's own options take precedence. */
  readonly kept: KeptOptions;
  readonly quantize: 'int8' | undefined;
  readonly cacheFolder: string;
  readonly decode: 'exact' | 'scaled';
  /** The URL of a `LearnerExtension`. */
  readonly extension: string | undefined;
}

/** A module that adds methods to those of a learner, in its worker. */
export interface LearnerExtension {
  methodsOf(learner: Learner): Iterable<readonly [name: string, method: ServedMethod]>;
}

export async function open(init: FastaiInit): Promise<Served> {
  const { file, threads, kept, extension, ...options } = init;
  const load = { intraOpNumThreads: threads, ...(await loadedOptions(kept)), ...options };
  const learner = await Learner.load(file, load);
  const { kind, vocab, description } = learner;
  const methods = new Map<string, ServedMethod>(
    servedMethods(learner as Learner | (BaseLearner & LMLearner)),
  );
  if (extension !== undefined) {
    const { methodsOf } = (await import(extension)) as LearnerExtension;
    for (const [name, method] of methodsOf(learner)) methods.set(name, method);
  }
  return {
    kind,
    vocab,
    description,
    ...(kind === 'tabular' || kind === 'collab' ? { schema: description.columns } : {}),
    methods,
    release: () => learner.release(),
  };
}
