import type { BaseLearner } from '../../../learner/fastai/base-learner.js';
import { Learner } from '../../../learner/fastai/learner.js';
import type { LMLearner } from '../../../learner/fastai/text/lm/lm-learner.js';
import { loadedOptions, type KeptOptions } from '../kept/kept-options.js';
import type { Served } from '../../runner/pool/protocol.js';
import { servedMethods } from './methods.js';

export interface FastaiInit {
  readonly file: string;
  readonly threads: number;
  /** The options saved with the model; the runner's own options take precedence. */
  readonly kept: KeptOptions;
  readonly quantize: 'int8' | undefined;
  readonly cacheFolder: string;
  readonly decode: 'exact' | 'scaled';
}

export async function open({ file, threads, kept, ...options }: FastaiInit): Promise<Served> {
  const load = { intraOpNumThreads: threads, ...(await loadedOptions(kept)), ...options };
  const learner = await Learner.load(file, load);
  const { kind, vocab, description } = learner;
  return {
    kind,
    vocab,
    description,
    ...(kind === 'tabular' || kind === 'collab' ? { schema: description.columns } : {}),
    methods: servedMethods(learner as Learner | (BaseLearner & LMLearner)),
    release: () => learner.release(),
  };
}
