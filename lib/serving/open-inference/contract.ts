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
  /** Whether a request that names no version, or `latest`, is for it. */
  readonly latest: boolean;
  readonly runner: RunnerHandle;
}

/**
 * The runners of an application, as they are at this moment: versions may be taken up meanwhile.
 *
 * @publicApi
 */
export interface ServedRunners {
  list(): readonly ServedRunner[];
  /** What clients may have loaded and unloaded; undefined where they may not (the default). */
  readonly repository?: ServedRepository;
}

/** What clients may do with a repository of models. @publicApi */
export interface ServedRepository {
  index(): Promise<readonly RepositoryModel[]>;
  load(name: string): Promise<void>;
  unload(name: string): Promise<void>;
}

/**
 * The Open Inference Protocol over the runners of an application, whatever carries it. Calls run in
 * the current `requestScope`, which ends them early and holds their deadline and trace.
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
  /** Names of models, each once. */
  models(): readonly string[];
  modelReady(name: string, version: string): boolean;
  modelMetadata(name: string, version: string): ModelMetadata;
  modelConfig(name: string, version: string): ModelConfig;
  /** '' for all. */
  statistics(name: string, version: string): readonly ModelStatistics[];
  infer(request: InferRequest): Promise<InferResponse>;
  generate(request: GenerateRequest): Promise<GenerateResponse>;
  /** Refuses at once, before anything is sent; leaving the iteration stops the work. */
  generateStream(request: GenerateRequest): AsyncIterable<GenerateResponse>;
  repositoryIndex(readyOnly: boolean): Promise<readonly RepositoryModel[]>;
  repositoryLoad(name: string): Promise<void>;
  repositoryUnload(name: string): Promise<void>;
}
