import { join } from 'node:path';
import type { Tensor } from 'onnxruntime-common';
import {
  checkModelInputs,
  readInputs,
  type InputPlan,
  type ModelInput,
  type PytorchOutput,
} from '../../../learner/pytorch/index.js';
import { tensorCodec, type BatchCodec, type BatchedMethod } from '../../runner/batching/index.js';
import { InvalidRunnerOptionError } from '../../runner/errors.js';
import { ModelRunner } from '../../runner/model-runner.js';
import { WorkerPool } from '../../runner/pool/worker-pool.js';
import type { RunnerOptions, RunOptions } from '../../runner/runner-options-types.js';
import { resolveRunnerOptions, type ResolvedRunnerOptions } from '../../runner/runner-options.js';
import type { RunnerMethod } from '../../runner/runner-types.js';
import { CACHE_FOLDER } from '../../store/archive/files-of.js';
import type { Model, ModelSignature } from '../../store/index.js';
import { ModuleMethodError } from '../errors.js';
import { keptOptions } from '../kept/kept-options.js';
import { modelInputsOf } from './options.js';
import { CALL, fileOf, PYTORCH } from './rules.js';
import type { PytorchFacts, PytorchInit } from './runnable.js';
import { textCodec } from './text-codec.js';
import type { PytorchRunner } from './types.js';

interface ModuleSettings {
  readonly options: ResolvedRunnerOptions;
  readonly signatures: ReadonlyMap<string, ModelSignature>;
  readonly warn: (message: string) => void;
}

/** One call, with its tensors in the form that workers take. */
type Call = (tensors: Tensor[], options: RunOptions) => Promise<unknown>;

class ModuleRunner extends ModelRunner {
  readonly #methods = new Map<string, RunnerMethod>();
  readonly #settings: ModuleSettings;
  #opening: Promise<void> | undefined;
  #plan: InputPlan | undefined;

  constructor(tag: string, pool: WorkerPool, settings: ModuleSettings) {
    super(tag, [CALL], pool, settings.options.timeoutMs, settings.options);
    this.#settings = settings;
    for (const [name, signature] of settings.signatures) {
      this.#methods.set(name, this.#methodOf(name, signature));
    }
    const [only] = this.#methods.values();
    for (const name of PYTORCH.methods) {
      // Both names belong to one method, but separate signatures may batch only one of them.
      if (!this.#methods.has(name) && only) this.#methods.set(name, only);
    }
    const { run, asyncRun } = this.method(CALL);
    Object.assign(this, { run, asyncRun });
  }

  override method(name: string): RunnerMethod {
    const method = this.#methods.get(name);
    if (method === undefined) throw new ModuleMethodError(this.tag, name);
    return method;
  }

  get forward(): RunnerMethod {
    return this.method('forward');
  }

  get inputs(): readonly ModelInput[] {
    const { inputs } = (this.fact('schema') as PytorchFacts).plan;
    return inputs.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
  }

  get outputs(): readonly ModelInput[] {
    return (this.fact('schema') as PytorchFacts).outputs;
  }

  get maxBatchSize(): number {
    const { signatures, options } = this.#settings;
    const [[name, signature] = [CALL, undefined]] = [...signatures].filter(
      ([method]) => method === CALL || signatures.size === 1,
    );
    // The protocol's batch is always the first dimension.
    const firsts = signature?.batchDim.every((dim) => dim === 0) ?? false;
    const { enabled, maxBatchSize } = options.batchingOf(name);
    return signature?.batchable === true && firsts && enabled ? maxBatchSize : 0;
  }

  override open(): Promise<void> {
    this.#opening ??= super.open().then(() => {
      const { plan, warnings } = this.fact('schema') as PytorchFacts;
      for (const warning of warnings) this.#settings.warn(`${this.tag}: ${warning}`);
      this.#plan = plan;
      for (const [, signature] of this.#settings.signatures) this.#checkBatchDim(signature);
    });
    return this.#opening;
  }

