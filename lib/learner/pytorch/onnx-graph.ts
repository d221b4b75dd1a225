import {
  openQuantizedFile,
  openSession,
  refuseOutsideWeights,
  type OnnxSession,
  type SessionOptions,
} from '../onnx/index.js';
import { guarded } from '../runtime/run-guard.js';
import { checkModelInputs } from './input-plan.js';
import { InvalidModelInputError } from './errors.js';
import { sessionOptionsOf, type ModelGraph, type TorchModelOptions } from './model-graph.js';
import type { ModelInput, ModelInputDType, PlannedInput } from './model-input.js';

/** The graph of an ONNX file. */
export async function openOnnxGraph(
  source: string | Uint8Array,
  options: TorchModelOptions,
): Promise<ModelGraph> {
  const sessionOptions = await sessionOptionsOf(options);
  const session = await guarded(() =>
    options.precision === 'int8'
      ? openQuantized(source, options, sessionOptions)
      : opened(source, sessionOptions),
  );
  try {
    const own = session.inputMetadata.map((input): PlannedInput => {
      const { name } = input;
      if (!input.isTensor) {
        throw new InvalidModelInputError(`the ONNX file's input "${name}" is not a tensor`);
      }
      const dtype = input.type as ModelInputDType;
      const dims = input.shape.map((size) =>
        typeof size === 'number' ? (size > 0 ? size : null) : size === '' ? null : size,
      );
      const shape = dims.map((size) => (typeof size === 'number' ? size : null));
      return { name, dtype, feed: dtype, shape, dims };
    });
    return {
      className: undefined,
      plan: { inputs: options.inputs ? narrowed(own, checkModelInputs(options.inputs)) : own },
      outputs: session.outputNames,
      sessionFor: () => Promise.resolve(session),
      release: () => guarded(() => session.release()),
    };
  } catch (error) {
    await guarded(() => session.release());
    throw error;
  }
}

async function opened(
  source: string | Uint8Array,
  sessionOptions: SessionOptions,
): Promise<OnnxSession> {
  refuseOutsideWeights(source);
  return openSession(source, sessionOptions);
}

async function openQuantized(
  source: string | Uint8Array,
  { cacheFolder, warn }: TorchModelOptions,
  sessionOptions: SessionOptions,
): Promise<OnnxSession> {
  const session = await openQuantizedFile(source, cacheFolder, sessionOptions);
  if (session) return session;
  warn?.(
    "precision: 'int8' has no effect on this ONNX model: none of its MatMul, Gemm or LSTM " +
      'nodes has float32 weights of 1024 elements or more. Omit precision.',
  );
  return openSession(source, sessionOptions);
}

/** The file knows its inputs; a description may only fix sizes that the file leaves open. */
function narrowed(own: readonly PlannedInput[], given: readonly ModelInput[]): PlannedInput[] {
  if (own.length !== given.length) {
    throw new InvalidModelInputError(
      `the ONNX file takes ${own.length} inputs, but the description names ${given.length}`,
    );
  }
  return own.map((input, i) => {
    const { name, dtype, shape } = given[i]!;
    if (name !== input.name || dtype !== input.dtype || shape.length !== input.dims.length) {
      throw new InvalidModelInputError(
        `input ${i} of the ONNX file is "${input.name}", ${input.dtype} with ` +
          `${input.dims.length} dimensions`,
      );
    }
    return { ...input, shape, dims: input.dims.map((dim, axis) => shape[axis] ?? dim) };
  });
}
