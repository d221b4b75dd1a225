import type { Value as GraphValue } from '../../graph.js';
import { bothEnds } from '../../lowering/spatial.js';
import { bilinear, linear } from '../../lowering/linear.js';
import type { TorchEnv } from '../env.js';
import { fn, type Args, type TorchFunction, type TorchTable } from '../table.js';
import { batched, floatOf, inFloat, loweringOf, maybeFloat, perAxis, sized } from './support.js';

const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);
const ones = (count: number): number[] => Array.from({ length: count }, () => 1);

/** Sizes, 'valid' or 'same'. torch puts the odd element of 'same' at the end. */
function marginsOf(
  env: TorchEnv,
  args: Args,
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): number[] {
  const padding = args.raw('padding');
  if (typeof padding !== 'string') {
    return bothEnds(perAxis(args, 'padding', kernel.length) ?? zeros(kernel.length));
  }
  if (padding === 'valid') return bothEnds(zeros(kernel.length));
  if (padding !== 'same' || strides.some((stride) => stride !== 1)) {
    throw env.ctx.raise('ValueError', `padding '${padding}' is not supported for this convolution`);
  }
  const totals = kernel.map((size, i) => dilations[i]! * (size - 1));
  const begins = totals.map((total) => Math.floor(total / 2));
  return [...begins, ...totals.map((total, i) => total - begins[i]!)];
}

interface Convolution {
  readonly x: GraphValue;
  readonly operands: readonly GraphValue[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

/** The weight may be a parameter, or computed by the code. */
function convolution(
  dims: number,
  parameters: string,
  emit: (env: TorchEnv, args: Args, parts: Convolution) => GraphValue,
): TorchFunction {
  return fn(`input, weight, bias=, stride=, ${parameters}`, (env, args) => {
    const weight = args.tensor('weight');
    // The sizes of the window must be known, and with them those of the channels.
    const operand = floatOf(env, args.name, env.tensor(sized(env, weight, 2), weight.dtype));
    const bias = maybeFloat(env, args.name, args.maybeTensor('bias'));
    return inFloat(env, args.name, args.tensor('input'), (value) =>
      batched(env, value, dims + 2, (x) =>
        emit(env, args, {
          x,
          operands: bias ? [operand, bias] : [operand],
          kernel: (operand.shape ?? []).slice(2) as number[],
          strides: perAxis(args, 'stride', dims) ?? ones(dims),
          dilations: perAxis(args, 'dilation', dims) ?? ones(dims),
        }),
      ),
    );
  });
}

const conv = (dims: number): TorchFunction =>
  convolution(
    dims,
    'padding=, dilation=, groups=',
    (env, args, { x, operands, kernel, strides, dilations }) =>
      env.graph.op('Conv', [x, ...operands], {
        kernel_shape: kernel,
        strides,
        dilations,
        pads: marginsOf(env, args, kernel, strides, dilations),
        group: args.int('groups', 1),
      }),
  );

const transposed = (dims: number): TorchFunction =>
  convolution(
    dims,
    'padding=, output_padding=, groups=, dilation=',
    (env, args, { x, operands, kernel, strides, dilations }) =>
      env.graph.op('ConvTranspose', [x, ...operands], {
        kernel_shape: kernel,
        strides,
        dilations,
        pads: bothEnds(perAxis(args, 'padding', dims) ?? zeros(dims)),
        output_padding: perAxis(args, 'output_padding', dims) ?? zeros(dims),
        group: args.int('groups', 1),
      }),
  );

const linearFunction = fn('input, weight, bias=', (env, args) => {
  const weight = args.tensor('weight');
  const bias = args.maybeTensor('bias');
  const { shape } = weight.value;
  if (weight.rank !== 2 || !shape?.every((size) => typeof size === 'number')) {
    const product = env.apply('torch.matmul', [
      args.tensor('input'),
      weight.rank === 2 ? env.apply('Tensor.t', [weight]) : weight,
    ]);
    return bias ? env.apply('torch.add', [product, bias]) : product;
  }
  const operand = floatOf(env, 'linear', weight);
  // Gemm adds a bias with one element for each output. Any other bias is broadcast and added
  // afterwards.
  const plain = bias?.rank === 1;
  const result = inFloat(env, 'linear', args.tensor('input'), (x) =>
    linear(loweringOf(env), x, operand, plain ? floatOf(env, 'linear', bias) : undefined),
  );
  return bias && !plain ? env.apply('torch.add', [result, bias]) : result;
});

const bilinearFunction = fn('input1, input2, weight, bias=', (env, args) => {
  const weight = args.tensor('weight');
  const operand = floatOf(env, 'bilinear', env.tensor(sized(env, weight, 0), weight.dtype));
  const [left, right] = ['input1', 'input2'].map((name) =>
    floatOf(env, 'bilinear', args.tensor(name)),
  ) as [GraphValue, GraphValue];
  const bias = maybeFloat(env, 'bilinear', args.maybeTensor('bias'));
  const result = bilinear(loweringOf(env), left, right, operand, bias);
  return env.tensor(result, args.tensor('input1').dtype);
});

export const convolutionFunctions: TorchTable = {
  'torch.conv1d|F.conv1d': conv(1),
  'torch.conv2d|F.conv2d': conv(2),
  'torch.conv3d|F.conv3d': conv(3),
  'torch.conv_transpose1d|F.conv_transpose1d': transposed(1),
  'torch.conv_transpose2d|F.conv_transpose2d': transposed(2),
  'torch.conv_transpose3d|F.conv_transpose3d': transposed(3),
  'F.linear': linearFunction,
  'torch.bilinear|F.bilinear': bilinearFunction,
};
