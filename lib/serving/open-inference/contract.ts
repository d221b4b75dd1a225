import type {
  GenerateRequest,
  GenerateResponse,
  ModelConfig,
  ModelStatistics,
  RepositoryModel,
} from '../../client/contract.js';
import type {
  InferRequest,
  InferResponse,
  ModelMetadata,
  ServerMetadata,
} from '../../client/protocol/messages.js';
import type { RunnerHandle } from '../runner/runner-types.js';

/** A runner that is served. @publicApi */
export interface ServedRunner {
  /** The name of the model, without its version. */
  readonly name: string;
  /** The version that runs now; '1' for custom runnables. */
  readonly version: string;
  /** Whether it serves requests without a version, or for `latest`. */
  readonly latest: boolean;
  readonly runner: RunnerHandle;
}

/**
 * The runners of an application at this moment. Versions may change later.
 *
 * @publicApi
 */
export interface ServedRunners {
  list(): readonly ServedRunner[];
  /** The models that clients may load and unload; undefined if they may not (the default). */
  readonly repository?: ServedRepository;
}

/** The operations of clients on a repository of models. @publicApi */
export interface ServedRepository {
  index(): Promise<readonly RepositoryModel[]>;
  load(name: string): Promise<void>;
  unload(name: string): Promise<void>;
}

/**
 * The Open Inference Protocol over the runners of an application, independent of the transport.
 * Calls run in the current `requestScope`, which ends them early and holds their deadline and
 * trace.
 *
 * @throws InferenceMessageError, ModelNotServedError (NOT_FOUND), ModelNotReadyError (UNAVAILABLE),
 * RepositoryClosedError (UNIMPLEMENTED in gRPC, 400 as Triton in REST), ModelNotServableError,
 * InferenceItemError, ResponseTooLargeError, RunnableOutputError, and the errors of runners.
 *
 * @publicApi
 */
export interface InferenceService {
  serverMetadata(): ServerMetadata;
  serverReady(): boolean;
  /** The names of the models, without duplicates. */
  models(): readonly string[];
  modelReady(name: string, version: string): boolean;
  modelMetadata(name: string, version: string): ModelMetadata;
  modelConfig(name: string, version: string): ModelConfig;
  /** '' for all. */
  statistics(name: string, version: string): readonly ModelStatistics[];
  infer(request: InferRequest): Promise<InferResponse>;
  generate(request: GenerateRequest): Promise<GenerateResponse>;
  /** Refuses a request at once, before it sends anything. Leaving the iteration stops the work. */
  generateStream(request: GenerateRequest): AsyncIterable<GenerateResponse>;
  /**
   * The answers to a request that has several, because the method of a custom runnable returns a
   * stream. Undefined if it has one answer: use `infer`. Leaving the iteration stops the work.
   */
  inferStream(request: InferRequest): AsyncIterable<InferResponse> | undefined;
  repositoryIndex(readyOnly: boolean): Promise<readonly RepositoryModel[]>;
  repositoryLoad(name: string): Promise<void>;
  repositoryUnload(name: string): Promise<void>;
}
