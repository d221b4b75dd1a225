/**
 * The model store and runners, without Nest.
 *
 * @module nestjs-vts/serving
 */
import { createRunner } from './models/kinds.js';
import { createRunnersWith } from './store/model.js';

createRunnersWith(createRunner);

// The tensor type of onnxruntime, from its package without native code, so that importing this
// package loads none.
export { Tensor } from 'onnxruntime-common';
export { InputError, VtsError } from '../learner/errors/index.js';
export { ValueStream } from '../learner/runtime/value-stream.js';
export type { RunnableClass } from './models/custom/definition.js';
export {
  RunnableMethod,
  type RunnableMethodOptions,
} from './models/custom/runnable-method.decorator.js';
export { Runnable, type RunnableOptions } from './models/custom/runnable.decorator.js';
export type { RunnableTensor, RunnableTensors } from './models/custom/tensor-options.js';
export type * from './models/custom/types.js';
export * from './models/errors.js';
export * as fastai from './models/fastai/save.js';
export type { LoadFastaiOptions, SaveFastaiOptions } from './models/fastai/save.js';
export type * from './models/fastai/types.js';
export * as pytorch from './models/pytorch/save.js';
export type {
  LoadPytorchOptions,
  PytorchModel,
  PytorchRunnerOptions,
  SavePytorchOptions,
} from './models/pytorch/save.js';
export type { PytorchRunner } from './models/pytorch/types.js';
export type * from './open-inference/contract.js';
export * from './open-inference/errors.js';
export { openInferenceService } from './open-inference/open-service.js';
export type { OpenInferenceOptions } from './open-inference/options.js';
export * from './queue/errors.js';
export * from './remote/errors.js';
export { remoteRunner, type RemoteRunnerOptions } from './remote/index.js';
export * from './runner/errors.js';
export type { RemoteOptions, RemoteTlsOptions } from './runner/remote-options.js';
export type { RunnerStats } from './runner/pool/pool-stats.js';
export type * from './runner/runner-options-types.js';
export type * from './runner/runner-types.js';
export * from './store/index.js';
