import {
  DURATIONS,
  type Duration,
  type ModelConfig,
  type ModelStatistics,
  type RepositoryModel,
} from '../contract.js';
import { requireDatatype } from '../protocol/checks.js';
import type { ModelMetadata, TensorMetadata } from '../protocol/messages.js';

// Protobuf objects with the field names of the .proto, and 64-bit numbers as strings.

export interface TensorMetadataMessage {
  name: string;
  datatype: string;
  shape: (string | number)[];
}

export interface ModelMetadataMessage {
  name: string;
  versions: string[];
  platform: string;
  inputs: TensorMetadataMessage[];
  outputs: TensorMetadataMessage[];
  /** The protocol has no place for parameters of tensors; they may be here. */
  properties: Record<string, string>;
}

export function modelMetadataMessage({
  name,
  versions,
  platform,
  inputs,
  outputs,
  properties,
}: ModelMetadata): ModelMetadataMessage {
  return {
    name,
    versions: [...versions],
    platform,
    inputs: inputs.map(tensorMessage),
    outputs: outputs.map(tensorMessage),
    properties: { ...properties },
  };
}

function tensorMessage({ name, datatype, shape }: TensorMetadata): TensorMetadataMessage {
  return { name, datatype, shape: [...shape] };
}

/** @throws InferenceMessageError for a datatype that the protocol does not support. */
export function readModelMetadata({
  name,
  versions,
  platform,
  inputs,
  outputs,
  properties,
}: ModelMetadataMessage): ModelMetadata {
  return {
    name,
    versions,
    platform,
    inputs: inputs.map(readTensorMetadata),
    outputs: outputs.map(readTensorMetadata),
    ...(Object.keys(properties).length > 0 && { properties }),
  };
}

function readTensorMetadata({ name, datatype, shape }: TensorMetadataMessage): TensorMetadata {
  requireDatatype(name, datatype);
  return { name, datatype, shape: shape.map(Number) };
}

export interface ConfiguredTensorMessage {
  name: string;
  data_type: string;
  dims: (string | number)[];
}

export interface ModelConfigMessage {
  name: string;
  platform: string;
  backend: string;
  max_batch_size: number;
  input: ConfiguredTensorMessage[];
  output: ConfiguredTensorMessage[];
  parameters: Record<string, { string_value: string }>;
  model_transaction_policy: { decoupled: boolean } | null;
}

export function modelConfigMessage(config: ModelConfig): ModelConfigMessage {
  const tensors = (list: ModelConfig['input']): ConfiguredTensorMessage[] =>
    list.map(({ name, dataType, dims }) => ({ name, data_type: dataType, dims: [...dims] }));
  return {
    name: config.name,
    platform: config.platform,
    backend: config.backend,
    max_batch_size: config.maxBatchSize,
    input: tensors(config.input),
    output: tensors(config.output),
    parameters: Object.fromEntries(
      Object.entries(config.parameters).map(([key, value]) => [key, { string_value: value }]),
    ),
    model_transaction_policy: { decoupled: config.decoupled },
  };
}

export function readModelConfig(message: ModelConfigMessage): ModelConfig {
  const tensors = (list: readonly ConfiguredTensorMessage[]): ModelConfig['input'] =>
    list.map(({ name, data_type, dims }) => ({
      name,
      dataType: data_type,
      dims: dims.map(Number),
    }));
  return {
    name: message.name,
    platform: message.platform,
    backend: message.backend,
    maxBatchSize: message.max_batch_size,
    input: tensors(message.input),
    output: tensors(message.output),
    parameters: Object.fromEntries(
      Object.entries(message.parameters).map(([key, { string_value }]) => [key, string_value]),
    ),
    decoupled: message.model_transaction_policy?.decoupled ?? false,
  };
}

export interface DurationMessage {
  count: string;
  ns: string;
}

type Durations = keyof ModelStatistics['inferenceStats'];

export interface ModelStatisticsMessage {
  name: string;
  version: string;
  last_inference: string;
  inference_count: string;
  execution_count: string;
  inference_stats: Record<Durations, DurationMessage | null> | null;
}

function durations<From, To>(
  from: Readonly<Record<Durations, From>> | null,
  convert: (duration: From | undefined) => To,
): Record<Durations, To> {
  const entries = DURATIONS.map((key) => [key, convert(from?.[key])] as const);
  return Object.fromEntries(entries) as Record<Durations, To>;
}

export function statisticsMessage(statistics: ModelStatistics): ModelStatisticsMessage {
  return {
    name: statistics.name,
    version: statistics.version,
    last_inference: String(statistics.lastInference),
    inference_count: String(statistics.inferenceCount),
    execution_count: String(statistics.executionCount),
    inference_stats: durations(statistics.inferenceStats, (duration?: Duration) => ({
      count: String(duration?.count ?? 0n),
      ns: String(duration?.ns ?? 0n),
    })),
  };
}

export function readStatistics(message: ModelStatisticsMessage): ModelStatistics {
  return {
    name: message.name,
    version: message.version,
    lastInference: BigInt(message.last_inference),
    inferenceCount: BigInt(message.inference_count),
    executionCount: BigInt(message.execution_count),
    inferenceStats: durations(message.inference_stats, (duration?: DurationMessage | null) => ({
      count: BigInt(duration?.count ?? 0),
      ns: BigInt(duration?.ns ?? 0),
    })),
  };
}

const STATES: readonly string[] = ['READY', 'UNAVAILABLE', 'LOADING', 'UNLOADING'];

export interface RepositoryModelMessage {
  name: string;
  version: string;
  state: string;
  reason: string;
}

export function readRepositoryModel(message: RepositoryModelMessage): RepositoryModel {
  const known = STATES.includes(message.state);
  return { ...message, state: known ? (message.state as RepositoryModel['state']) : 'UNKNOWN' };
}
