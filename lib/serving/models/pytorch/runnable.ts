import {
  TorchModel,
  type InputPlan,
  type ModelInput,
  type TorchModelOptions,
} from '../../../learner/pytorch/index.js';
import type { Tensor } from 'onnxruntime-common';
import type { Served } from '../../runner/pool/protocol.js';
import { loadedOptions, type KeptOptions } from '../kept/kept-options.js';
import { CALL } from './rules.js';

export interface PytorchInit extends Pick<
  TorchModelOptions,
  'executionProviders' | 'strict' | 'graphOptimizationLevel' | 'precision' | 'cacheFolder'
> {
  readonly file: string;
  readonly threads: number;
  readonly inputs: readonly ModelInput[] | undefined;
  /** The options saved with the model. */
  readonly kept: KeptOptions;
}

/** A worker's description of the model that it has loaded. */
export interface PytorchFacts {
  readonly plan: InputPlan;
  readonly outputs: readonly ModelInput[];
  readonly className: string | undefined;
  /** Differences from the options. */
  readonly warnings: readonly string[];
}

export async function open(init: PytorchInit): Promise<Served> {
  const { file, threads, inputs, kept, ...options } = init;
  const { code } = await loadedOptions(kept);
  const warnings: string[] = [];
  const model = await TorchModel.load(file, {
    ...options,
    ...(code !== undefined && { code }),
    intraOpNumThreads: threads,
    inputs,
    warn: (message) => warnings.push(message),
  });
  const { plan, className } = model;
  const facts: PytorchFacts = { plan, outputs: await model.outputs(), className, warnings };
  return {
    kind: 'module',
    vocab: undefined,
    schema: facts,
    // `readInputs` has checked and converted the item.
    methods: new Map([[CALL, (item: unknown) => model.runTensors(item as Tensor[])]]),
    release: () => model.release(),
  };
}
