import { shortened } from '../../learner/errors/index.js';
import { hasAny, refuseTwice, requireFew } from './checks.js';
import { InferenceMessageError } from './errors.js';
import type { InferRequest, InferResponse, InferTensor, RequestedOutput } from './messages.js';
import {
  binaryTensor,
  BinaryPart,
  isObject,
  jsonText,
  readName,
  readParameters,
  readTensor,
  tensorText,
  type JsonObject,
} from './rest-tensors.js';

/** The header that tells where JSON ends and binary data begins. */
export const HEADER_LENGTH = 'inference-header-content-length';

const decoder = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();

/** A body on the wire: JSON, followed by the raw tensors. */
export interface RestBody {
  readonly chunks: readonly Uint8Array[];
  /** The bytes of JSON; undefined if nothing follows it. */
  readonly headerLength: number | undefined;
}

/** The value of {@link HEADER_LENGTH}. @throws InferenceMessageError */
function readHeaderLength(value: string | undefined, body: number): number {
  if (value === undefined || value === '') return body;
  const length = /^\d{1,15}$/.test(value.trim()) ? Number(value) : NaN;
  if (length <= body) return length;
  throw new InferenceMessageError(
    `${HEADER_LENGTH} is "${shortened(value, 40)}", but the body has ${body} bytes`,
    'send the number of bytes of JSON in the body',
  );
}

/**
 * A request for inference.
 *
 * @param headerLength The header {@link HEADER_LENGTH}.
 * @throws InferenceMessageError
 */
export function readInferRequest(
  body: Uint8Array,
  headerLength: string | undefined,
  model: Pick<InferRequest, 'modelName' | 'modelVersion'>,
): InferRequest {
  const { json, binary } = parted(body, headerLength);
  const asked = json['outputs'] ?? [];
  if (!Array.isArray(asked)) {
    throw new InferenceMessageError('"outputs" is not a list', 'send [{ name }, ...], or nothing');
  }
  const inputs = readTensors(json['inputs'], 'inputs', binary);
  const outputs = asked.map(readOutput);
  refuseTwice(outputs, 'output');
  binary.end();
  return { ...model, ...common(json), inputs, ...(outputs.length > 0 && { outputs }) };
}

/** A response. @throws InferenceMessageError */
export function readInferResponse(
  body: Uint8Array,
  headerLength: string | undefined,
): InferResponse {
  const { json, binary } = parted(body, headerLength);
  const outputs = readTensors(json['outputs'], 'outputs', binary);
  binary.end();
  const text = (key: string): string => (typeof json[key] === 'string' ? json[key] : '');
  return {
    modelName: text('model_name'),
    modelVersion: text('model_version'),
    ...common(json),
    outputs,
  };
}

/**
 * Writes a request as a body.
 *
 * @param binary Whether inputs are sent, and outputs requested, as raw bytes.
 */
export function inferRequestBody(
  { id, parameters, inputs, outputs }: InferRequest,
  binary: boolean,
): RestBody {
  const all = binary ? { ...parameters, binary_data_output: true } : parameters;
  return bodyOf(
    {
      ...(id !== undefined && { id }),
      ...(hasAny(all) && { parameters: all }),
      ...(outputs && { outputs }),
    },
    'inputs',
    inputs,
    () => binary,
  );
}

/** Writes a response as a body; `request` tells which outputs to send as raw bytes. */
export function inferResponseBody(
  { modelName, modelVersion, id, parameters, outputs }: InferResponse,
  request: Pick<InferRequest, 'parameters' | 'outputs'>,
): RestBody {
  const all = request.parameters?.['binary_data_output'] === true;
  const asked = new Map(
    request.outputs?.map(({ name, parameters: own }) => [name, own?.['binary_data']]),
  );
  const head = {
    model_name: modelName,
    ...(modelVersion !== '' && { model_version: modelVersion }),
    ...(id !== undefined && { id }),
    ...(hasAny(parameters) && { parameters }),
  };
  return bodyOf(head, 'outputs', outputs, ({ name }) => (asked.get(name) ?? all) === true);
}

function bodyOf(
  head: object,
  key: string,
  tensors: readonly InferTensor[],
  isBinary: (tensor: InferTensor) => boolean,
): RestBody {
  const binary: Uint8Array[] = [];
  const json = encoder.encode(
    tensors.every(isBinary)
      ? jsonText({ ...head, [key]: tensors.map((tensor) => binaryTensor(tensor, binary)) })
      : mixedText(head, key, tensors, (tensor) =>
          isBinary(tensor) ? jsonText(binaryTensor(tensor, binary)) : tensorText(tensor),
        ),
  );
  const headerLength = binary.length > 0 ? json.length : undefined;
  return { chunks: [json, ...binary], headerLength };
}

/** JSON with data in it, of which `JSON.stringify` would change numbers. */
function mixedText(
  head: object,
  key: string,
  tensors: readonly InferTensor[],
  textOf: (tensor: InferTensor) => string,
): string {
  const members = jsonText(head).slice(0, -1);
  return `${members}${members === '{' ? '' : ','}"${key}":[${tensors.map(textOf).join(',')}]}`;
}

function parted(
  body: Uint8Array,
  header: string | undefined,
): { json: JsonObject; binary: BinaryPart } {
  const length = readHeaderLength(header, body.length);
  let json: unknown;
  try {
    json = JSON.parse(decoder.decode(body.subarray(0, length)));
  } catch (error) {
    throw new InferenceMessageError(
      `The body is not valid JSON (${shortened((error as Error).message)})`,
      `send JSON; if binary data follows it, set the header ${HEADER_LENGTH}`,
    );
  }
  if (!isObject(json)) {
    throw new InferenceMessageError('The body is not an object', 'send { inputs: [...] }');
  }
  return { json, binary: new BinaryPart(body.subarray(length)) };
}

function common(json: JsonObject): Pick<InferRequest, 'id' | 'parameters'> {
  const { id } = json;
  if (id !== undefined && id !== null && typeof id !== 'string') {
    throw new InferenceMessageError('"id" is not a string', 'send a string, or nothing');
  }
  const parameters = readParameters(json['parameters'], 'the message');
  return { ...(typeof id === 'string' && { id }), ...(hasAny(parameters) && { parameters }) };
}

function readTensors(given: unknown, key: string, binary: BinaryPart): InferTensor[] {
  if (!Array.isArray(given)) {
    throw new InferenceMessageError(`"${key}" is not a list`, 'send a list of tensors');
  }
  requireFew(given.length, `"${key}" has`);
  const tensors = given.map((tensor) => readTensor(tensor, binary));
  refuseTwice(tensors, 'tensor');
  return tensors;
}

function readOutput(given: unknown): RequestedOutput {
  if (!isObject(given)) {
    throw new InferenceMessageError('An output is not an object', 'send { name }');
  }
  const name = readName(given, 'An output');
  const parameters = readParameters(given['parameters'], name);
  return { name, ...(hasAny(parameters) && { parameters }) };
}
