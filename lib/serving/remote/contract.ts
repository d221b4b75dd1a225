import type { GenerateRequest, GenerateResponse } from '../../client/contract.js';
import type { InferRequest, InferResponse } from '../../client/protocol/messages.js';
import type { ModelInput } from '../../learner/pytorch/index.js';
import type { Description } from '../runner/pool/protocol.js';

/** A call of a method of a remote runner. */
export interface RemoteItem {
  readonly item: unknown;
  /** The options of the method itself, without the options of every call. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The deadline of a call that begins now, on the clock; Infinity for none. */
  limit(): number;
  readonly timeoutMs: number;
  /** Whether its caller wants a stream of values. */
  readonly streams: boolean;
}

/** The requests that a call may send to the remote side. */
export interface FarSide {
  infer(request: Omit<InferRequest, 'modelName' | 'modelVersion'>): Promise<InferResponse>;
  /**
   * Several answers to one request.
   * @throws RemoteMethodError if the transport does not support them
   */
  inferStream(
    request: Omit<InferRequest, 'modelName' | 'modelVersion'>,
  ): AsyncIterable<InferResponse>;
  generate(request: Pick<GenerateRequest, 'text' | 'parameters'>): Promise<GenerateResponse>;
  generateStream(
    request: Pick<GenerateRequest, 'text' | 'parameters'>,
  ): AsyncIterable<GenerateResponse>;
}

/** The methods of a remote model, according to its metadata. */
export interface RemoteModel {
  readonly description: Description;
  /**
   * The tensors that the model takes and returns; undefined if it uses something other than
   * tensors.
   */
  readonly inputs?: readonly ModelInput[];
  readonly outputs?: readonly ModelInput[];
  /**
   * Runs a method; returns its result, or a stream of values.
   *
   * @throws RemoteMethodError for methods that are not served.
   */
  call(
    method: string,
    call: RemoteItem,
    farSide: FarSide,
  ): Promise<unknown> | AsyncIterable<unknown>;
}
