import type { Parameters } from '../../../client/protocol/messages.js';
import type { JsonAnswer } from '../../open-inference/models/json-answers.js';
import { readExact } from '../../open-inference/tensors/exact-json.js';
import { textsOf } from '../../open-inference/tensors/texts.js';
import type { FarSide } from '../contract.js';
import { RemoteAnswerError } from '../errors.js';
import type { Inputs } from './together.js';

/**
 * The result of a method for one item, which the server writes as JSON.
 *
 * @throws RemoteAnswerError for the answer of a server that does not know the parameter
 */
export async function jsonAnswer(
  runner: string,
  { method, parameter, output: name }: JsonAnswer,
  inputs: Inputs,
  farSide: FarSide,
  options: Parameters = {},
): Promise<unknown> {
  const parameters = { ...options, [parameter]: true };
  const [output, ...others] = (await farSide.infer({ inputs, parameters })).outputs;
  if (output?.name !== name || output.datatype !== 'BYTES' || others.length > 0) {
    throw new RemoteAnswerError(runner, `it is not the answer to ${method}()`);
  }
  const [text, ...more] = textsOf(output);
  if (text !== undefined && more.length === 0) return readExact(name, text);
  throw new RemoteAnswerError(runner, `it has ${output.data.length} results of ${method}()`);
}
