import type { Tensor } from 'onnxruntime-common';
import type { Parameters } from '../../../client/protocol/messages.js';
import type { LearnerDescription } from '../../../learner/fastai/contract.js';
import { UnexpectedItemError } from '../../../learner/fastai/errors.js';
import { LEARNER_METHODS } from '../../models/fastai/methods.js';
import type { FarSide, RemoteModel } from '../contract.js';
import { RemoteAnswerError, RemoteMethodError } from '../errors.js';
import { unstacked } from '../../open-inference/tensors/stack.js';
import { bytesTensor } from './bytes-tensor.js';
import { checkContinuation } from './continuation.js';

/** The method behind `predictStream`. */
export const STREAM = 'predictStream';

/** A language model served by another application of this module. */
export function languageModel(
  runner: string,
  description: LearnerDescription,
  vocab: unknown,
): RemoteModel {
  return {
    description: { kind: 'lm', vocab, description, methods: [...LEARNER_METHODS, STREAM] },

    call(method, { item, options }, farSide) {
      if (typeof item !== 'string') throw new UnexpectedItemError(typeof item, 'a string');
      const request = { text: item, parameters: parametersOf(options) };
      switch (method) {
        case 'predict':
          checkContinuation(runner, options, true);
          return farSide.generate(request).then(({ text }) => text);
        case 'encode':
          return encode(runner, item, farSide);
        case STREAM:
          return words(farSide, request);
        default:
          throw new RemoteMethodError(runner, method);
      }
    },
  };
}

async function encode(runner: string, text: string, farSide: FarSide): Promise<Tensor> {
  const inputs = [bytesTensor(runner, 'text_input', text)];
  const { outputs } = await farSide.infer({ inputs, parameters: { encode: true } });
  const encoding = outputs.find(({ name }) => name === 'encoding');
  if (encoding?.datatype !== 'FP32' || encoding.shape[0] !== 1) {
    throw new RemoteAnswerError(runner, 'it is not the answer to encode()');
  }
  return unstacked(encoding)[0] as Tensor;
}

async function* words(farSide: FarSide, request: Asked): AsyncGenerator<string, void, undefined> {
  const parameters = { ...request.parameters, words: true };
  for await (const { text } of farSide.generateStream({ ...request, parameters })) yield text;
}

interface Asked {
  readonly text: string;
  readonly parameters: Parameters;
}

/** The options for continuing the text, by the server's names. */
function parametersOf({ nWords = 1, ...options }: Readonly<Record<string, unknown>>): Parameters {
  const given = Object.entries(options).filter(
    ([, value]) => value !== undefined && value !== null,
  );
  return { nWords, ...Object.fromEntries(given) } as Parameters;
}
