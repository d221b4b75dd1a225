import type { Module } from '../../torch/module.js';
import { UnsupportedModuleError } from '../errors.js';
import { Value, type Graph } from '../graph.js';
import type { Flow } from './context.js';
import { lowerModel, type LowerOptions } from './lower-model.js';
import { lowerings } from './registry.js';

interface OwnLanguageModel extends LowerOptions {
  /**
   * Whether the learner has fastai's RNNCallback: the model then returns three results, and the
   * first one has the logits.
   */
  readonly isOfThree: boolean;
}

/**
 * Turns a notebook's own language model into a graph from `ids`, int64 [1, length], to `logits`,
 * [1, length, vocabulary]. fastai gives it the whole text for each word, and resets it before.
 *
 * @throws UnsupportedModuleError if fastai fails on the model's results
 */
export function lowerOwnLanguageModel(
  root: Module,
  { isOfThree, ...how }: OwnLanguageModel,
): Graph {
  const refuse = (reason: string): never => {
    throw new UnsupportedModuleError(root.path, root.className, reason);
  };
  // The lowering of fastai's decoder leaves out the other results.
  const isReduced = lowerings.has(root.className);
  const logitsOf = (result: Flow): Flow => {
    if (result instanceof Value) {
      if (isReduced || !isOfThree) return result;
      return refuse("fastai's RNNCallback takes the first of three results, but it returns one");
    }
    if (!isOfThree) return refuse(`it returns ${result.length} results instead of the logits`);
    if (result.length !== 3) {
      return refuse(`fastai's RNNCallback takes three results, but it returns ${result.length}`);
    }
    const [first] = result;
    return first instanceof Value ? first : (first?.at(-1) ?? refuse('its first result is empty'));
  };
  const { graph } = lowerModel(root, {
    ...how,
    inputs: [{ name: 'ids', dtype: 'int64', dims: [1, 'length'] }],
    outputs: ['logits'],
    plainTensors: false,
    select: logitsOf,
  });
  return graph;
}
