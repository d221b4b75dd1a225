/**
 * A client of the Open Inference Protocol for Node and browsers. The build for browsers speaks
 * REST only.
 *
 * @module nestjs-vts/client
 */
export { InputError, VtsError } from '../learner/errors/index.js';
export type * from './contract.js';
export { InferenceError, type InferenceFailure } from './errors.js';
export {
  InferenceClient,
  type GenerateOptions,
  type InferOptions,
  type ModelRef,
} from './inference-client.js';
export {
  InferenceClientOptionError,
  type InferenceClientOptions,
  type InferenceTls,
} from './options.js';
export type { Datatype, TensorData } from './protocol/datatypes.js';
export { InferenceMessageError } from './protocol/errors.js';
export type * from './protocol/messages.js';
export { InferenceResult } from './result.js';
export type { InferValue, OrtTensor } from './values.js';
