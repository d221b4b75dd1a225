// onnxruntime's tensor type, from its package without native code: importing this package loads none.
export { Tensor } from 'onnxruntime-common';

export { getRunnerToken } from './decorators/get-runner-token.js';
export {
  RunnableMethod,
  type RunnableMethodOptions,
} from './decorators/runnable-method.decorator.js';
export { Runnable, type RunnableOptions } from './decorators/runnable.decorator.js';
export { Runner } from './decorators/runner.decorator.js';
export {
  VtsApi,
  type IoInput,
  type IoOutput,
  type VtsApiDecorator,
  type VtsApiOptions,
} from './decorators/vts-api.decorator.js';
export { InputError, VtsError } from './errors/index.js';
export type { DecodedTarget } from './fastai/data/target.js';
export {
  FastaiVersionError,
  LearnerReleasedError,
  NotALearnerError,
  UndecodedTargetError,
  UnexpectedItemError,
  UnknownLossError,
  UnsupportedLearnerError,
  UnsupportedTargetError,
  WrongLearnerKindError,
} from './fastai/errors/index.js';
export { BaseLearner } from './fastai/base-learner.js';
export type { Vocab } from './fastai/inference.js';
export type { LearnerKind } from './fastai/learner-file.js';
export {
  Learner,
  type LearnerOptions,
  type Prediction,
  type Predictions,
} from './fastai/learner.js';
export type { ActivationName } from './fastai/losses/loss.js';
export {
  TextTooLongError,
  UnknownTextRuleError,
  UnpairedSurrogateError,
  UnreadableTokenizerError,
  UnsupportedTokenizerError,
} from './fastai/text/errors/index.js';
export type { TextRule, TextRules } from './fastai/text/index.js';
export { decodeSpecTokens } from './fastai/text/lm/decode-tokens.js';
export {
  DecodedTextTooLongError,
  InvalidGenerateOptionError,
  NotProbabilitiesError,
  NoTokenLeftError,
} from './fastai/text/lm/errors/index.js';
export { LMLearner } from './fastai/text/lm/lm-learner.js';
export type { GenerateOptions, StreamOptions } from './fastai/text/lm/options.js';
export { WordStream } from './fastai/text/lm/word-stream.js';
export {
  CellError,
  MissingColumnError,
  type DecodedRow,
  type FrameLike,
  type ShownRow,
  type TabularColumn,
  type TabularSchema,
} from './fastai/tabular/index.js';
export {
  DamagedImageError,
  EmptyImageError,
  ImageTooLargeError,
  UnreadableImageFileError,
  UnsupportedImageError,
} from './fastai/vision/errors/index.js';
export type {
  Colour,
  DecodedImageTarget,
  ImageItem,
  OutputImageType,
  RawImage,
} from './fastai/vision/index.js';
export {
  fastai,
  FrameworkMismatchError,
  ModelFileMissingError,
  NotSavableError,
  NotSavableModuleError,
  pytorch,
  type LoadFastaiOptions,
  type LoadPytorchOptions,
  type PytorchModel,
  type PytorchRunnerOptions,
  type SaveFastaiOptions,
  type SavePytorchOptions,
} from './frameworks/index.js';
export {
  BatchableNotSupportedError,
  ModuleMethodError,
  UnknownMethodError,
} from './model-rules/errors/index.js';
export type {
  GenerateRunOptions,
  LanguageModelRunner,
  StreamRunOptions,
} from './interfaces/language-model-runner.interface.js';
export type {
  OnRunnableDestroy,
  OnRunnableInit,
  RunnableContext,
  RunnableMember,
  RunnerOf,
  RunnerStreamMethod,
} from './interfaces/runnable.interface.js';
export type {
  BatchingOptions,
  PaddingOptions,
  RunnerBatchingOptions,
  RunnerOptions,
  RunOptions,
} from './interfaces/runner-options.interface.js';
export type { PytorchRunner } from './interfaces/pytorch-runner.interface.js';
export type { FastaiRunner, RunnerHandle, RunnerMethod } from './interfaces/runner.interface.js';
export type {
  VtsAccessLogOptions,
  VtsHealthOptions,
  VtsMetricsOptions,
  VtsModuleExtras,
  VtsModuleOptions,
  VtsRequestIdOptions,
} from './interfaces/vts-module-options.interface.js';
export {
  BodyTooLargeError,
  InvalidBodyError,
  InvalidDescriptorError,
  InvalidOutputError,
  UnreadableBodyError,
  UnsupportedBodyError,
} from './io/errors/index.js';
export { File, type FileOptions } from './io/file.js';
export { Image, type ImageOptions } from './io/image.js';
export type { ImageOutput } from './io/image/image-output.js';
export {
  IoDescriptor,
  type IoSchema,
  type ResponsePayload,
  type Streamed,
} from './io/io-descriptor.js';
export {
  Multipart,
  OptionalPart,
  type MultipartInput,
  type MultipartOptions,
  type MultipartParts,
} from './io/multipart.js';
export type { MultipartSamples, PartsOfSamples } from './io/multipart/samples.js';
export { Json, type JsonOptions } from './io/json.js';
export type { NdarrayDType } from './io/ndarray/dtypes.js';
export type { NdarrayOutput, NdarrayView, NestedArray } from './io/ndarray/write.js';
export { NumpyNdarray, type NumpyNdarrayOptions } from './io/numpy-ndarray.js';
export type { PandasDtype } from './io/data-frame/dtypes.js';
export type { DataFrameOutput } from './io/data-frame/frames.js';
export type { PandasOrient } from './io/data-frame/orients.js';
export type { SchemaSource } from './io/data-frame/schema-source.js';
export type { DataFrame, RowExpression } from './io/data-frame/data-frame.js';
export {
  PandasDataFrame,
  type DataFrameFormat,
  type PandasDataFrameOptions,
} from './io/pandas-data-frame.js';
export { PandasSeries, type PandasSeriesOptions } from './io/pandas-series.js';
export type { RequestBody } from './io/request-body.js';
export { Text, type TextOptions } from './io/text.js';
export {
  ExecutionProviderError,
  GraphError,
  MalformedModuleError,
  ModelTooLargeError,
  SessionCreationError,
  SessionReleasedError,
  TextInputError,
  UnsupportedDTypeError,
  UnsupportedModuleError,
} from './onnx/errors/index.js';
export {
  InvalidModelInputError,
  NotAModuleError,
  TensorInputError,
  TorchModel,
  UnknownModelInputsError,
  UnquantizableModelError,
  type ModelInput,
  type ModelInputDType,
  type NestedNumbers,
  type PytorchInput,
  type PytorchOutput,
  type ShapedArray,
  type TensorInput,
  type TorchModelOptions,
} from './pytorch/index.js';
export { BatchInputError, BatchResultError } from './runner/batching/errors/index.js';
export {
  ApplicationInWorkerError,
  DuplicateRunnableError,
  InvalidRunnableError,
  InvalidRunnerOptionError,
  ModelLoadError,
  NotAStreamError,
  RunAbortedError,
  RunFailedError,
  RunInputError,
  RunnableModuleError,
  RunnableNotRegisteredError,
  RunnerClosedError,
  RunnerNotReadyError,
  RunnerOverloadedError,
  RunnerUnavailableError,
  RunTimeoutError,
  StreamResultError,
  TooManyCallsError,
  UnclonableItemError,
  UnknownRunnerMethodError,
  WorkerDiedError,
} from './runner/errors/index.js';
export type { RunnableClass } from './runner/runnable-definition.js';
export type { RunnerStats } from './runner/pool-stats.js';
export { ValueStream } from './runtime/value-stream.js';
export { ApiError } from './server/api-error.js';
export {
  DuplicateRootError,
  InvalidModuleOptionError,
  RequestTimeoutError,
  ShuttingDownError,
  SlowBodyError,
} from './server/errors/index.js';
export { AccessLogEntry } from './server/access-log.js';
export { requestIdOf } from './server/request-id.js';
export { createVtsDocument, setupVtsDocs, type VtsDocsOptions } from './server/setup-docs.js';
export {
  AmbiguousVersionError,
  ArchiveEntryError,
  ArchiveExistsError,
  ArchiveFileError,
  ArchiveFormatError,
  CorruptModelArchiveError,
  CorruptModelError,
  defaultHome,
  InvalidModelInfoError,
  InvalidTagError,
  Model,
  ModelExistsError,
  ModelInfo,
  ModelNotFoundError,
  ModelPathError,
  ModelStore,
  NoRunnerError,
  PinnedModelError,
  StoreWriteError,
  Tag,
  type ArchiveFormat,
  type CreateModelOptions,
  type ExportModelOptions,
  type ImportModelOptions,
  type ModelContext,
  type ModelFilter,
  type ModelMetadata,
  type ModelSignature,
  type ModelSignatureOptions,
  type ModelWatcher,
  type WatchOptions,
} from './store/index.js';
export {
  ByteOrderError,
  CorruptArchiveError,
  CorruptEntryError,
  CorruptPickleError,
  CorruptTensorError,
  FileClosedError,
  LimitExceededError,
  ModuleTreeError,
  NotATorchFileError,
  TarFileError,
  TooManyElementsError,
  TorchFileError,
  TorchScriptFileError,
  TruncatedFileError,
  UnreadableColumnError,
  UnreadableFileError,
  UnreadableTensorError,
  UnsupportedDtypeError,
  UnsupportedPickleError,
} from './torch/errors/index.js';
export { VTS_METRICS_REGISTRY } from './vts.constants.js';
export { VtsModule } from './vts.module.js';
