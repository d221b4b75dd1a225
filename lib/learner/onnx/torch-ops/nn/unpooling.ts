import { Tuple, type Value } from '../../../python/values.js';
import type { TorchEnv } from '../env.js';
import { fn, type Args, type TorchFunction, type TorchTable } from '../table.js';
import type { TensorValue } from '../tensor-value.js';
import { floatOf, perAxis } from './support.js';

const product = (env: TorchEnv, sizes: readonly Value[]): Value =>
  sizes.reduce((all, size) => env.ctx.binary('*', all, size), 1n);

/** The sizes of the last axes. */
const planeOf = (env: TorchEnv, x: TensorValue, dims: number): readonly Value[] =>
  env.sizeTuple(x).items.slice(-dims);

/** `F.max_poolnd(..., return_indices=True)`: the maxima, and their indices within their plane. */
export function maxPoolWithIndices(env: TorchEnv, args: Args, x: TensorValue, dims: number): Value {
  if (args.bool('ceil_mode', false)) {
    throw env.ctx.unsupported(`${args.name}: it returns indices and rounds up (ceil_mode)`);
  }
  const kernel = perAxis(args, 'kernel_size', dims) ?? [];
  const padding = perAxis(args, 'padding', dims) ?? kernel.map(() => 0);
  const hasBatch = x.rank === dims + 2;
  const images = hasBatch ? x : env.tensorOf('torch.unsqueeze', [x, 0n]);
  const [maxima, places] = env.graph.ops('MaxPoolWithIndices', [floatOf(env, args.name, images)], {
    kernel_shape: kernel,
    strides: perAxis(args, 'stride', dims) ?? kernel,
    dilations: perAxis(args, 'dilation', dims) ?? kernel.map(() => 1),
    pads: [...padding, ...padding],
  });
  // ONNX indices count over the whole tensor.
  const plane = product(env, planeOf(env, images, dims));
  const within = env.tensorOf('torch.remainder', [env.tensor(places!, 'int64'), plane]);
  const results = [env.tensor(maxima!, x.dtype), within];
  return new Tuple(
    hasBatch ? results : results.map((result) => env.tensorOf('torch.squeeze', [result, 0n])),
  );
}

const maxUnpool = (dims: number): TorchFunction =>
  fn('input, indices, kernel_size, stride=, padding=, output_size=', (env, args) => {
    const { ctx } = env;
    const x = args.tensor('input');
    const lead = BigInt(x.rank - dims);
    const kernel = perAxis(args, 'kernel_size', dims) ?? [];
    const stride = perAxis(args, 'stride', dims) ?? kernel;
    const padding = perAxis(args, 'padding', dims) ?? kernel.map(() => 0);
    const plane = args.has('output_size')
      ? args.items('output_size').slice(-dims)
      : planeOf(env, x, dims).map((size, i) => {
          const steps = ctx.binary('*', ctx.binary('-', size, 1n), BigInt(stride[i]!));
          return ctx.binary('+', steps, BigInt(kernel[i]! - 2 * padding[i]!));
        });
    const before = env.sizeTuple(x).items.slice(0, -dims);
    const [values, places] = [x, args.tensor('indices')].map((each) =>
      env.tensorOf('torch.flatten', [each, lead]),
    );
    const empty = env.tensorOf('torch.zeros', [new Tuple([...before, product(env, plane)])]);
    const filled = env.tensorOf('torch.scatter', [
      env.cast(empty, x.dtype),
      lead,
      places!,
      values!,
    ]);
    return env.apply('Tensor.reshape', [filled, new Tuple([...before, ...plane])]);
  });

export const unpoolingFunctions: TorchTable = {
  'F.max_unpool1d': maxUnpool(1),
  'F.max_unpool2d': maxUnpool(2),
  'F.max_unpool3d': maxUnpool(3),
};
