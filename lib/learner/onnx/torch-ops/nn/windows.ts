import type { Value as GraphValue } from '../../graph.js';
import type { TorchEnv } from '../env.js';
import { SymSize, type Size } from '../size.js';
import { fn, type Args, type TorchFunction, type TorchTable } from '../table.js';
import type { TensorValue } from '../tensor-value.js';
import { batched, knownSize, perAxis, sizesOf } from './support.js';

interface Window {
  readonly kernel: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly number[];
  readonly stride: readonly number[];
}

const ONES = [1, 1];

function windowOf(env: TorchEnv, args: Args): Window {
  const window = {
    kernel: perAxis(args, 'kernel_size', 2)!,
    dilation: perAxis(args, 'dilation', 2) ?? ONES,
    padding: perAxis(args, 'padding', 2) ?? [0, 0],
    stride: perAxis(args, 'stride', 2) ?? ONES,
  };
  env.ctx.budget.charge(100 * (window.kernel[0]! + window.kernel[1]!));
  return window;
}

/** For each position in a window along an axis, the elements there, as a new axis before it. */
function slices(
  env: TorchEnv,
  x: GraphValue,
  axis: number,
  kernel: number,
  dilation: number,
  stride: number,
): GraphValue {
  const { graph } = env;
  const places = Array.from({ length: kernel }, (_, place) => {
    const behind = dilation * (kernel - 1 - place);
    const bounds = [place * dilation, behind === 0 ? Number.MAX_SAFE_INTEGER : -behind];
    const cut = graph.op('Slice', [
      x,
      ...[...bounds, axis, stride].map((bound) => graph.axes(bound)),
    ]);
    return graph.op('Unsqueeze', [cut, graph.axes(axis)]);
  });
  return graph.op('Concat', places, { axis });
}

/** [batch, channels, rows of the window, rows, columns of the window, columns]. */
function patches(env: TorchEnv, x: GraphValue, window: Window): GraphValue {
  const { graph } = env;
  const [top, left] = window.padding as [number, number];
  const padded =
    top === 0 && left === 0
      ? x
      : graph.op('Pad', [
          x,
          graph.axes(0, 0, top, left, 0, 0, top, left),
          graph.scalar(0, x.dtype),
        ]);
  const { kernel, dilation, stride } = window;
  const rows = slices(env, padded, 2, kernel[0]!, dilation[0]!, stride[0]!);
  return slices(env, rows, 4, kernel[1]!, dilation[1]!, stride[1]!);
}

const unfold = fn('input, kernel_size, dilation=, padding=, stride=', (env, args) => {
  const x = args.tensor('input');
  const window = windowOf(env, args);
  const area = window.kernel[0]! * window.kernel[1]!;
  return env.tensor(
    batched(env, x.value, 4, (image) => {
      const all = env.graph.op('Transpose', [patches(env, image, window)], {
        perm: [0, 1, 2, 4, 3, 5],
      });
      const channels = image.shape?.[1];
      if (typeof channels === 'number') {
        return env.graph.op('Reshape', [all, env.graph.axes(0, channels * area, -1)]);
      }
      const flat = env.graph.op('Reshape', [all, env.graph.axes(0, 0, area, -1)]);
      const sizes = env.sizes(env.tensor(flat, x.dtype));
      return env.reshape(flat, [sizes[0]!, SymSize.mul(sizes[1]!, sizes[2]!), sizes[3]!]);
    }),
    x.dtype,
  );
});

