import { shortened } from '../../learner/errors/index.js';
import { readRaw, writeRaw } from '../protocol/binary.js';
import {
  refuseSharedMemory,
  refuseTwice,
  requireDatatype,
  requireFew,
  TextCount,
} from '../protocol/checks.js';
import { InferenceMessageError } from '../protocol/errors.js';
import type {
  InferRequest,
  InferResponse,
  InferTensor,
  RequestedOutput,
} from '../protocol/messages.js';
import { elementsOf } from '../protocol/shape.js';
import { readContents, writeContents } from './contents.js';
import { ParameterReader, writeParameters } from './parameters.js';
import { WIRE, WireReader } from './wire/reader.js';
import { WireWriter } from './wire/writer.js';

/**
 * A request parameter: `false` asks for typed contents. The same as in REST, except for the
 * default.
 */
const RAW_OUTPUT = 'binary_data_output';

/** An answer on a stream. */
export type StreamResponse =
  | {
      readonly error: string;
      /** The part of the request that was read, so that its client knows which request failed. */
      readonly of?: Pick<InferRequest, 'modelName' | 'modelVersion' | 'id'>;
    }
  | { readonly error?: undefined; readonly response: InferResponse };

/** `ModelInferRequest`. @throws InferenceMessageError */
export function readInferRequest(bytes: Uint8Array): InferRequest {
  const { message, outputs } = readMessage(bytes, { tensors: 5, outputs: 6, raw: 7 });
  const { tensors, ...head } = message;
  return { ...head, inputs: tensors, ...(outputs.length > 0 && { outputs }) };
}

/** `ModelInferResponse`. @throws InferenceMessageError */
export function readInferResponse(bytes: Uint8Array): InferResponse {
  const { tensors, ...head } = readMessage(bytes, { tensors: 5, outputs: 0, raw: 6 }).message;
  return { ...head, outputs: tensors };
}

/** `ModelStreamInferResponse`. @throws InferenceMessageError */
export function readStreamResponse(bytes: Uint8Array): StreamResponse {
  const reader = new WireReader(bytes);
  let error = '';
  let response: Uint8Array = new Uint8Array();
  while (reader.next()) {
    if (reader.field === 1) error = reader.text();
    else if (reader.field === 2) response = reader.view();
    else reader.skip();
  }
  return error === '' ? { response: readInferResponse(response) } : { error };
}

/** A request with its inputs as raw bytes. @throws InferenceMessageError */
export function inferRequestBytes(request: InferRequest): Buffer {
  const message = writeHead(request);
  for (const input of request.inputs) message.message(5, writeTensor(input));
  for (const { name, parameters } of request.outputs ?? []) {
    const output = new WireWriter().text(1, name);
    writeParameters(output, 2, parameters);
    message.message(6, output);
  }
  for (const { datatype, data } of request.inputs) message.bytes(7, writeRaw(datatype, data));
  return message.finish();
}

/**
 * A response with its outputs as raw bytes, whatever the request had: Triton's clients read only
 * raw bytes, and those of KServe and MLServer read both. With the request parameter
 * `binary_data_output: false`, outputs are typed, unless one is FP16, which only raw bytes can
 * carry.
 */
export function inferResponseBytes(
  response: InferResponse,
  request?: Pick<InferRequest, 'parameters'>,
): Buffer {
  return writeResponse(response, request).finish();
}

/** The kind of one answer of `ModelStreamInfer`. */
export function streamResponseBytes(
  answer: StreamResponse,
  request?: Pick<InferRequest, 'parameters'>,
): Buffer {
  const message = new WireWriter();
  if (answer.error !== undefined) {
    message.text(1, answer.error);
    return (answer.of ? message.message(2, writeHead(answer.of)) : message).finish();
  }
  return message.message(2, writeResponse(answer.response, request)).finish();
}

function writeResponse(
  response: InferResponse,
  request: Pick<InferRequest, 'parameters'> | undefined,
): WireWriter {
  const half = response.outputs.some(({ datatype }) => datatype === 'FP16');
  const typed = request?.parameters?.[RAW_OUTPUT] === false && !half;
  const message = writeHead(response);
  for (const output of response.outputs) {
    const tensor = writeTensor(output);
    const { name, datatype, data } = output;
    message.message(5, typed ? tensor.message(5, writeContents(name, datatype, data)) : tensor);
  }
  if (typed) return message;
  for (const { datatype, data } of response.outputs) message.bytes(6, writeRaw(datatype, data));
  return message;
}

function writeHead({
  modelName,
  modelVersion,
  id,
  parameters,
}: Omit<InferResponse, 'outputs'>): WireWriter {
  const head = new WireWriter().text(1, modelName).text(2, modelVersion).text(3, id);
  writeParameters(head, 4, parameters);
  return head;
}

