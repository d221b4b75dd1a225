import type {
  InferRequest,
  InferResponse,
  ModelMetadata,
  Parameters,
  ServerMetadata,
} from './protocol/messages.js';

/**
 * The kind of failure, by gRPC's names. Over HTTP: 400 and other 4xx INVALID_ARGUMENT, 401
 * UNAUTHENTICATED, 403 PERMISSION_DENIED, 404 NOT_FOUND, 413 and 429 RESOURCE_EXHAUSTED, 499
 * CANCELLED, 501 UNIMPLEMENTED, 503 UNAVAILABLE, 504 DEADLINE_EXCEEDED, else INTERNAL.
 *
 * @publicApi
 */
export type InferenceStatus =
  | 'CANCELLED'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'UNAUTHENTICATED';

/** Options of a single call. @publicApi */
export interface InferenceCallOptions {
  /** The time limit of the call in milliseconds; 0 for no limit. @default the client's */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Headers (metadata in gRPC) of this call. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A text to continue, with the extension "generate". @publicApi */
export interface GenerateRequest {
  readonly modelName: string;
  /** '' for the latest. */
  readonly modelVersion: string;
  readonly id?: string;
  /** `text_input`. */
  readonly text: string;
  readonly parameters?: Parameters;
}

/** @publicApi */
export interface GenerateResponse {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id?: string;
  /** `text_output`: the whole text; in a stream, the part added since the last answer. */
  readonly text: string;
}

/** The counts and times of the extension "statistics". */
export const DURATIONS = [
  'success',
  'fail',
  'queue',
  'compute_input',
  'compute_infer',
  'compute_output',
  'cache_hit',
  'cache_miss',
] as const;

/** Counts and nanoseconds, as in Triton's extension "statistics". @publicApi */
export interface Duration {
  readonly count: bigint;
  readonly ns: bigint;
}

/** @publicApi */
export interface ModelStatistics {
  readonly name: string;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly lastInference: bigint;
  /** Rows. */
  readonly inferenceCount: bigint;
  /** Runs of the model. */
  readonly executionCount: bigint;
  readonly inferenceStats: Readonly<Record<(typeof DURATIONS)[number], Duration>>;
}

/**
 * The configuration of a model in Triton's extension "model_configuration", as far as it applies
 * here. @publicApi
 */
export interface ModelConfig {
  readonly name: string;
  readonly platform: string;
  readonly backend: string;
  /** 0 if the first size of a tensor is not a batch size. */
  readonly maxBatchSize: number;
  /** `dims`, without the batch size if there is one. */
  readonly input: readonly ConfiguredTensor[];
  readonly output: readonly ConfiguredTensor[];
  readonly parameters: Readonly<Record<string, string>>;
  /** Whether a request may have more than one answer. */
  readonly decoupled: boolean;
}

/** @publicApi */
export interface ConfiguredTensor {
  readonly name: string;
  /** `TYPE_FP32`, `TYPE_STRING`, ... */
  readonly dataType: string;
  readonly dims: readonly number[];
}

/** A model of the extension "model_repository". @publicApi */
export interface RepositoryModel {
  readonly name: string;
  readonly version: string;
  readonly state: 'READY' | 'UNAVAILABLE' | 'LOADING' | 'UNLOADING' | 'UNKNOWN';
  readonly reason: string;
}

/**
 * The way to a server: REST or gRPC.
 *
 * @throws InferenceError from every method.
 */
export interface InferenceTransport {
  infer(request: InferRequest, options: InferenceCallOptions): Promise<InferResponse>;
  generate(request: GenerateRequest, options: InferenceCallOptions): Promise<GenerateResponse>;
  generateStream(
    request: GenerateRequest,
    options: InferenceCallOptions,
  ): AsyncIterable<GenerateResponse>;
  /**
   * Several answers to one request, as of Triton's decoupled models. Only over gRPC: REST has no
   * place for them.
   */
  inferStream?(request: InferRequest, options: InferenceCallOptions): AsyncIterable<InferResponse>;
  serverLive(options: InferenceCallOptions): Promise<boolean>;
  serverReady(options: InferenceCallOptions): Promise<boolean>;
  modelReady(name: string, version: string, options: InferenceCallOptions): Promise<boolean>;
  serverMetadata(options: InferenceCallOptions): Promise<ServerMetadata>;
  modelMetadata(
    name: string,
    version: string,
    options: InferenceCallOptions,
  ): Promise<ModelMetadata>;
  modelConfig(name: string, version: string, options: InferenceCallOptions): Promise<ModelConfig>;
  /** '' for all. */
  statistics(
    name: string,
    version: string,
    options: InferenceCallOptions,
  ): Promise<readonly ModelStatistics[]>;
  repositoryIndex(
    readyOnly: boolean,
    options: InferenceCallOptions,
  ): Promise<readonly RepositoryModel[]>;
  repositoryLoad(name: string, options: InferenceCallOptions): Promise<void>;
  repositoryUnload(name: string, options: InferenceCallOptions): Promise<void>;
  close(): Promise<void>;
}
