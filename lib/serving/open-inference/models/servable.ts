import type { GenerateRequest } from '../../../client/contract.js';
import type {
  InferRequest,
  InferTensor,
  ModelMetadata,
  TensorMetadata,
} from '../../../client/protocol/messages.js';
import type { InputSpec } from '../request.js';

export interface ServableLimits {
  /** The limit on the items of a request. */
  readonly maxRows: number;
  /** The limit on the bytes of its answer. */
  readonly maxResponseBytes: number;
}

/** A request that has been read and is ready to run. */
export interface ReadRequest {
  readonly rows: number;
  /** Runs the request; returns a function that writes the wanted outputs. */
  run(): Promise<() => readonly InferTensor[]>;
}

/** A model in the protocol, independent of the kind of its runner. */
export interface ServableModel {
  readonly platform: string;
  readonly inputs: readonly InputSpec[];
  readonly outputs: readonly TensorMetadata[];
  readonly properties?: ModelMetadata['properties'];
  /** 0 if the first dimension of its tensors is not a batch. */
  readonly maxBatchSize: number;
  /** @throws InputError for inputs that it does not take. */
  read(request: InferRequest): ReadRequest;
  /**
   * The values of a method that returns a stream, each with the outputs of one answer; undefined if
   * the request has a single answer.
   *
   * @throws InputError at once
   */
  stream?(request: InferRequest): AsyncIterable<readonly InferTensor[]> | undefined;
  /** Only for models that continue texts. */
  readonly generation?: Generation;
}

export interface Generation {
  whole(request: GenerateRequest): Promise<string>;
  /** Streams what is added, piece by piece. @throws InputError at once */
  pieces(request: GenerateRequest): AsyncIterable<string>;
}