function writeTensor({ name, datatype, shape, parameters }: InferTensor): WireWriter {
  const tensor = new WireWriter().text(1, name).text(2, datatype);
  if (shape.length > 0) {
    const sizes = new WireWriter();
    for (const size of shape) sizes.varint(size);
    tensor.message(3, sizes);
  }
  writeParameters(tensor, 4, parameters);
  return tensor;
}

interface Message extends Omit<InferResponse, 'outputs'> {
  readonly tensors: readonly InferTensor[];
}

/** Requests and responses differ in the numbers of their last fields. */
function readMessage(
  bytes: Uint8Array,
  numbers: { readonly tensors: number; readonly outputs: number; readonly raw: number },
): { readonly message: Message; readonly outputs: readonly RequestedOutput[] } {
  const reader = new WireReader(bytes);
  const parameters = new ParameterReader();
  let [modelName, modelVersion, id] = ['', '', ''];
  const tensors: Uint8Array[] = [];
  const outputs: RequestedOutput[] = [];
  const raw: Uint8Array[] = [];
  const add = <Part>(list: Part[], part: Part): void => {
    list.push(part);
    requireFew(list.length, 'The message has');
  };
  while (reader.next()) {
    if (reader.field === 1) modelName = reader.text();
    else if (reader.field === 2) modelVersion = reader.text();
    else if (reader.field === 3) id = reader.text();
    else if (reader.field === 4) parameters.add(reader);
    else if (reader.field === numbers.tensors) add(tensors, reader.view());
    else if (reader.field === numbers.outputs) add(outputs, readOutput(reader.view()));
    else if (reader.field === numbers.raw) add(raw, reader.view());
    else reader.skip();
  }
  if (raw.length > 0 && raw.length !== tensors.length) {
    throw new InferenceMessageError(
      `The message has ${tensors.length} tensors and ${raw.length} raw contents`,
      'send raw contents for every tensor, or for none',
    );
  }
  const texts = new TextCount();
  const read = tensors.map((tensor, at) => readTensor(tensor, raw[at], texts));
  refuseTwice(read, 'tensor');
  refuseTwice(outputs, 'output');
  const head = { modelName, modelVersion, ...(id !== '' && { id }) };
  const message = { ...head, ...parameters.member, tensors: read };
  return { message, outputs };
}

function readTensor(bytes: Uint8Array, raw: Uint8Array | undefined, texts: TextCount): InferTensor {
  const reader = new WireReader(bytes);
  const parameters = new ParameterReader();
  const shape: number[] = [];
  const contents: Uint8Array[] = [];
  let [name, datatype] = ['', ''];
  while (reader.next()) {
    if (reader.field === 1) name = reader.text();
    else if (reader.field === 2) datatype = reader.text();
    else if (reader.field === 3) readSizes(reader, shape);
    else if (reader.field === 4) parameters.add(reader);
    else if (reader.field === 5) addPart(reader, contents);
    else reader.skip();
  }
  requireName(name, 'A tensor');
  requireDatatype(name, datatype);
  const count = elementsOf(name, shape);
  refuseSharedMemory(name, parameters.values);
  texts.add(datatype, count);
  const tensor = { name, datatype, shape, ...parameters.member };
  if (raw === undefined) {
    return { ...tensor, data: readContents({ name, datatype, count }, contents) };
  }
  if (contents.length > 0) {
    throw new InferenceMessageError(
      `The tensor "${shortened(name)}" has both typed and raw contents`,
      'send only one of them',
    );
  }
  return { ...tensor, data: readRaw(name, datatype, count, raw) };
}

/** Protobuf may split a message; writers do not. */
const MOST_PARTS = 64;

function addPart(reader: WireReader, parts: Uint8Array[]): void {
  const part = reader.view();
  if (part.length === 0) return;
  parts.push(part);
  if (parts.length > MOST_PARTS) throw reader.broken(`contents in more than ${MOST_PARTS} parts`);
}

/** Sizes that a number cannot hold exactly are refused with the shape. */
function readSizes(reader: WireReader, shape: number[]): void {
  const add = (from: WireReader): void => {
    from.varint();
    // One more than allowed shows that there are too many.
    if (shape.length <= 32) shape.push(Number(from.int64()));
  };
  if (reader.type === WIRE.varint) return add(reader);
  const packed = new WireReader(reader.view());
  while (!packed.done) add(packed);
}

function readOutput(bytes: Uint8Array): RequestedOutput {
  const reader = new WireReader(bytes);
  const parameters = new ParameterReader();
  let name = '';
  while (reader.next()) {
    if (reader.field === 1) name = reader.text();
    else if (reader.field === 2) parameters.add(reader);
    else reader.skip();
  }
  requireName(name, 'An output');
  refuseSharedMemory(name, parameters.values);
  return { name, ...parameters.member };
}

function requireName(name: string, what: string): void {
  if (name === '') throw new InferenceMessageError(`${what} has no name`, 'send its name');
}