/** Adds overlapping patches: a transposed convolution with one weight for each position. */
const fold = fn('input, output_size, kernel_size, dilation=, padding=, stride=', (env, args) => {
  const x = args.tensor('input');
  const { graph, ctx } = env;
  const { kernel, dilation, padding, stride } = windowOf(env, args);
  const target = sizesOf(env, args.raw('output_size'), 2).map((size) => knownSize(env, size ?? 0));
  const area = kernel[0]! * kernel[1]!;
  const rows = knownSize(env, env.sizeOf(x, x.rank - 2));
  const channels = rows / area;
  const extent = (i: number): number => dilation[i]! * (kernel[i]! - 1) + 1;
  const counts = target.map((size, i) =>
    Math.floor((size + 2 * padding[i]! - extent(i)) / stride[i]! + 1),
  );
  if (!Number.isInteger(channels) || counts.some((count) => count < 1)) {
    throw ctx.raise('RuntimeError', 'fold: the sizes of the input do not fit the window');
  }
  ctx.budget.charge(rows * area);
  const weight = new Float32Array(rows * area);
  for (let row = 0; row < rows; row++) weight[row * area + (row % area)] = 1;
  const spread = (image: GraphValue): GraphValue => {
    const places = graph.op('Reshape', [image, graph.axes(0, rows, ...counts)]);
    return graph.op(
      'ConvTranspose',
      [places, graph.constant(weight, 'float32', [rows, 1, ...kernel])],
      {
        kernel_shape: kernel,
        strides: stride,
        dilations: dilation,
        pads: [...padding, ...padding],
        output_padding: target.map(
          (size, i) => size - ((counts[i]! - 1) * stride[i]! + extent(i) - 2 * padding[i]!),
        ),
        group: channels,
      },
    );
  };
  if (x.dtype !== 'float32') throw ctx.unsupported(`fold of ${x.dtype}`);
  return env.tensor(batched(env, x.value, 3, spread), x.dtype);
});

/**
 * Runs a function of [batch, channels, height, width] on a tensor with any number of leading
 * dimensions.
 */
function onImages(
  env: TorchEnv,
  x: TensorValue,
  emit: (image: TensorValue, sizes: readonly Size[]) => GraphValue,
  resized: (sizes: readonly Size[]) => readonly Size[],
): TensorValue {
  const sizes = env.sizes(x);
  const image = sizes.slice(-3);
  if (image.length < 3) throw env.ctx.raise('RuntimeError', 'expects at least 3 dimensions');
  const lead = sizes.slice(0, -3);
  const flat =
    lead.length === 1
      ? x
      : env.tensor(env.reshape(x.value, [SymSize.product(lead), ...image]), x.dtype);
  const result = emit(flat, image);
  return env.tensor(env.reshape(result, [...lead, ...resized(image)]), x.dtype);
}

const pixelShuffle = fn('input, upscale_factor', (env, args) => {
  const r = args.int('upscale_factor');
  return onImages(
    env,
    args.tensor('input'),
    (image, [channels]) => {
      if (knownSize(env, channels!) % (r * r) !== 0) {
        throw env.ctx.raise(
          'RuntimeError',
          'pixel_shuffle: channels are not a multiple of the square',
        );
      }
      return env.graph.op('DepthToSpace', [image.value], { blocksize: r, mode: 'CRD' });
    },
    ([channels, height, width]) => [
      SymSize.floorDiv(channels!, r * r),
      SymSize.mul(height!, r),
      SymSize.mul(width!, r),
    ],
  );
});

const pixelUnshuffle = fn('input, downscale_factor', (env, args) => {
  const r = args.int('downscale_factor');
  const window = { kernel: [r, r], dilation: ONES, padding: [0, 0], stride: [r, r] };
  env.ctx.budget.charge(200 * r);
  return onImages(
    env,
    args.tensor('input'),
    (image) =>
      env.graph.op('Transpose', [patches(env, image.value, window)], { perm: [0, 1, 2, 4, 3, 5] }),
    ([channels, height, width]) => [
      SymSize.mul(channels!, r * r),
      SymSize.floorDiv(height!, r),
      SymSize.floorDiv(width!, r),
    ],
  );
});

/** Takes the channels of all groups in turn. */
const channelShuffle: TorchFunction = fn('input, groups', (env, args) => {
  const x = args.tensor('input');
  const groups = args.int('groups');
  const channels = knownSize(env, env.sizeOf(x, 1));
  if (groups < 1 || channels % groups !== 0) {
    throw env.ctx.raise('RuntimeError', 'Number of channels must be divisible by groups');
  }
  const each = channels / groups;
  const order = Array.from(
    { length: channels },
    (_, i) => (i % groups) * each + Math.floor(i / groups),
  );
  env.ctx.budget.charge(channels);
  const indices = env.graph.constant(order, 'int64');
  return env.tensor(env.graph.op('Gather', [x.value, indices], { axis: 1 }), x.dtype);
});

export const windowFunctions: TorchTable = {
  'F.unfold': unfold,
  'F.fold': fold,
  'torch.pixel_shuffle|F.pixel_shuffle': pixelShuffle,
  'torch.pixel_unshuffle|F.pixel_unshuffle': pixelUnshuffle,
  'torch.channel_shuffle|F.channel_shuffle|torch.native_channel_shuffle|F.native_channel_shuffle':
    channelShuffle,
};
