import type { Datatype, TensorData } from './datatypes.js';

/** A value of `parameters`. @publicApi */
export type ParameterValue = boolean | number | bigint | string;

/** What a message says beside its tensors. @publicApi */
export type Parameters = Readonly<Record<string, ParameterValue>>;

/** A named tensor. @publicApi */
export interface InferTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: TensorData;
  readonly parameters?: Parameters;
}

/** An output that a request asks for. @publicApi */
export interface RequestedOutput {
  readonly name: string;
  readonly parameters?: Parameters;
}

/** @publicApi */
export interface InferRequest {
  readonly modelName: string;
  /** '' for the latest. */
  readonly modelVersion: string;
  readonly id?: string;
  readonly parameters?: Parameters;
  readonly inputs: readonly InferTensor[];
  /** All where there are none. */
  readonly outputs?: readonly RequestedOutput[];
}

/** @publicApi */
export interface InferResponse {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id?: string;
  readonly parameters?: Parameters;
  readonly outputs: readonly InferTensor[];
}

/** What a model takes or gives; -1 stands for any size. @publicApi */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly parameters?: Parameters;
}

/** @publicApi */
export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
  /**
   * What the model's server tells beyond the protocol, as gRPC's `properties` have it; over REST a
   * member of the same name. A server of this package tells `kind` (of a runner), and of a learner
   * `description`, JSON of `learner.description`, from which a remote runner knows how to send items
   * and to read answers.
   */
  readonly properties?: Readonly<Record<string, string>>;
}

/** @publicApi */
export interface ServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}
