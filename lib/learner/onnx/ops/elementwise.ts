import type { OnnxDType } from '../dtype.js';
import type { AttributeKind, OpSchema } from './schema.js';

const floats: readonly OnnxDType[] = ['float32', 'float64'];

function unary(attributes: Record<string, AttributeKind> = {}, dtypes = floats): OpSchema {
  return {
    inputs: [1, 1],
    attributes,
    infer: (call) => {
      const { dtype, shape } = call.expect(0, ...dtypes);
      return [{ dtype, shape }];
    },
  };
}

function broadcasting(
  operands: number,
  result?: OnnxDType,
  dtypes?: readonly OnnxDType[],
): OpSchema {
  return {
    inputs: [2, operands],
    infer: (call) => {
      const dtype = call.expectSame();
      if (dtypes) call.expect(0, ...dtypes);
      const shape = call.broadcast(...call.inputs.map((value) => value?.shape));
      return [{ dtype: result ?? dtype, shape }];
    },
  };
}

/** Tests each float: is it NaN, is it infinite. */
const question: OpSchema = {
  inputs: [1, 1],
  attributes: { detect_negative: 'int', detect_positive: 'int' },
  infer: (call) => [{ dtype: 'bool', shape: call.expect(0, ...floats).shape }],
};

const arithmetic: readonly OnnxDType[] = ['float32', 'float64', 'int32', 'int64', 'uint8', 'int8'];
const signed: readonly OnnxDType[] = ['float32', 'float64', 'int32', 'int64', 'int8'];

/** Element-wise operators. */
export const elementwiseOps: Readonly<Record<string, OpSchema>> = {
  Relu: unary(),
  Sigmoid: unary(),
  Tanh: unary(),
  Erf: unary(),
  Exp: unary(),
  Sqrt: unary(),
  Softplus: unary(),
  Softsign: unary(),
  HardSwish: unary(),
  Shrink: unary({ lambd: 'float', bias: 'float' }),
  Elu: unary({ alpha: 'float' }),
  Celu: unary({ alpha: 'float' }),
  Selu: unary({ alpha: 'float', gamma: 'float' }),
  LeakyRelu: unary({ alpha: 'float' }),
  HardSigmoid: unary({ alpha: 'float', beta: 'float' }),
  Softmax: unary({ axis: 'int' }),
  LogSoftmax: unary({ axis: 'int' }),
  Log: unary(),
  Reciprocal: unary(),
  Ceil: unary(),
  Floor: unary(),
  Round: unary(),
  Sin: unary(),
  Cos: unary(),
  Tan: unary(),
  Asin: unary(),
  Acos: unary(),
  Atan: unary(),
  Sinh: unary(),
  Cosh: unary(),
  Asinh: unary(),
  Acosh: unary(),
  Atanh: unary(),
  IsNaN: question,
  IsInf: question,
  Abs: unary({}, arithmetic),
  Sign: unary({}, arithmetic),
  Neg: unary({}, signed),
  Not: unary({}, ['bool']),
  Identity: unary({}, [...arithmetic, 'bool']),
  Add: broadcasting(2, undefined, arithmetic),
  Sub: broadcasting(2, undefined, arithmetic),
  Mul: broadcasting(2, undefined, arithmetic),
  Div: broadcasting(2, undefined, arithmetic),
  Pow: broadcasting(2, undefined, arithmetic),
  Min: broadcasting(Infinity, undefined, arithmetic),
  Max: broadcasting(Infinity, undefined, arithmetic),
  PRelu: broadcasting(2, undefined, floats),
  Mod: {
    inputs: [2, 2],
    attributes: { fmod: 'int' },
    infer: (call) => [
      {
        dtype: call.expectSame(),
        shape: call.broadcast(call.input(0).shape, call.input(1).shape),
      },
    ],
  },
  And: broadcasting(2, 'bool', ['bool']),
  Or: broadcasting(2, 'bool', ['bool']),
  Xor: broadcasting(2, 'bool', ['bool']),
  Equal: broadcasting(2, 'bool'),
  Less: broadcasting(2, 'bool', arithmetic),
  Greater: broadcasting(2, 'bool', arithmetic),
  LessOrEqual: broadcasting(2, 'bool', arithmetic),
  GreaterOrEqual: broadcasting(2, 'bool', arithmetic),
  Clip: {
    inputs: [1, 3],
    infer: (call) => [{ dtype: call.expectSame(), shape: call.input(0).shape }],
  },
  Where: {
    inputs: [3, 3],
    infer: (call) => {
      call.expect(0, 'bool');
      const [left, right] = [call.input(1), call.input(2)];
      if (left.dtype !== right.dtype)
        call.fail(`Where chooses between ${left.dtype} and ${right.dtype}`);
      const shape = call.broadcast(call.input(0).shape, left.shape, right.shape);
      return [{ dtype: left.dtype, shape }];
    },
  },
  Cast: {
    inputs: [1, 1],
    attributes: { to: 'dtype' },
    infer: (call) => [{ dtype: call.attributes['to'] as OnnxDType, shape: call.input(0).shape }],
  },
};
