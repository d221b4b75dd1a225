import type { ModelMetadata } from '../../../client/protocol/messages.js';
import { learnerOf } from '../../open-inference/tensors/properties.js';
import type { RemoteModel } from '../contract.js';
import { languageModel } from './language-model.js';
import { learnerModel } from './learner-model.js';
import { runnableModel, type RunnableMethods } from './runnable-model.js';
import { tensorModel } from './tensor-model.js';

/**
 * The model that a server's metadata describes: a learner or a PyTorch layer model if the server is
 * an application of this module that says so; else a model of tensors.
 *
 * @param methods The methods of a custom runnable, as its class declares them.
 * @throws ModelNotServableError, InferenceMessageError
 */
export function readModel(
  runner: string,
  metadata: ModelMetadata,
  methods?: RunnableMethods,
): RemoteModel {
  if (methods !== undefined) return runnableModel(runner, methods);
  const { properties } = metadata;
  const learner = learnerOf(properties);
  if (learner === undefined) {
    const listed = properties?.['kind'] === 'module';
    return tensorModel(runner, metadata, { kind: listed ? 'module' : 'tensors', listed });
  }
  const { description, vocab } = learner;
  return description.kind === 'lm'
    ? languageModel(runner, description, vocab)
    : learnerModel(runner, description, vocab);
}
