/**
 * The imports of a custom runnable’s module in a worker. A worker that imports this in place of
 * the whole package starts sooner.
 *
 * @module nestjs-vts/runnable
 */
export { Tensor } from 'onnxruntime-common';
export {
  RunnableMethod,
  type RunnableMethodOptions,
} from './serving/models/custom/runnable-method.decorator.js';
export { Runnable, type RunnableOptions } from './serving/models/custom/runnable.decorator.js';
export type { RunnableTensor, RunnableTensors } from './serving/models/custom/tensor-options.js';
export { InputError, VtsError } from './learner/errors/index.js';
export type {
  OnRunnableDestroy,
  OnRunnableInit,
  RunnableContext,
} from './serving/models/custom/types.js';
