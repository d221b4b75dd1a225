import { Module } from '../../../torch/module.js';
import { PyDict, PyGlobal, PyObject, PyTuple, type PyValue } from '../../../torch/python.js';
import type { Value } from '../../../python/values.js';
import { UnsupportedModuleError } from '../../errors.js';
import type { Dim, Value as GraphValue } from '../../graph.js';
import type { GraphBuilder } from '../../graph-builder.js';
import { activations } from '../../lowering/activation.js';
import { containers } from '../../lowering/containers.js';
import { LoweringContext } from '../../lowering/context.js';
import { entriesOf } from '../../lowering/lowering.js';
import { poolings } from '../../lowering/pooling.js';
import { resizings } from '../../lowering/resizing.js';
import type { TorchEnv } from '../env.js';
import { SymSize, type Size } from '../size.js';
import type { Args } from '../table.js';
import type { TensorValue } from '../tensor-value.js';

/** Attributes of a layer, by torch's names. */
export type Options = Readonly<Record<string, PyValue | undefined>>;

/** Layers without weights that functions also compute. */
const layers = new Map(
  [activations, containers, poolings, resizings].flatMap(({ lowerings }) => entriesOf(lowerings)),
);

const contexts = new WeakMap<GraphBuilder, LoweringContext>();

/** The target of the emitters of layers. */
export function loweringOf({ graph }: TorchEnv): LoweringContext {
  let context = contexts.get(graph);
  if (!context) contexts.set(graph, (context = new LoweringContext(graph, layers)));
  return context;
}

/** A layer as a file would hold it. */
export function layerOf(className: string, options: Options): Module {
  const dot = className.lastIndexOf('.');
  const record = new PyObject(new PyGlobal(className.slice(0, dot), className.slice(dot + 1)));
  for (const group of ['_parameters', '_buffers', '_modules'])
    record.attrs.set(group, new PyDict());
  record.attrs.set('training', false);
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined) record.attrs.set(name, value);
  }
  return Module.from(record)!;
}

/** Computes the layer of that class, so that a function and its layer give the same graph. */
export function asLayer(
  env: TorchEnv,
  name: string,
  className: string,
  options: Options,
  x: GraphValue,
): GraphValue {
  return refusing(env, name, () =>
    loweringOf(env).lowerValue(layerOf(`torch.nn.modules.${className}`, options), [x]),
  );
}

/** The error of a layer names the function and the line that called it. */
export function refusing<T>(env: TorchEnv, name: string, emit: () => T): T {
  try {
    return emit();
  } catch (error) {
    if (!(error instanceof UnsupportedModuleError)) throw error;
    throw env.ctx.unsupported(`${name}: ${error.reason ?? 'it is not supported'}`);
  }
}

/**
 * Computes in float32. float64 is rounded to it before and cast back after, which stays within the
 * promised accuracy. Integers are an error, as in torch.
 */
export function inFloat(
  env: TorchEnv,
  name: string,
  x: TensorValue,
  emit: (x: GraphValue) => GraphValue,
): TensorValue {
  return env.tensor(emit(floatOf(env, name, x)), x.dtype);
}

export function floatOf(env: TorchEnv, name: string, x: TensorValue): GraphValue {
  if (x.dtype === 'float32') return x.value;
  if (x.dtype === 'float64') return env.graph.op('Cast', [x.value], { to: 'float32' });
  throw env.ctx.raise('RuntimeError', `"${name}" not implemented for '${x.dtype}'`);
}

export const maybeFloat = (
  env: TorchEnv,
  name: string,
  x: TensorValue | undefined,
): GraphValue | undefined => x && floatOf(env, name, x);

/** The sizes of some axes, which must be known. @throws SizeNeededError */
export function knownSizes(env: TorchEnv, x: TensorValue, axes: readonly number[]): number[] {
  return axes.map((axis) => knownSize(env, env.sizeOf(x, axis)));
}

export const knownSize = (env: TorchEnv, size: Size): number =>
  typeof size === 'number' ? size : Number(env.ctx.index(size));

/** x with known sizes after the first `kept` axes. @throws SizeNeededError */
export function sized(env: TorchEnv, x: TensorValue, kept: number): GraphValue {
  const { shape } = x.value;
  const behind = Array.from({ length: x.rank - kept }, (_, i) => i + kept);
  if (shape && behind.every((axis) => typeof shape[axis] === 'number')) return x.value;
  const dims: Dim[] = [...(shape ?? [])];
  knownSizes(env, x, behind).forEach((size, i) => (dims[i + kept] = size));
  return env.graph.assume(x.value, dims);
}

/** One size per axis: torch takes one for all, or one for each. Undefined if omitted or None. */
export function perAxis(args: Args, name: string, count: number): number[] | undefined {
  const sizes = args.ints(name);
  if (sizes === undefined || sizes.length === 0) return undefined;
  return sizes.length === 1 ? Array.from({ length: count }, () => sizes[0]!) : sizes;
}

export const tupleOf = (sizes: readonly (number | null)[] | undefined): PyValue | undefined =>
  sizes && PyTuple.of_(sizes);

/** Sizes from an argument that is one or several. The graph may compute them. */
export function sizesOf(env: TorchEnv, value: Value | undefined, count: number): (Size | null)[] {
  const items =
    typeof value === 'bigint' || value instanceof SymSize
      ? [value]
      : [...env.ctx.iterate(value ?? null)];
  const sizes = items.map((item) =>
    item === null || item instanceof SymSize ? item : Number(env.ctx.index(item)),
  );
  return sizes.length === 1 ? Array.from({ length: count }, () => sizes[0]!) : sizes;
}

/** Runs a function of a batch on a tensor that may have no batch dimension. */
export function batched(
  env: TorchEnv,
  x: GraphValue,
  rank: number,
  emit: (x: GraphValue) => GraphValue,
): GraphValue {
  const { graph } = env;
  if (x.rank === rank) return emit(x);
  if (x.rank !== rank - 1) {
    throw env.ctx.raise(
      'RuntimeError',
      `Expected ${rank - 1}D (unbatched) or ${rank}D (batched) input, but got ${x.rank}D`,
    );
  }
  const one = graph.axes(0);
  return graph.op('Squeeze', [emit(graph.op('Unsqueeze', [x, one])), one]);
}

/** `inplace=True`: the tensor itself holds the result. */
export function perhapsInPlace(env: TorchEnv, args: Args, result: TensorValue): Value {
  return args.bool('inplace', false)
    ? env.apply('Tensor.copy_', [args.tensor('input'), result])
    : result;
}

/** Random numbers cannot be those of Python. */
export function random(env: TorchEnv, what: string): Error {
  return env.ctx.unsupported(`${what} draws random numbers, so answers differ each time`);
}
