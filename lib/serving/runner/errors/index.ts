export { ModelLoadError } from './model-load.error.js';
export { InvalidRunnerOptionError } from './invalid-runner-option.error.js';
export {
  RunAbortedError,
  RunFailedError,
  RunInputError,
  RunTimeoutError,
  UnclonableItemError,
} from './run.error.js';
export {
  RunnerClosedError,
  RunnerOverloadedError,
  RunnerUnavailableError,
  TooManyCallsError,
  WorkerDiedError,
} from './unavailable.error.js';
export { UnknownRunnerMethodError, RunnerNotReadyError } from './runner-member.error.js';
export { NotAStreamError, StreamResultError } from './stream.error.js';
export {
  ApplicationInWorkerError,
  DuplicateRunnableError,
  InvalidRunnableError,
  RunnableModuleError,
  RunnableNotRegisteredError,
} from './runnable.error.js';
