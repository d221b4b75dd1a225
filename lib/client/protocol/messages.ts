import type { Datatype, TensorData } from './datatypes.js';

/** A value of `parameters`. @publicApi */
export type ParameterValue = boolean | number | bigint | string;

/** The parameters of a message, besides its tensors. @publicApi */
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
  /** If empty, all outputs. */
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

/** An input or output of a model; -1 stands for any size. @publicApi */
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
   * Facts from the model's server beyond the protocol: gRPC's `properties`, and over REST a member
   * of the same name. A server of this package gives the `kind` of the runner and, for a learner,
   * `description`: the JSON of `learner.description`. A remote runner needs it to send items and
   * read answers.
   */
  readonly properties?: Readonly<Record<string, string>>;
}

/** @publicApi */
export interface ServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}
