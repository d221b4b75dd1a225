export { type OnnxDType } from './dtype.js';
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
} from './errors.js';
export { GraphBuilder } from './graph-builder.js';
export { Value, type Dim, type Graph, type Shape, type TensorData } from './graph.js';
export { lowerModel, type LoweredModel, type LowerOptions } from './lowering/lower-model.js';
export type { InputSpec, ModelHints, TextLimits } from './lowering/lowering.js';
export { externalFiles, pathInside } from './proto/external-files.js';
export { writeModel, type WrittenModel } from './proto/model-writer.js';
export type { ExternalData } from './proto/weight-placer.js';
export { quantizeFile } from './quantize/quantize-file.js';
export { quantizeGraph } from './quantize/quantize-graph.js';
export { quantizedSession } from './quantize/quantized-session.js';
export { createSession, openSession, type SessionOptions } from './session/create-session.js';
export { nodeName, usableProviders } from './session/execution-providers.js';
export { OnnxSession } from './session/onnx-session.js';
export { packTextBatch, type TextBatch } from './text/text-batch.js';
