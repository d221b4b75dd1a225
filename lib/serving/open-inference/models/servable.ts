import type { GenerateRequest } from '../../../client/contract.js';
import type {
  InferRequest,
  InferTensor,
  ModelMetadata,
  TensorMetadata,
} from '../../../client/protocol/messages.js';
import type { InputSpec } from '../request.js';

/** What bounds a request. */
export interface ServableLimits {
  /** Items of a request. */
  readonly maxRows: number;
  /** Bytes of its answer. */
  readonly maxResponseBytes: number;
}

/** A request that has been read: what is left is to run it. */
export interface ReadRequest {
  readonly rows: number;
  /** Gives what writes the outputs that are wanted. */
  run(): Promise<() => readonly InferTensor[]>;
}

/** A model as the protocol has it, whatever kind of runner is behind it. */
export interface ServableModel {
  readonly platform: string;
  readonly inputs: readonly InputSpec[];
  readonly outputs: readonly TensorMetadata[];
  readonly properties?: ModelMetadata['properties'];
  /** 0 where the first size of a tensor is not a batch's. */
  readonly maxBatchSize: number;
  /** @throws InputError for inputs that it does not take. */
  read(request: InferRequest): ReadRequest;
  /** Of models that continue texts. */
  readonly generation?: Generation;
}

export interface Generation {
  whole(request: GenerateRequest): Promise<string>;
  /** What is added, piece by piece. @throws InputError at once */
  pieces(request: GenerateRequest): AsyncIterable<string>;
}
