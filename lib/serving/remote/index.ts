import { DeferredRunner } from '../models/deferred-runner.js';
import type { FastaiRunner } from '../models/fastai/types.js';
import { resolveRunnerOptions } from '../runner/runner-options.js';
import type { RunnerOptions } from '../runner/runner-options-types.js';
import type { RunnerHandle } from '../runner/runner-types.js';
import type { RunnableMethods } from './models/runnable-model.js';
import { Tag } from '../store/index.js';

/** Options for calling a model that runs elsewhere. @publicApi */
export interface RemoteRunnerOptions extends Pick<
  RunnerOptions,
  'timeoutMs' | 'maxQueueSize' | 'maxConcurrency'
> {
  remote: NonNullable<RunnerOptions['remote']>;
  /**
   * The methods that do not declare tensors, of a custom runnable that another application of this
   * module serves. Call them with `runner.method(name)`.
   *
   * @default none: the model is a learner or takes tensors
   */
  methods?: readonly string[];
  /** Called when no server is ready any more, and when one is ready again. @default nobody */
  warn?: (message: string) => void;
}

/**
 * Creates a runner of a model that another process serves with the Open Inference Protocol. The
 * runner has the same members as the model's runner on the server. If the server is an application
 * of this module, `predict` returns fastai's triple, `predictStream` words, and `run` tensors. If
 * the server is Triton, KServe or MLServer, `run` takes tensors by the names of the model's inputs.
 * It returns a `Tensor`, or an object of tensors by name if the model has several outputs.
 *
 * @param tag `name` or `name:version` of the model.
 * @throws InvalidRunnerOptionError, InvalidTagError
 *
 * @example
 * const runner = remoteRunner<FastaiRunner<string>>('fastai_sentiment', { remote:
 * 'grpc://models:8081' }); const [label, index, probabilities] = await runner.predict.run('I loved
 * it'); await runner.close();
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

/** The runner behind {@link remoteRunner}. Only it loads the client of the protocol. */
export async function openedRemote(
  tag: string,
  options: RunnerOptions,
  warn?: (message: string) => void,
  methods?: RunnableMethods,
): Promise<RunnerHandle> {
  const { RemoteRunner } = await import('./remote-runner.js');
  return new RemoteRunner(tag, { options, ...(warn && { warn }), ...(methods && { methods }) });
}
