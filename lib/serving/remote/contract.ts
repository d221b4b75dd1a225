import type { GenerateRequest, GenerateResponse } from '../../client/contract.js';
import type { InferRequest, InferResponse } from '../../client/protocol/messages.js';
import type { ModelInput } from '../../learner/pytorch/index.js';
import type { Description } from '../runner/pool/protocol.js';

/** A call of a method of a remote runner. */
export interface RemoteItem {
  readonly item: unknown;
  /** Options of the method itself, without those of every call. */
  readonly options: Readonly<Record<string, unknown>>;
  /** When its time is over where it begins now, on the clock; Infinity for never. */
  limit(): number;
  readonly timeoutMs: number;
  /** Its caller wants a stream of values. */
  readonly streams: boolean;
}

/** What a call may ask of the far side. */
export interface FarSide {
  infer(request: Omit<InferRequest, 'modelName' | 'modelVersion'>): Promise<InferResponse>;
  generate(request: Pick<GenerateRequest, 'text' | 'parameters'>): Promise<GenerateResponse>;
  generateStream(
    request: Pick<GenerateRequest, 'text' | 'parameters'>,
  ): AsyncIterable<GenerateResponse>;
}

/** The methods of a model that is served elsewhere, as its metadata tells. */
export interface RemoteModel {
  readonly description: Description;
  /** What the model takes and gives; undefined where that is something else than tensors. */
  readonly inputs?: readonly ModelInput[];
  readonly outputs?: readonly ModelInput[];
  /**
   * Runs a method: gives its result, or its values.
   *
   * @throws RemoteMethodError for methods that are not served.
   */
  call(
    method: string,
    call: RemoteItem,
    farSide: FarSide,
  ): Promise<unknown> | AsyncIterable<unknown>;
}
