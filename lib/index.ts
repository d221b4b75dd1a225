export * from './serving/index.js';
export { getRunnerToken } from './nest/decorators/get-runner-token.js';
export { Runner } from './nest/decorators/runner.decorator.js';
export {
  VtsApi,
  type IoInput,
  type IoOutput,
  type VtsApiDecorator,
  type VtsApiOptions,
} from './nest/decorators/vts-api.decorator.js';
export type { DecodedTarget } from './learner/fastai/data/target.js';
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
} from './learner/fastai/errors/index.js';
export { BaseLearner } from './learner/fastai/base-learner.js';
export type { Vocab } from './learner/fastai/inference.js';
export type { LearnerKind } from './learner/fastai/learner-file.js';
export {
  Learner,
  type LearnerOptions,
  type Prediction,
  type Predictions,
} from './learner/fastai/learner.js';
export type { ActivationName } from './learner/fastai/losses/loss.js';
export {
  TextTooLongError,
  UnknownTextRuleError,
  UnpairedSurrogateError,
  UnreadableTokenizerError,
  UnsupportedTokenizerError,
} from './learner/fastai/text/errors/index.js';
export type { TextRule, TextRules } from './learner/fastai/text/index.js';
export { decodeSpecTokens } from './learner/fastai/text/lm/decode-tokens.js';
export {
  DecodedTextTooLongError,
  InvalidGenerateOptionError,
  NotProbabilitiesError,
  NoTokenLeftError,
} from './learner/fastai/text/lm/errors/index.js';
export { LMLearner } from './learner/fastai/text/lm/lm-learner.js';
export type { GenerateOptions, StreamOptions } from './learner/fastai/text/lm/options.js';
export { WordStream } from './learner/fastai/text/lm/word-stream.js';
export {
  CellError,
  MissingColumnError,
  type DecodedRow,
  type FrameLike,
  type ShownRow,
  type TabularColumn,
  type TabularSchema,
} from './learner/fastai/tabular/index.js';
export {
  DamagedImageError,
  EmptyImageError,
  ImageTooLargeError,
  UnreadableImageFileError,
  UnsupportedImageError,
} from './learner/fastai/vision/errors/index.js';
export type {
  Colour,
  DecodedImageTarget,
  ImageItem,
  OutputImageType,
  RawImage,
} from './learner/fastai/vision/index.js';
export type {
  VtsAccessLogOptions,
  VtsHealthOptions,
  VtsMetricsOptions,
  VtsModuleExtras,
  VtsModuleOptions,
  VtsRequestIdOptions,
} from './nest/vts-module-options.interface.js';
export {
  BodyTooLargeError,
  InvalidBodyError,
  InvalidDescriptorError,
  InvalidOutputError,
  UnreadableBodyError,
  UnsupportedBodyError,
} from './nest/io/errors/index.js';
export { File, type FileOptions } from './nest/io/file.js';
export { Image, type ImageOptions } from './nest/io/image.js';
export type { ImageOutput } from './nest/io/image/image-output.js';
export {
  IoDescriptor,
  type IoSchema,
  type ResponsePayload,
  type Streamed,
} from './nest/io/io-descriptor.js';
export {
  Multipart,
  OptionalPart,
  type MultipartInput,
  type MultipartOptions,
  type MultipartParts,
} from './nest/io/multipart.js';
export type { MultipartSamples, PartsOfSamples } from './nest/io/multipart/samples.js';
export { Json, type JsonOptions } from './nest/io/json.js';
export type { NdarrayDType } from './nest/io/ndarray/dtypes.js';
export type { NdarrayOutput, NdarrayView, NestedArray } from './nest/io/ndarray/write.js';
export { NumpyNdarray, type NumpyNdarrayOptions } from './nest/io/numpy-ndarray.js';
export type { PandasDtype } from './nest/io/data-frame/dtypes.js';
export type { DataFrameOutput } from './nest/io/data-frame/frames.js';
export type { PandasOrient } from './nest/io/data-frame/orients.js';
export type { SchemaSource } from './nest/io/data-frame/schema-source.js';
export type { DataFrame, RowExpression } from './nest/io/data-frame/data-frame.js';
export {
  PandasDataFrame,
  type DataFrameFormat,
  type PandasDataFrameOptions,
} from './nest/io/pandas-data-frame.js';
export { PandasSeries, type PandasSeriesOptions } from './nest/io/pandas-series.js';
export type { RequestBody } from './nest/io/request-body.js';
export { Text, type TextOptions } from './nest/io/text.js';
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
} from './learner/onnx/errors/index.js';
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
} from './learner/pytorch/index.js';
export { ApiError } from './nest/http/api-error.js';
export {
  DuplicateRootError,
  InvalidModuleOptionError,
  RequestTimeoutError,
  ShuttingDownError,
  SlowBodyError,
  UnsupportedAdapterError,
} from './nest/http/errors.js';
export { AccessLogEntry } from './nest/observability/access-log.js';
export { requestIdOf } from './nest/observability/request-id.js';
export { createVtsDocument, setupVtsDocs, type VtsDocsOptions } from './nest/http/setup-docs.js';
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
} from './learner/torch/errors/index.js';
export { VTS_METRICS_REGISTRY } from './nest/vts.constants.js';
export { VtsModule } from './nest/vts.module.js';
