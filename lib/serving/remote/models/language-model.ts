import type { Tensor } from 'onnxruntime-common';
import type { Parameters } from '../../../client/protocol/messages.js';
import type { LearnerDescription, Predictions } from '../../../learner/fastai/contract.js';
import { UnexpectedItemError } from '../../../learner/fastai/errors.js';
import { LEARNER_METHODS, notExplainable } from '../../models/fastai/methods.js';
import type { FarSide, RemoteModel } from '../contract.js';
import { RemoteAnswerError, RemoteMethodError } from '../errors.js';
import { SHOW } from '../../open-inference/models/json-answers.js';
import { tensorOf } from '../../open-inference/tensors/onnx-tensor.js';
import { PROBABILITIES } from '../../open-inference/tensors/prediction.js';
import { stacked, unstacked } from '../../open-inference/tensors/stack.js';
import { bytesTensor } from './bytes-tensor.js';
import { checkContinuation } from './continuation.js';
import { jsonAnswer } from './json-answer.js';
import { inParts, requestsOf, together } from './together.js';

const INPUT = 'text_input';

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
      if (method === 'getPreds' || method === 'get_preds') return getPreds(runner, item, farSide);
      if (typeof item !== 'string') throw new UnexpectedItemError(typeof item, 'a string');
      const request = { text: item, parameters: parametersOf(options) };
      switch (method) {
        case 'predict':
          checkContinuation(runner, options, true);
          return farSide.generate(request).then(({ text }) => text);
        case 'encode':
          return encode(runner, item, farSide);
        case 'show':
          return jsonAnswer(runner, SHOW, [bytesTensor(runner, INPUT, item)], farSide);
        case 'explain':
          throw notExplainable();
        case STREAM:
          return words(farSide, request);
        default:
          throw new RemoteMethodError(runner, method);
      }
    },
  };
}

async function encode(runner: string, text: string, farSide: FarSide): Promise<Tensor> {
  const inputs = [bytesTensor(runner, INPUT, text)];
  const { outputs } = await farSide.infer({ inputs, parameters: { encode: true } });
  const encoding = outputs.find(({ name }) => name === 'encoding');
  if (encoding?.datatype !== 'FP32' || encoding.shape[0] !== 1) {
    throw new RemoteAnswerError(runner, 'it is not the answer to encode()');
  }
  return unstacked(encoding)[0] as Tensor;
}

async function getPreds(runner: string, texts: unknown, farSide: FarSide): Promise<Predictions> {
  if (!Array.isArray(texts)) throw new UnexpectedItemError(typeof texts, 'a list of texts');
  if (texts.length === 0) throw new UnexpectedItemError('an empty list', 'at least one text');
  const inputs = texts.map((text) => {
    if (typeof text !== 'string') throw new UnexpectedItemError(typeof text, 'a string');
    return [bytesTensor(runner, INPUT, text)];
  });
  const rows = await inParts(requestsOf(inputs), async (part) => {
    const request = { inputs: together(part), parameters: { preds: true } };
    const [output] = (await farSide.infer(request)).outputs;
    const { name, datatype, shape } = output ?? {};
    if (name === PROBABILITIES && datatype === 'FP32' && shape?.[0] === part.length) {
      return unstacked(output!);
    }
    throw new RemoteAnswerError(runner, 'it is not the answer to getPreds()');
  });
  return [tensorOf(stacked('predictions', rows)), null];
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
