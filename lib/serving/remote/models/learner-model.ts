import type { Tensor } from 'onnxruntime-common';
import type { InferResponse, Parameters } from '../../../client/protocol/messages.js';
import type { LearnerDescription, Prediction, Results } from '../../../learner/fastai/contract.js';
import { UnexpectedItemError, WrongLearnerKindError } from '../../../learner/fastai/errors.js';
import type { ExplainOptions } from '../../../learner/fastai/explanation.js';
import type { TtaOptions, TtaPredictions } from '../../../learner/fastai/tta.js';
import { joinResults } from '../../../learner/fastai/results/results.js';
import { isFrame } from '../../../learner/fastai/tabular/table.js';
import { LEARNER_METHODS } from '../../models/fastai/methods.js';
import {
  DECODE_ROW,
  EXPLAIN,
  EXPLAIN_TARGET,
  ROW,
  SHOW,
} from '../../open-inference/models/json-answers.js';
import { isSeparate, SEPARATE, ttaParameters } from '../../open-inference/models/tta-parameters.js';
import { writeExact } from '../../open-inference/tensors/exact-json.js';
import { itemCodecOf, type ItemCodec } from '../../open-inference/tensors/item-codec.js';
import { tensorOf } from '../../open-inference/tensors/onnx-tensor.js';
import { predictionsOf, PROBABILITIES } from '../../open-inference/tensors/prediction.js';
import { stacked } from '../../open-inference/tensors/stack.js';
import type { FarSide, RemoteItem, RemoteModel } from '../contract.js';
import { RemoteAnswerError, RemoteItemError, RemoteMethodError } from '../errors.js';
import { jsonAnswer } from './json-answer.js';
import { inParts, requestsOf, together, type Inputs } from './together.js';

type Triple = Prediction<unknown, Results>;

/**
 * A learner served by another application of this module. It returns fastai's own triples.
 *
 * @throws ModelNotServableError for a learner whose items tensors cannot express.
 */
export function learnerModel(
  runner: string,
  description: LearnerDescription,
  vocab: unknown,
): RemoteModel {
  const codec = itemCodecOf(runner, description);
  return {
    description: {
      kind: description.kind,
      vocab,
      schema: description.columns,
      description,
      methods: LEARNER_METHODS,
    },

    call(method, call, farSide) {
      switch (method) {
        case 'predict':
          return predict(runner, description, codec, call, farSide);
        case 'getPreds':
        case 'get_preds':
          return getPreds(runner, description, codec, call, farSide);
        case 'tta':
          return tta(runner, codec, call, farSide);
        case 'show':
          return shown(runner, codec, call, farSide);
        case 'explain':
          return explained(runner, codec, call, farSide);
        case 'decodeRow':
          if (description.kind === 'tabular') return decodedRow(runner, call, farSide);
          throw new WrongLearnerKindError('decodeRow', 'tabular', description.kind);
        default:
          throw new RemoteMethodError(runner, method);
      }
    },
  };
}

async function predict(
  runner: string,
  description: LearnerDescription,
  codec: ItemCodec,
  { item }: RemoteItem,
  farSide: FarSide,
): Promise<Triple> {
  const inputs = await codec.inputsOf(item);
  const [triple] = triplesOf(runner, description, 1, await farSide.infer({ inputs }));
  return triple as Triple;
}

async function getPreds(
  runner: string,
  description: LearnerDescription,
  codec: ItemCodec,
  { item, options }: RemoteItem,
  farSide: FarSide,
): Promise<unknown> {
  const { withDecoded = false, withInput = false } = options;
  if (withInput === true) {
    throw new RemoteMethodError(
      runner,
      'getPreds',
      'withInput returns the inputs as the model sees them, which the protocol does not support',
      'leave withInput out, or run the model in this process',
    );
  }
  const items = itemsOf(item);
  const inputs = await Promise.all(items.map(async (each) => codec.inputsOf(each)));
  const triples = await inParts(requestsOf(inputs), async (part) =>
    triplesOf(runner, description, part.length, await farSide.infer({ inputs: together(part) })),
  );
  const all = (at: 1 | 2): Results =>
    joinResults(
      triples.map((triple) => triple[at]),
      (tensors) => tensorOf(stacked('predictions', tensors)),
    );
  return [all(2), null, ...(withDecoded === true ? [all(1)] : [])];
}

async function tta(
  runner: string,
  codec: ItemCodec,
  { item, options }: RemoteItem,
  farSide: FarSide,
): Promise<TtaPredictions> {
  const parameters = ttaParameters(options as TtaOptions);
  const inputs = await Promise.all(itemsOf(item).map(async (each) => codec.inputsOf(each)));
  const [part = [], ...others] = requestsOf(inputs);
  if (others.length > 0) {
    // A pass draws its random transforms for all items. Parts of the list would get different ones.
    const fact = `The ${inputs.length} items of tta() do not fit one request`;
    throw new RemoteItemError(runner, fact, 'give at most 64 items of one shape, of up to 4 MB');
  }
  const { outputs } = await farSide.infer({ inputs: together(part), parameters });
  const names = isSeparate(options as TtaOptions) ? SEPARATE : [PROBABILITIES];
  // A server that does not know the parameters returns a prediction of the plain items.
  if (outputs.length !== names.length || outputs.some(({ name }, at) => name !== names[at])) {
    throw new RemoteAnswerError(runner, 'it is not the answer to tta()');
  }
  const [first, second] = outputs.map(tensorOf) as [Tensor, Tensor | undefined];
  return second === undefined ? [first, null] : [[first, second], null];
}

async function shown(
  runner: string,
  codec: ItemCodec,
  { item }: RemoteItem,
  farSide: FarSide,
): Promise<unknown> {
  return jsonAnswer(runner, SHOW, await codec.inputsOf(item), farSide);
}

async function explained(
  runner: string,
  codec: ItemCodec,
  { item, options }: RemoteItem,
  farSide: FarSide,
): Promise<unknown> {
  const { target } = options as ExplainOptions;
  const parameters: Parameters = target === undefined ? {} : { [EXPLAIN_TARGET]: target };
  return jsonAnswer(runner, EXPLAIN, await codec.inputsOf(item), farSide, parameters);
}

async function decodedRow(
  runner: string,
  { item }: RemoteItem,
  farSide: FarSide,
): Promise<unknown> {
  const data = [writeExact(ROW.name, item)];
  const inputs: Inputs = [{ name: ROW.name, datatype: 'BYTES', shape: [1], data }];
  return jsonAnswer(runner, DECODE_ROW, inputs, farSide);
}

function triplesOf(
  runner: string,
  description: LearnerDescription,
  count: number,
  { outputs }: InferResponse,
): readonly Triple[] {
  const triples = predictionsOf(outputs, description);
  if (triples.length === count) return triples;
  throw new RemoteAnswerError(runner, `there are ${triples.length} predictions for ${count} items`);
}

function itemsOf(given: unknown): readonly unknown[] {
  if (isFrame(given)) {
    const names = given.columnNames();
    const columns = names.map((name) => given.array(name));
    return Array.from({ length: columns[0]?.length ?? 0 }, (_, row) =>
      Object.fromEntries(names.map((name, at) => [name, columns[at]?.[row]])),
    );
  }
  if (!Array.isArray(given)) throw new UnexpectedItemError('no list', 'a list of items');
  if (given.length === 0) throw new UnexpectedItemError('an empty list', 'at least one item');
  return given as unknown[];
}
