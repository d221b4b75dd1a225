import type { OnnxDType } from '../../dtype.js';
import type { Value as GraphValue } from '../../graph.js';
import type { Attributes } from '../../graph-builder.js';
import type { TorchEnv } from '../env.js';
import { floatResult, isFloating, resultType, type Operand } from '../promotion.js';
import type { Args } from '../table.js';
import type { TensorValue, TorchDType } from '../tensor-value.js';

const floats: readonly OnnxDType[] = ['float32', 'float64'];
const single: readonly OnnxDType[] = ['float32'];
const numbers: readonly OnnxDType[] = [...floats, 'int64', 'int32'];
const all: readonly OnnxDType[] = [...numbers, 'int8', 'uint8'];

/**
 * The element types that onnxruntime's CPU kernels take, for operators that do not support all
 * types.
 */
const kernels = new Map<string, readonly OnnxDType[]>(
  (
    [
      [
        single,
        'Erf Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Softplus Softsign Elu HardSwish Celu ' +
          'Selu HardSigmoid Conv ConvTranspose Resize MaxPool AveragePool GlobalAveragePool GlobalMaxPool',
      ],
      [
        floats,
        'Ceil Floor Round Exp Log Sqrt Reciprocal Sin Cos Tanh Sigmoid Softmax LogSoftmax LeakyRelu ' +
          'IsNaN IsInf Gemm',
      ],
      [
        numbers,
        'Pow MatMul ReduceSum ReduceMean ReduceProd ReduceL1 ReduceL2 ReduceLogSumExp ReduceSumSquare ' +
          'CumSum TopK Range Einsum',
      ],
      [[...floats, 'int32', 'int8'], 'Relu'],
      [[...numbers, 'int8'], 'Neg'],
      [
        all,
        'Abs Sign Add Sub Mul Div Mod Min Max Less Greater LessOrEqual GreaterOrEqual ReduceMax ' +
          'ReduceMin ArgMax ArgMin Clip',
      ],
      [[...numbers, 'uint8'], 'Where'],
      [[...numbers, 'bool'], 'Trilu'],
    ] as const
  ).flatMap(([dtypes, names]) => names.split(' ').map((name) => [name, dtypes] as const)),
);

/** Types that hold the values of a type that a kernel lacks, the smallest first. */
const wider: Readonly<Record<OnnxDType, readonly OnnxDType[]>> = {
  bool: ['uint8', 'int32', 'float32'],
  uint8: ['int32', 'float32'],
  int8: ['int32', 'float32'],
  int32: ['int64', 'float64', 'float32'],
  int64: ['float64', 'float32'],
  float32: ['float64'],
  float64: ['float32'],
};

export function cast({ graph }: TorchEnv, value: GraphValue, to: OnnxDType): GraphValue {
  return value.dtype === to ? value : graph.op('Cast', [value], { to });
}

/**
 * An operator on operands of one type. If onnxruntime does not have a kernel for the type, the
 * operator computes in a wider type, and the result is cast back.
 */
export function emit(
  env: TorchEnv,
  op: string,
  operands: readonly GraphValue[],
  attributes: Attributes = {},
  /** Operands of other types, after these. */
  others: readonly GraphValue[] = [],
): GraphValue {
  return emitAll(env, op, operands, attributes, others)[0]!;
}

/** The same for an operator with more than one result. */
export function emitAll(
  env: TorchEnv,
  op: string,
  operands: readonly GraphValue[],
  attributes: Attributes = {},
  others: readonly GraphValue[] = [],
): GraphValue[] {
  const { dtype } = operands[0]!;
  const working = workingType(op, dtype);
  const inputs = [...operands.map((value) => cast(env, value, working)), ...others];
  return env.graph
    .ops(op, inputs, attributes)
    .map((result, at) =>
      at === 0 && result.dtype === working && !answers.has(op) ? cast(env, result, dtype) : result,
    );
}

/** Operators with a fixed result type. */
const answers = new Set(['ArgMax', 'ArgMin']);

function workingType(op: string, dtype: OnnxDType): OnnxDType {
  const known = kernels.get(op);
  if (!known || known.includes(dtype)) return dtype;
  return wider[dtype].find((one) => known.includes(one)) ?? dtype;
}

/** `Where`, for any type of its branches. */
export function where(
  env: TorchEnv,
  condition: GraphValue,
  yes: GraphValue,
  no: GraphValue,
): GraphValue {
  const { dtype } = yes;
  const working = workingType('Where', dtype);
  const branches = [yes, no].map((value) => cast(env, value, working));
  return cast(env, env.graph.op('Where', [condition, ...branches]), dtype);
}

/** A constant of the type of `like`. */
export function constantLike({ graph }: TorchEnv, value: number, like: GraphValue): GraphValue {
  return graph.scalar(value, like.dtype);
}

/** The operands in one type, at least float32 if `least` says so. */
export function promoted(
  env: TorchEnv,
  operands: readonly Operand[],
  least?: 'float32',
): { readonly dtype: TorchDType; readonly values: GraphValue[] } {
  const common = resultType(...operands);
  const dtype = least && !isFloating(common) ? least : common;
  return { dtype, values: operands.map((operand) => env.operand(operand, dtype)) };
}

/** An argument that is a tensor or a number. */
export function operand(env: TorchEnv, args: Args, name: string): Operand {
  const value = args.raw(name);
  if (env.isOperand(value)) return value;
  throw env.ctx.raise('TypeError', `${args.name}(): argument '${name}' must be Tensor or Number`);
}

/** The tensor's value as a float: float32 for integers. */
export function asFloat(env: TorchEnv, x: TensorValue): { value: GraphValue; dtype: TorchDType } {
  const dtype = floatResult(x.dtype);
  return { value: env.cast(x, dtype).value, dtype };
}
