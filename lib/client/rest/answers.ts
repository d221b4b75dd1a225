import {
  DURATIONS,
  type ConfiguredTensor,
  type GenerateResponse,
  type ModelConfig,
  type ModelStatistics,
  type RepositoryModel,
} from '../contract.js';
import { isDatatype } from '../protocol/datatypes.js';
import type { ModelMetadata, ServerMetadata, TensorMetadata } from '../protocol/messages.js';
import { lateRefusal } from './failures.js';
import { JsonAnswer } from './json-answer.js';

// Members that servers leave out, or send as null, are empty here: MLServer has no model versions,
// KServe no platform, OpenVINO's server no extensions.

export function readServerMetadata(what: string, text: string): ServerMetadata {
  const answer = JsonAnswer.of(what, text);
  return {
    name: answer.text('name'),
    version: answer.text('version', ''),
    extensions: answer.texts('extensions'),
  };
}

export function readModelMetadata(what: string, text: string): ModelMetadata {
  const answer = JsonAnswer.of(what, text);
  return {
    name: answer.text('name'),
    versions: answer.texts('versions'),
    platform: answer.text('platform', ''),
    inputs: answer.objects('inputs').map(tensorMetadata),
    outputs: answer.objects('outputs').map(tensorMetadata),
    ...propertiesOf(answer.object('properties')),
  };
}

function propertiesOf(object: JsonAnswer): Pick<ModelMetadata, 'properties'> {
  const texts = object
    .entries()
    .filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return texts.length > 0 ? { properties: Object.fromEntries(texts) } : {};
}

function tensorMetadata(tensor: JsonAnswer): TensorMetadata {
  const datatype = tensor.text('datatype');
  if (!isDatatype(datatype)) throw tensor.broken('datatype', 'is not one of the protocol');
  const parameters: Record<string, string | number | boolean> = Object.create(null) as never;
  for (const [key, value] of tensor.object('parameters').entries()) {
    // MLServer adds lists and objects to them.
    if (['string', 'number', 'boolean'].includes(typeof value)) parameters[key] = value as string;
  }
  return {
    name: tensor.text('name'),
    datatype,
    shape: tensor.sizes('shape'),
    ...(Object.keys(parameters).length > 0 && { parameters }),
  };
}

export function readModelConfig(what: string, text: string): ModelConfig {
  const answer = JsonAnswer.of(what, text);
  const parameters = answer.object('parameters');
  return {
    name: answer.text('name'),
    platform: answer.text('platform', ''),
    backend: answer.text('backend', ''),
    maxBatchSize: Number(answer.count('max_batch_size', 0n)),
    input: answer.objects('input').map(configuredTensor),
    output: answer.objects('output').map(configuredTensor),
    parameters: Object.fromEntries(
      parameters.entries().map(([key]) => [key, parameters.object(key).text('string_value', '')]),
    ),
    decoupled: answer.object('model_transaction_policy').flag('decoupled', false),
  };
}

function configuredTensor(tensor: JsonAnswer): ConfiguredTensor {
  return {
    name: tensor.text('name'),
    dataType: tensor.text('data_type'),
    dims: tensor.sizes('dims'),
  };
}

/**
 * Counts that a double may not hold exactly. Quotation marks in names are escaped, so this does not
 * match in them.
 */
const LARGE_COUNTS =
  /("(?:count|ns|last_inference|inference_count|execution_count)"\s*:\s*)(\d{16,20})(?!\d)/g;

export function readStatistics(what: string, text: string): readonly ModelStatistics[] {
  const answer = JsonAnswer.of(what, text.replace(LARGE_COUNTS, '$1"$2"'));
  return answer.objects('model_stats').map((model) => {
    const stats = model.object('inference_stats');
    const durations = DURATIONS.map((key) => {
      const duration = stats.object(key);
      return [key, { count: duration.count('count', 0n), ns: duration.count('ns', 0n) }] as const;
    });
    return {
      name: model.text('name'),
      version: model.text('version', ''),
      lastInference: model.count('last_inference', 0n),
      inferenceCount: model.count('inference_count', 0n),
      executionCount: model.count('execution_count', 0n),
      inferenceStats: Object.fromEntries(durations) as ModelStatistics['inferenceStats'],
    };
  });
}

const STATES: readonly string[] = ['READY', 'UNAVAILABLE', 'LOADING', 'UNLOADING'];

export function readRepositoryIndex(what: string, text: string): readonly RepositoryModel[] {
  return JsonAnswer.listOf(what, text).map((model) => {
    const state = model.text('state', '');
    return {
      name: model.text('name'),
      version: model.text('version', ''),
      state: (STATES.includes(state) ? state : 'UNKNOWN') as RepositoryModel['state'],
      reason: model.text('reason', ''),
    };
  });
}

export function readGenerated(what: string, text: string): GenerateResponse {
  const answer = JsonAnswer.of(what, text);
  if (answer.has('error') && !answer.has('text_output')) throw lateRefusal(what, text);
  const id = answer.text('id', '');
  return {
    modelName: answer.text('model_name', ''),
    modelVersion: answer.text('model_version', ''),
    ...(id !== '' && { id }),
    text: answer.text('text_output'),
  };
}
