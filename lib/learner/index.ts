/**
 * Reads learners and predicts, without Nest and without a store. The first file of a kind loads
 * the code of that kind.
 *
 * @module nestjs-vts/learner
 */
// onnxruntime's tensor type, from its package without native code: importing this package loads
// none.
export { Tensor } from 'onnxruntime-common';
export { InputError, VtsError } from './errors/index.js';
export { BaseLearner } from './fastai/base-learner.js';
export type {
  ActivationName,
  DecodedRow,
  DecodedTarget,
  FrameLike,
  GivenInputs,
  LearnerDescription,
  LearnerInput,
  LearnerKind,
  LearnerOptions,
  LearnerResult,
  LearnerTask,
  Prediction,
  Predictions,
  PredictionsWith,
  PredsOptions,
  Results,
  ShownRow,
  TabularColumn,
  TabularSchema,
  TextRule,
  TextRules,
  Vocab,
} from './fastai/contract.js';
export type { ArrayItem, NestedArray } from './fastai/arrays/array-item.js';
export type { DecodedArrayTarget, NestedTarget } from './fastai/arrays/array-target.js';
export {
  ArrayItemError,
  CellError,
  DamagedImageError,
  DecodedTextTooLongError,
  EmptyImageError,
  ExplainTargetError,
  FastaiVersionError,
  ItemTooLargeError,
  ImageTooLargeError,
  InvalidGenerateOptionError,
  InvalidTtaOptionError,
  LearnerReleasedError,
  MissingColumnError,
  NotALearnerError,
  NotAugmentableError,
  NotExplainableError,
  NotProbabilitiesError,
  NoTokenLeftError,
  SentencePieceModelError,
  TextTooLongError,
  TokenizerOptionError,
  UndecodedTargetError,
  UnexpectedItemError,
  NothingToQuantizeError,
  UnknownLossError,
  UnknownTextRuleError,
  UnpairedSurrogateError,
  UnreadableImageFileError,
  UnreadableItemError,
  UnreadableTokenizerError,
  UnsupportedImageError,
  UnsupportedLearnerError,
  UnsupportedTargetError,
  UnsupportedTokenizerError,
  WrongLearnerKindError,
} from './fastai/errors.js';
export { ExportMismatchError, ExportTargetError, UnexportableModelError } from './export/errors.js';
export { exportOnnx, type Exportable } from './export/export-onnx.js';
export type { ExportedModel, ExportedTensor, ExportOptions } from './export/options.js';
export { exportTriton, type TritonOptions } from './export/triton/export-triton.js';
export type {
  ExplainedPart,
  ExplainedTarget,
  ExplainOptions,
  Explanation,
  HeatMapExplanation,
  OcclusionExplanation,
} from './fastai/explanation.js';
export { Learner } from './fastai/learner.js';
export {
  CodeBudgetError,
  CodeFileError,
  CodeNotFoundError,
  RaisedInCodeError,
  UnreadableCodeError,
  UnsupportedCodeError,
} from './python/errors.js';
export type { CodeSource, CodeSources } from './python/code-source.js';
export type {
  Shown,
  ShownCell,
  ShownColumns,
  ShownImage,
  ShownInputs,
  ShownNumbers,
  ShownText,
} from './fastai/shown.js';
export type { TtaOptions, TtaPredictions } from './fastai/tta.js';
export { decodeSpecTokens } from './fastai/text/lm/decode-tokens.js';
export { LMLearner } from './fastai/text/lm/lm-learner.js';
export type { GenerateOptions, StreamOptions } from './fastai/text/lm/options.js';
export { WordStream } from './fastai/text/lm/word-stream.js';
export type { StoredItem, UploadedFile } from './fastai/data/stored-item.js';
export type { ImageItem, RawImage } from './fastai/vision/image-item.js';
export type { DecodedImageTarget } from './fastai/vision/image-target.js';
export {
  ExecutionProviderError,
  GraphError,
  MalformedModuleError,
  ModelTooLargeError,
  OtherLayoutError,
  OutsideWeightsError,
  SessionCreationError,
  SessionReleasedError,
  TextInputError,
  UnquantizableModelError,
  UnsupportedDTypeError,
  UnsupportedModuleError,
} from './onnx/errors.js';
export {
  InvalidModelInputError,
  NotAModuleError,
  TensorInputError,
  TorchModel,
  UnknownModelInputsError,
  type ModelInput,
  type ModelInputDType,
  type NestedNumbers,
  type PytorchInput,
  type PytorchOutput,
  type ShapedArray,
  type TensorInput,
  type TorchModelOptions,
} from './pytorch/index.js';
export { ValueStream } from './runtime/value-stream.js';
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
} from './torch/errors.js';