  #methodOf(name: string, signature: ModelSignature): RunnerMethod {
    const alone: Call = (tensors, options) => super.method(CALL).run(tensors, options);
    let batched: BatchedMethod<Tensor[], unknown> | undefined;
    let call: Call | undefined;
    const run = async (item: unknown, options: RunOptions = {}): Promise<unknown> => {
      if (this.#plan === undefined) await this.open();
      if (call === undefined) {
        batched = this.#batched(name, signature);
        call = batched?.run ?? alone;
      }
      batched?.check();
      const { tensors, owned } = readInputs(this.#plan!, item);
      return call(tensors, owned ? { ...options, transfer: true } : options);
    };
    return { run, asyncRun: run };
  }

  #checkBatchDim({ batchable, batchDim }: ModelSignature): void {
    if (!batchable || this.#plan?.text === undefined || batchDim.every((dim) => dim === 0)) return;
    throw new InvalidRunnerOptionError(
      this.tag,
      `its signature has batchDim [${batchDim.join(', ')}], but the rows of a text classifier are dimension 0 of its inputs and outputs`,
      'save it with batchDim: 0',
    );
  }

  /** The batched method; undefined if calls run alone. */
  #batched(
    name: string,
    { batchable, batchDim }: ModelSignature,
  ): BatchedMethod<Tensor[], unknown> | undefined {
    const batching = this.#settings.options.batchingOf(name);
    if (!batchable || !batching.enabled) return undefined;
    const text = this.#plan?.text !== undefined;
    const codec = text ? textCodec : tensorCodec({ batchDim, padding: batching.padding });
    return this.batched({
      // Its name in the worker.
      method: CALL,
      codec: codec as BatchCodec<Tensor[], unknown>,
      batching,
    });
  }
}

/**
 * A runner of a model of the PyTorch layer; it loads the model when it is opened, or at its first
 * call.
 *
 * @throws ModuleMethodError if no signature of the model is for its call.
 * @throws InvalidRunnerOptionError if an option cannot be used.
 */
export function createPytorchRunner<Output extends PytorchOutput = Tensor>(
  model: Model,
  options: RunnerOptions & {
    inputs?: readonly ModelInput[];
    warn?: (message: string) => void;
  } = {},
): PytorchRunner<Output> {
  const tag = model.tag.toString();
  const { warn = () => undefined, inputs: givenInputs, ...given } = options;
  const resolved = resolveRunnerOptions(tag, given);
  if (resolved.onnx !== undefined) {
    throw new InvalidRunnerOptionError(
      tag,
      'onnx is for fastai learners',
      "save the ONNX file itself: pytorch.saveModel(name, 'model.onnx')",
    );
  }
  const signatures = signaturesOf(model, warn);
  const inputs = givenInputs === undefined ? modelInputsOf(model) : checkModelInputs(givenInputs);
  const init: PytorchInit = {
    file: fileOf(model),
    threads: resolved.threads,
    inputs,
    kept: keptOptions(model),
    executionProviders: resolved.executionProviders,
    strict: resolved.strict,
    graphOptimizationLevel: resolved.graphOptimizationLevel,
    precision: resolved.precision,
    cacheFolder: join(model.path, CACHE_FOLDER),
  };
  const runnable = new URL('./runnable.js', import.meta.url).href;
  const pool = new WorkerPool({ ...resolved, name: tag, runnable, init, warn });
  const runner = new ModuleRunner(tag, pool, { options: resolved, signatures, warn });
  return runner as unknown as PytorchRunner<Output>;
}

/** The signatures for the call. BentoML may have saved others, which are ignored. */
function signaturesOf(
  model: Model,
  warn: (message: string) => void,
): ReadonlyMap<string, ModelSignature> {
  const tag = model.tag.toString();
  const all = Object.entries(model.info.signatures);
  if (all.length === 0) return new Map([[CALL, { batchable: false, batchDim: [0, 0] }]]);
  const known = all.filter(([method]) => PYTORCH.methods.includes(method));
  const [other] = all.filter(([method]) => !PYTORCH.methods.includes(method));
  if (other && known.length === 0) throw new ModuleMethodError(tag, other[0]);
  if (other) warn(new ModuleMethodError(tag, other[0]).message);
  return new Map(known);
}
