import type { LearnerDescription, TabularSchema } from '../../learner/fastai/contract.js';
import { portable } from '../../learner/fastai/data/stored-item.js';
import { WordStream } from '../../learner/fastai/text/lm/word-stream.js';
import type { ModelInput } from '../../learner/pytorch/index.js';
import type { ValueStream } from '../../learner/runtime/value-stream.js';
import { learnerMembers, LEARNER_METHODS } from '../models/fastai/methods.js';
import type { StreamRunOptions } from '../models/fastai/types.js';
import { CALL } from '../models/pytorch/rules.js';
import { RunnerNotReadyError } from '../runner/errors.js';
import { ModelRunner } from '../runner/model-runner.js';
import type { ResolvedRemote } from '../runner/remote-options.js';
import type { RunnerOptions, RunOptions } from '../runner/runner-options-types.js';
import { resolveRunnerOptions } from '../runner/runner-options.js';
import type { RunnerMethod } from '../runner/runner-types.js';
import { requestScope } from '../runtime/request-scope.js';
import { Tag } from '../store/index.js';
import { systemClock, type Clock } from './clock.js';
import type { RemoteItem, RemoteModel } from './contract.js';
import { checkContinuation } from './models/continuation.js';
import { STREAM } from './models/language-model.js';
import { readModel } from './models/read-model.js';
import type { RunnableMethods } from './models/runnable-model.js';
import { systemNetwork } from './network.js';
import { RemotePool } from './remote-pool.js';
import { Sender } from './sender.js';
import type { WantedModel } from './target.js';
import { Targets, type Network } from './targets.js';

const TENSOR_METHODS = [CALL, 'forward'];

export interface RemoteRunnerSetup {
  /** The options of the tag. */
  readonly options: RunnerOptions;
  /** The methods of a custom runnable; undefined for other models. */
  readonly methods?: RunnableMethods;
  readonly warn?: (message: string) => void;
  readonly network?: Network;
  readonly clock?: Clock;
}

/**
 * A model that other processes run. It has the members of a learner, a language model and a PyTorch
 * layer model, because its kind is known only later.
 */
export class RemoteRunner extends ModelRunner {
  /** The configured addresses. */
  readonly remote: readonly string[];
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #state: State;
  readonly #tell: (ready: boolean) => void;
  #opening: Promise<void> | undefined;

  constructor(tag: string, setup: RemoteRunnerSetup) {
    const { warn = () => undefined, clock = systemClock, network } = setup;
    const resolved = resolveRunnerOptions(tag, setup.options);
    const remote = resolved.remote as ResolvedRemote;
    const state: State = { model: undefined, open: false };
    const tell = (ready: boolean): void =>
      warn(ready ? `${tag}: a server is ready again` : `${tag}: ${noneReady(targets.obstacle)}`);
    const model = wantedModel(tag, remote, setup.methods !== undefined);
    const targets = new Targets({
      addresses: remote.addresses,
      model,
      probeMs: remote.probeMs,
      clock,
      network: network ?? systemNetwork(remote),
      described(metadata) {
        state.model = readModel(tag, metadata, setup.methods);
      },
      readyChanged(ready) {
        // Until it is open, whoever opens it reports that.
        if (state.open) tell(ready);
      },
      warn: (message) => warn(`${tag}: ${message}`),
    });
    const { retries, waitMs, headers } = remote;
    const sender = new Sender({ runner: tag, targets, retries, waitMs, headers, clock });
    const pool = new RemotePool({
      runner: tag,
      targets,
      sender,
      model,
      modelNow: () => state.model,
    });
    const methods = setup.methods?.keys() ?? [...LEARNER_METHODS, ...TENSOR_METHODS];
    super(tag, [...methods, STREAM], pool, resolved.timeoutMs, {
      maxQueueSize: resolved.maxQueueSize,
      maxConcurrency: remote.maxConcurrency ?? resolved.maxConcurrency,
    });
    this.remote = remote.addresses.map(({ url }) => url);
    this.#clock = clock;
    this.#deadlineMs = remote.deadlineMs;
    this.#state = state;
    this.#tell = tell;
    if (setup.methods !== undefined) return;
    const members = learnerMembers((name) => this.method(name));
    Object.assign(this, members, this.method(CALL), { forward: this.method('forward') });
  }

  /** Resolves even without a server: calls need one, but the start does not. */
  override open(): Promise<void> {
    this.#opening ??= super.open().then(() => {
      this.#state.open = true;
      if (!this.ready) this.#tell(false);
    });
    return this.#opening;
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

  /** Only for a model that takes tensors. */
  get inputs(): readonly ModelInput[] | undefined {
    return this.#model('inputs').inputs;
  }

  get outputs(): readonly ModelInput[] | undefined {
    return this.#model('outputs').outputs;
  }

  /** The server decides whether calls are batched. */
  get maxBatchSize(): number {
    return 0;
  }

  override method(name: string): RunnerMethod {
    const method = super.method(name);
    const run = (item: unknown, options?: RunOptions): Promise<unknown> => {
      const read = portable(item);
      const send = (sent: unknown): Promise<unknown> =>
        method.run(...this.#sent(sent, options, false));
      return read === undefined ? send(item) : read.then(send);
    };
    return { run, asyncRun: run };
  }

  predictStream(text: string, options?: StreamRunOptions): WordStream {
    checkContinuation(this.tag, options, false);
    const values = this.stream(STREAM, text, options);
    return new WordStream(() => values[Symbol.asyncIterator]() as AsyncGenerator<string>);
  }

  override stream(name: string, item: unknown, options?: RunOptions): ValueStream<unknown> {
    const [sent, how] = this.#sent(item, options, true);
    return super.stream(name, sent, how);
  }

  #model(member: string): RemoteModel {
    const { model } = this.#state;
    if (model === undefined) throw new RunnerNotReadyError(this.tag, member);
    return model;
  }

  #sent(item: unknown, given: RunOptions = {}, streams: boolean): [RemoteItem, RunOptions] {
    const { signal, timeoutMs: own = this.timeoutMs, transfer: _, ...options } = given;
    const most = Math.min(own > 0 ? own : Infinity, this.#deadlineMs);
    const timeoutMs = most === Infinity ? 0 : most;
    // A stream starts when somebody reads it.
    const limit = (): number => {
      const ofRequest = requestScope.getStore()?.deadlineAt ?? Infinity;
      return Math.min(this.#clock.now() + most, ofRequest);
    };
    return [
      { item, options, limit, timeoutMs, streams },
      { ...(signal && { signal }), timeoutMs },
    ];
  }
}

interface State {
  /** The latest description. */
  model: RemoteModel | undefined;
  open: boolean;
}

function noneReady(obstacle: string): string {
  return `no server is ready (${obstacle}); its calls wait, then fail with HTTP 503`;
}

/** @throws InvalidTagError */
function wantedModel(tag: string, remote: ResolvedRemote, isRunnable: boolean): WantedModel {
  // Names of runnables are not tags, and have no versions.
  const { name, version = 'latest' } = isRunnable ? { name: tag } : Tag.parse(tag);
  return {
    name: remote.model ?? name,
    version: remote.version ?? (version === 'latest' ? '' : version),
    headers: remote.headers,
  };
}
