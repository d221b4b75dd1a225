import type { Tensor } from 'onnxruntime-common';
import type { InferResponse } from '../../../client/protocol/messages.js';
import type { LearnerDescription, Prediction, Results } from '../../../learner/fastai/contract.js';
import { UnexpectedItemError } from '../../../learner/fastai/errors.js';
import type { TtaOptions } from '../../../learner/fastai/tta.js';
import { joinResults } from '../../../learner/fastai/results/results.js';
import { isFrame } from '../../../learner/fastai/tabular/table.js';
import { LEARNER_METHODS } from '../../models/fastai/methods.js';
import { ttaParameters } from '../../open-inference/models/tta-parameters.js';
import { itemCodecOf, type ItemCodec } from '../../open-inference/tensors/item-codec.js';
import { tensorOf } from '../../open-inference/tensors/onnx-tensor.js';
import { predictionsOf } from '../../open-inference/tensors/prediction.js';
import { stacked } from '../../open-inference/tensors/stack.js';
import type { FarSide, RemoteItem, RemoteModel } from '../contract.js';
import { RemoteAnswerError, RemoteItemError, RemoteMethodError } from '../errors.js';
import { requestsOf, together, type Inputs } from './together.js';

/** How many requests of one call are in progress at most. */
const AT_ONCE = 4;

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
): Promise<[Tensor, null]> {
  const parameters = ttaParameters(options as TtaOptions);
  if (options['beta'] === null && options['useMax'] !== true) {
    const reason = 'beta: null returns two tensors';
    throw new RemoteMethodError(runner, 'tta', reason, 'leave beta out, or give a number');
  }
  const inputs = await Promise.all(itemsOf(item).map(async (each) => codec.inputsOf(each)));
  const [part = [], ...others] = requestsOf(inputs);
  if (others.length > 0) {
    // A pass draws its random transforms for all items. Parts of the list would get different ones.
    const fact = `The ${inputs.length} items of tta() do not fit one request`;
    throw new RemoteItemError(runner, fact, 'give at most 64 items of one shape, of up to 4 MB');
  }
  const { outputs } = await farSide.infer({ inputs: together(part), parameters });
  const [probabilities] = outputs;
  // A server that does not know the parameters returns a prediction of the plain items.
  if (outputs.length !== 1 || probabilities === undefined) {
    throw new RemoteAnswerError(runner, 'it is not the answer to tta()');
  }
  return [tensorOf(probabilities), null];
}

/** Runs each part of a list by itself, a few at a time, and returns the results in order. */
async function inParts<T>(
  parts: readonly Inputs[][],
  run: (part: Inputs[]) => Promise<readonly T[]>,
): Promise<T[]> {
  const results: (readonly T[])[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < parts.length) {
      const at = next++;
      try {
        results[at] = await run(parts[at] as Inputs[]);
      } catch (error) {
        // Nobody waits for the others any longer.
        next = parts.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, parts.length) }, work));
  return results.flat();
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
