import type { Value as GraphValue } from '../../graph.js';
import type { TorchEnv } from '../env.js';
import { SymSize, type Size } from '../size.js';
import { fn, type Args, type TorchFunction, type TorchTable } from '../table.js';
import type { TensorValue } from '../tensor-value.js';
import {
  asLayer,
  batched,
  inFloat,
  knownSize,
  perAxis,
  sized,
  sizesOf,
  tupleOf,
} from './support.js';
import { maxPoolWithIndices } from './unpooling.js';

/** Spatial axes of a tensor that may come without a batch, counted from its end. */
const spatial = (dims: number): number[] => Array.from({ length: dims }, (_, i) => i - dims);

const same = (a: Size | null | undefined, b: Size): boolean =>
  a instanceof SymSize && b instanceof SymSize ? a.expression === b.expression : a === b;

/** `F.avg_pool2d(x, x.shape[2:])`: one window over all, whatever the size is. */
function coversAll(env: TorchEnv, args: Args, x: TensorValue, dims: number): boolean {
  const kernel = sizesOf(env, args.raw('kernel_size'), dims);
  if (kernel.length !== dims || !kernel.some((size) => size instanceof SymSize)) return false;
  const plain = ['padding', 'dilation', 'ceil_mode', 'divisor_override'].every(
    (name) => !args.has(name),
  );
  const stride = args.has('stride') ? sizesOf(env, args.raw('stride'), dims) : kernel;
  const whole = spatial(dims).every((axis, i) => same(kernel[i], env.sizeOf(x, axis + x.rank)));
  return plain && whole && kernel.every((size, i) => same(stride[i], size as Size));
}

/** With ceil_mode, the sizes decide how far the output rounds up, so they must be known. */
function operandOf(env: TorchEnv, args: Args, x: TensorValue, dims: number): TensorValue {
  if (!args.bool('ceil_mode', false)) return x;
  return env.tensor(sized(env, x, x.rank - dims), x.dtype);
}

const pool = (
  className: 'MaxPool' | 'AvgPool' | 'LPPool',
  dims: number,
  parameters: string,
): TorchFunction =>
  fn(`input, ${parameters}`, (env, args) => {
    const x = args.tensor('input');
    if (className === 'MaxPool' && args.bool('return_indices', false)) {
      return maxPoolWithIndices(env, args, x, dims);
    }
    const over = (emit: (value: GraphValue) => GraphValue): TensorValue =>
      inFloat(env, args.name, operandOf(env, args, x, dims), (value) =>
        batched(env, value, dims + 2, emit),
      );
    if (className !== 'LPPool' && coversAll(env, args, x, dims)) {
      return over((value) =>
        env.graph.op(className === 'MaxPool' ? 'GlobalMaxPool' : 'GlobalAveragePool', [value]),
      );
    }
    const options = {
      kernel_size: tupleOf(perAxis(args, 'kernel_size', dims)),
      stride: tupleOf(perAxis(args, 'stride', dims)) ?? null,
      padding: className === 'LPPool' ? undefined : tupleOf(perAxis(args, 'padding', dims)),
      ceil_mode: args.bool('ceil_mode', false),
      ...(className === 'MaxPool' && { dilation: tupleOf(perAxis(args, 'dilation', dims)) }),
      ...(className === 'LPPool' && { norm_type: args.float('norm_type') }),
      ...(className === 'AvgPool' && {
        count_include_pad: args.bool('count_include_pad', true),
        divisor_override: args.maybeInt('divisor_override') ?? null,
      }),
    };
    return over((value) => asLayer(env, args.name, `pooling.${className}${dims}d`, options, value));
  });

const maxPool = (dims: number): TorchFunction =>
  pool('MaxPool', dims, 'kernel_size, stride=, padding=, dilation=, ceil_mode=, return_indices=');

/** One cell along some axes, at every position of the others. The sizes need not be known. */
function reduced(
  env: TorchEnv,
  kind: 'Avg' | 'Max',
  x: GraphValue,
  axes: readonly number[],
): GraphValue {
  if (axes.length === 0) return x;
  return env.graph.op(kind === 'Avg' ? 'ReduceMean' : 'ReduceMax', [x], { axes, keepdims: 1 });
}

export function adaptive(
  env: TorchEnv,
  name: string,
  kind: 'Avg' | 'Max',
  x: TensorValue,
  targets: readonly (Size | null)[],
): TensorValue {
  const dims = targets.length;
  const axes = spatial(dims).map((axis) => axis + x.rank);
  const kept = axes.map((axis, i) => targets[i] === null || same(targets[i], env.sizeOf(x, axis)));
  const free = targets.every((target, i) => target === 1 || kept[i]);
  if (free && !targets.every((target) => target === 1)) {
    return inFloat(env, name, x, (value) =>
      reduced(
        env,
        kind,
        value,
        axes.filter((_, i) => !kept[i]),
      ),
    );
  }
  const operand = free ? x : env.tensor(sized(env, x, x.rank - dims), x.dtype);
  const output_size = tupleOf(
    targets.map((target) => (target === null ? null : knownSize(env, target))),
  );
  const className = `pooling.Adaptive${kind}Pool${dims}d`;
  return inFloat(env, name, operand, (value) =>
    batched(env, value, dims + 2, (image) => asLayer(env, name, className, { output_size }, image)),
  );
}

const adaptivePool = (kind: 'Avg' | 'Max', dims: number): TorchFunction =>
  fn('input, output_size, return_indices=', (env, args) => {
    if (args.bool('return_indices', false)) {
      throw env.ctx.unsupported(`${args.name}: it returns indices`);
    }
    const targets = sizesOf(env, args.raw('output_size'), dims);
    return adaptive(env, args.name, kind, args.tensor('input'), targets);
  });

const average = 'kernel_size, stride=, padding=, ceil_mode=, count_include_pad=';
const byNorm = 'norm_type, kernel_size, stride=, ceil_mode=';

export const poolingFunctions: TorchTable = {
  'torch.max_pool1d|F.max_pool1d': maxPool(1),
  'torch.max_pool2d|F.max_pool2d': maxPool(2),
  'torch.max_pool3d|F.max_pool3d': maxPool(3),
  'torch.avg_pool1d|F.avg_pool1d': pool('AvgPool', 1, average),
  'F.avg_pool2d': pool('AvgPool', 2, `${average}, divisor_override=`),
  'F.avg_pool3d': pool('AvgPool', 3, `${average}, divisor_override=`),
  'F.lp_pool1d': pool('LPPool', 1, byNorm),
  'F.lp_pool2d': pool('LPPool', 2, byNorm),
  'F.lp_pool3d': pool('LPPool', 3, byNorm),
  'torch.adaptive_avg_pool1d|F.adaptive_avg_pool1d': adaptivePool('Avg', 1),
  'F.adaptive_avg_pool2d': adaptivePool('Avg', 2),
  'F.adaptive_avg_pool3d': adaptivePool('Avg', 3),
  'F.adaptive_max_pool1d': adaptivePool('Max', 1),
  'F.adaptive_max_pool2d': adaptivePool('Max', 2),
  'F.adaptive_max_pool3d': adaptivePool('Max', 3),
};
