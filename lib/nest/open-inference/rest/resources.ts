import type {
  ConfiguredTensor,
  Duration,
  GenerateResponse,
  ModelConfig,
  ModelStatistics,
} from '../../../client/contract.js';
import { shortened } from '../../../learner/errors/index.js';
import { InferenceMessageError } from '../../../client/protocol/errors.js';
import type { Parameters, ParameterValue } from '../../../client/protocol/messages.js';
import {
  isObject,
  readParameters,
  type JsonObject,
} from '../../../client/protocol/rest-tensors.js';

/** A configuration in Triton's JSON form. */
export function configJson(config: ModelConfig): object {
  const { name, platform, backend, maxBatchSize, input, output, parameters, decoupled } = config;
  const tensor = ({ name: of, dataType, dims }: ConfiguredTensor): object => {
    return { name: of, data_type: dataType, dims };
  };
  return {
    name,
    platform,
    backend,
    max_batch_size: maxBatchSize,
    input: input.map(tensor),
    output: output.map(tensor),
    parameters: Object.fromEntries(
      Object.entries(parameters).map(([key, value]) => [key, { string_value: value }]),
    ),
    model_transaction_policy: { decoupled },
  };
}

/** Statistics in Triton's JSON form. */
export function statisticsJson(statistics: readonly ModelStatistics[]): object {
  const duration = ({ count, ns }: Duration): object => ({ count: Number(count), ns: Number(ns) });
  const models = statistics.map((model) => ({
    name: model.name,
    version: model.version,
    last_inference: Number(model.lastInference),
    inference_count: Number(model.inferenceCount),
    execution_count: Number(model.executionCount),
    inference_stats: Object.fromEntries(
      Object.entries(model.inferenceStats).map(([key, value]) => [key, duration(value)]),
    ),
    batch_stats: [],
    memory_usage: [],
  }));
  return { model_stats: models };
}

export function generateJson({ id, modelName, modelVersion, text }: GenerateResponse): object {
  return {
    ...(id !== undefined && { id }),
    model_name: modelName,
    model_version: modelVersion,
    text_output: text,
  };
}

/** The body of a request to continue a text. */
export interface GenerateBody {
  readonly id?: string;
  readonly text: string;
  readonly parameters: Parameters;
}

/**
 * Reads the body of "generate". Members next to `text_input`, `id` and `parameters` are also
 * parameters, because Triton's clients send `max_tokens` there.
 *
 * @throws InferenceMessageError
 */
export function readGenerateBody(bytes: Uint8Array): GenerateBody {
  const json = readJson(bytes);
  const { text_input: given, id, parameters, ...others } = json;
  // Triton also accepts a list of one text.
  const text = Array.isArray(given) && given.length === 1 ? (given[0] as unknown) : given;
  if (typeof text !== 'string') {
    const fact = given === undefined ? '"text_input" is missing' : '"text_input" is not a string';
    throw new InferenceMessageError(fact, 'send the text to continue');
  }
  if (id !== undefined && id !== null && typeof id !== 'string') {
    throw new InferenceMessageError('"id" is not a string', 'send a string, or nothing');
  }
  const all: Record<string, ParameterValue> = Object.create(null) as Record<string, ParameterValue>;
  Object.assign(
    all,
    readParameters(others, 'the message'),
    readParameters(parameters, 'the message'),
  );
  return { ...(typeof id === 'string' && id !== '' && { id }), text, parameters: all };
}

/**
 * Whether the body of an index request asks only for ready models.
 * @throws InferenceMessageError
 */
export function readReadyOnly(bytes: Uint8Array): boolean {
  const { ready = false } = readJson(bytes);
  if (typeof ready === 'boolean') return ready;
  throw new InferenceMessageError('"ready" is not a boolean', 'send true or false');
}

/**
 * Checks that a request to load a model does not contain a model, because models come from the
 * store.
 *
 * @throws InferenceMessageError
 */
export function refuseOwnModel(bytes: Uint8Array): void {
  const { parameters } = readJson(bytes);
  const [key] = Object.keys(readParameters(parameters, 'the message'));
  if (key === undefined) return;
  throw new InferenceMessageError(
    `The parameter "${shortened(key, 40)}" is not supported: models are loaded as they are in the store`,
    'leave it out',
  );
}

/** The object in a body; an empty object for an empty body. @throws InferenceMessageError */
function readJson(bytes: Uint8Array): JsonObject {
  if (bytes.length === 0) return {};
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    const fact = `The body is not valid JSON (${shortened((error as Error).message)})`;
    throw new InferenceMessageError(fact, 'send JSON');
  }
  if (isObject(json)) return json;
  throw new InferenceMessageError('The body is not an object', 'send an object');
}
