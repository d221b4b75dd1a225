import { shortened } from '../../learner/errors/index.js';
import type { GenerateRequest, GenerateResponse } from '../contract.js';
import { InferenceMessageError } from '../protocol/errors.js';
import type { InferRequest, InferResponse } from '../protocol/messages.js';

// The extension "generate" is defined for REST. Over gRPC, its members are tensors of the same
// names, and its parameters those of the request. A ModelStreamInfer stream answers in pieces.

const TEXT_INPUT = 'text_input';
const TEXT_OUTPUT = 'text_output';

/**
 * Asks Triton, and servers like it, to end a failed stream with a status, not only with a message.
 */
export const STATUS_OF_STREAM = 'triton_grpc_error';

export function generateAsInfer({ text, ...request }: GenerateRequest): InferRequest {
  const input = { name: TEXT_INPUT, datatype: 'BYTES', shape: [1], data: [text] } as const;
  return { ...request, inputs: [input], outputs: [{ name: TEXT_OUTPUT }] };
}

/** The text of an answer. @throws InferenceMessageError if it has none. */
export function readGenerated({ outputs, ...response }: InferResponse): GenerateResponse {
  const output = outputs.find(({ name }) => name === TEXT_OUTPUT);
  const text =
    output?.datatype === 'BYTES' && output.data.length === 1 ? output.data[0] : undefined;
  if (text === undefined) {
    const names = outputs.map(({ name }) => shortened(name, 40)).slice(0, 5);
    throw new InferenceMessageError(
      `The answer has no text "${TEXT_OUTPUT}" (but ${names.join(', ') || 'nothing'})`,
      'use a model that generates text',
    );
  }
  const { modelName, modelVersion, id } = response;
  const decoded = typeof text === 'string' ? text : Buffer.from(text as Uint8Array).toString();
  return { modelName, modelVersion, ...(id !== undefined && { id }), text: decoded };
}
