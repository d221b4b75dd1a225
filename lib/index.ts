/**
 * Everything of the package: learners, the store, runners and the module for Nest.
 *
 * @module nestjs-vts
 */
export * from './learner/index.js';
export * from './serving/index.js';
export type { InferenceStatus } from './client/contract.js';
export { InferenceError, type InferenceFailure } from './client/errors.js';
export { InferenceClientOptionError } from './client/options.js';
export { InferenceMessageError } from './client/protocol/errors.js';
export { getRunnerToken } from './nest/decorators/get-runner-token.js';
export { Runner } from './nest/decorators/runner.decorator.js';
export {
  VtsApi,
  type IoInput,
  type IoOutput,
  type VtsApiDecorator,
  type VtsApiOptions,
} from './nest/decorators/vts-api.decorator.js';
export type {
  VtsModuleExtras,
  VtsModuleOptions,
  VtsOverloadOptions,
} from './nest/vts-module-options.interface.js';
export {
  BodyTooLargeError,
  InvalidBodyError,
  InvalidDescriptorError,
  InvalidOutputError,
  ParserOverloadedError,
  UnreadableBodyError,
  NotAcceptableError,
  UnsupportedBodyError,
} from './nest/io/errors.js';
export { File, type FileOptions } from './nest/io/file.js';
export type { Colour } from './learner/fastai/vision/image/png-writer.js';
export type { OutputImageType } from './learner/fastai/vision/image/write-image.js';
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
export { ApiError } from './nest/http/api-error.js';
export {
  DuplicateRootError,
  InvalidModuleOptionError,
  MissingPackageError,
  RequestTimeoutError,
  ShuttingDownError,
  SlowBodyError,
  UnsupportedAdapterError,
} from './nest/http/errors.js';
export { AccessLogEntry, type VtsAccessLogOptions } from './nest/observability/access-log.js';
export type { VtsHealthOptions } from './nest/observability/health-options.js';
export type { VtsMetricsOptions } from './nest/observability/metrics/metrics-options.js';
export { requestIdOf, type VtsRequestIdOptions } from './nest/observability/request-id.js';
export { createVtsDocument, type VtsDocsOptions } from './nest/http/create-document.js';
export { setupVtsDocs } from './nest/http/setup-docs.js';
export { InvalidPlaygroundError, PlaygroundMissingError } from './nest/playground/errors.js';
export {
  setupVtsPlayground,
  type VtsPlaygroundOptions,
} from './nest/playground/setup-playground.js';
export type {
  VtsOpenInferenceOptions,
  VtsOpenInferenceRestOptions,
} from './nest/open-inference/open-inference-options.js';
export type {
  GrpcServerCredentials,
  VtsGrpcOptions,
  VtsGrpcTls,
} from './nest/open-inference/grpc/grpc-options.js';
export { GrpcListenError } from './nest/open-inference/grpc/errors.js';
export type { VtsGrpcCall } from './nest/open-inference/grpc/vts-grpc-call.js';
export { VtsGrpcServer } from './nest/open-inference/vts-grpc-server.js';
export { RepositoryRequestError } from './nest/open-inference/errors.js';
export {
  IdempotencyKeyReusedError,
  InvalidIdempotencyKeyError,
  InvalidJobOptionError,
  InvalidJobRecordError,
  JobCancelledError,
  JobFinishedError,
  JobHandlerError,
  JobHandlerGoneError,
  JobLostError,
  JobNotFinishedError,
  JobNotFoundError,
  JobQueueFullError,
  JobResultTooLargeError,
  JobTimeoutError,
  JobsUnavailableError,
} from './nest/jobs/errors.js';
export type { VtsJobWebhookOptions } from './nest/jobs/webhook/webhook-options.js';
export type { VtsJobOptions } from './nest/jobs/job-options.js';
export type { JobFailure, JobState } from './nest/jobs/job-record.js';
export type { JobResource } from './nest/jobs/job-resource.js';
export { TooManyJobStreamsError } from './nest/jobs/events/errors.js';
export { currentJob, jobProgress, type RunningJob } from './nest/jobs/job-scope.js';
export type {
  AuthorizeJob,
  JobFacts,
  RedisInstance,
  RedisOptions,
  VtsJobsOptions,
} from './nest/jobs/jobs-options.js';
export {
  PrivateWebhookAddressError,
  WebhookFailedError,
  WebhookRefusedError,
} from './nest/jobs/webhook/errors.js';
export { VTS_METRICS_REGISTRY } from './nest/vts.constants.js';
export { VtsModule } from './nest/vts.module.js';
