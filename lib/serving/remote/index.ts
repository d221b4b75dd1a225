import { DeferredRunner } from '../models/deferred-runner.js';
import type { FastaiRunner } from '../models/fastai/types.js';
import { resolveRunnerOptions } from '../runner/runner-options.js';
import type { RunnerOptions } from '../runner/runner-options-types.js';
import type { RunnerHandle } from '../runner/runner-types.js';
import type { RunnableMethods } from './models/runnable-model.js';
import { Tag } from '../store/index.js';

/** How a model that runs elsewhere is called. @publicApi */
export interface RemoteRunnerOptions extends Pick<
  RunnerOptions,
  'timeoutMs' | 'maxQueueSize' | 'maxConcurrency'
> {
  remote: NonNullable<RunnerOptions['remote']>;
  /**
   * Names of the methods of a custom runnable that another application of this module serves, which
   * declare no tensors. They are called by `runner.method(name)`.
   *
   * @default none: the model is a learner or takes tensors
   */
  methods?: readonly string[];
  /** Told when no server is ready any more, and when one is. @default nobody */
  warn?: (message: string) => void;
}

/**
 * A runner of a model that another process serves by the Open Inference Protocol. Its members are
 * those of the runner that the model has there: against another application of this module
 * `predict` gives fastai's triple, `predictStream` words, `run` tensors; against Triton, KServe and
 * MLServer `run` takes tensors by the names of the model's inputs, and gives a `Tensor`, or where
 * the model has several outputs an object of them by name.
 *
 * @param tag `name` or `name:version` of the model.
 * @throws InvalidRunnerOptionError, InvalidTagError
 *
 * @example
 * const runner = remoteRunner<FastaiRunner<string>>('fastai_sentiment', { remote: 'grpc://models:8081' });
 * const [label, index, probabilities] = await runner.predict.run('I loved it');
 * await runner.close();
 *
 * @publicApi
 */
export function remoteRunner<Runner extends RunnerHandle = FastaiRunner>(
  tag: string | Tag,
  { warn, methods, ...options }: RemoteRunnerOptions,
): Runner {
  const { name, version = 'latest' } = Tag.parse(tag);
  const wanted = `${name}:${version}`;
  resolveRunnerOptions(wanted, options);
  const named = methods && new Map(methods.map((method) => [method, {}]));
  const runner = new DeferredRunner(wanted, () => openedRemote(wanted, options, warn, named));
  return runner as unknown as Runner;
}

/** The runner behind {@link remoteRunner}, for which alone the client of the protocol is loaded. */
export async function openedRemote(
  tag: string,
  options: RunnerOptions,
  warn?: (message: string) => void,
  methods?: RunnableMethods,
): Promise<RunnerHandle> {
  const { RemoteRunner } = await import('./remote-runner.js');
  return new RemoteRunner(tag, { options, ...(warn && { warn }), ...(methods && { methods }) });
}
