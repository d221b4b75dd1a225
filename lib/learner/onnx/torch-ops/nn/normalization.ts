import type { Value as GraphValue } from '../../graph.js';
import type { TorchEnv } from '../env.js';
import type { Size } from '../size.js';
import { fn, type Args, type TorchTable } from '../table.js';
import type { TensorValue } from '../tensor-value.js';
import { floatOf, inFloat, knownSize, maybeFloat, sizesOf } from './support.js';

/** One value for each channel (dimension 1), so that it broadcasts over [batch, channels, ...]. */
function perChannel({ graph }: TorchEnv, vector: GraphValue, rank: number): GraphValue {
  if (rank <= 2) return vector;
  const ones = Array.from({ length: rank - 2 }, () => 1);
  return graph.op('Reshape', [vector, graph.axes(-1, ...ones)]);
}

function scaledAndShifted(
  env: TorchEnv,
  x: GraphValue,
  weight: GraphValue | undefined,
  bias: GraphValue | undefined,
): GraphValue {
  const scaled = weight ? env.graph.op('Mul', [x, weight]) : x;
  return bias ? env.graph.op('Add', [scaled, bias]) : scaled;
}

const lastAxes = (count: number): number[] => Array.from({ length: count }, (_, i) => i - count);

/** (x - mean) / sqrt(variance + eps) over some axes. Their sizes need not be known. */
function standardized(
  { graph }: TorchEnv,
  x: GraphValue,
  axes: readonly number[],
  epsilon: number,
): GraphValue {
  const mean = (value: GraphValue): GraphValue =>
    graph.op('ReduceMean', [value], { axes, keepdims: 1 });
  const centred = graph.op('Sub', [x, mean(x)]);
  const variance = mean(graph.op('Mul', [centred, centred]));
  const deviation = graph.op('Sqrt', [graph.op('Add', [variance, graph.scalar(epsilon)])]);
  return graph.op('Div', [centred, deviation]);
}

function weights(env: TorchEnv, args: Args): (GraphValue | undefined)[] {
  return ['weight', 'bias'].map((name) => maybeFloat(env, args.name, args.maybeTensor(name)));
}

/** The sizes to normalize, which must be those of the tensor. */
function normalizedShape(env: TorchEnv, args: Args, x: TensorValue): Size[] {
  const sizes = sizesOf(env, args.raw('normalized_shape'), 1) as Size[];
  const fits = sizes.every((size, i) => {
    const own = sizes.length <= x.rank ? env.sizeOf(x, x.rank - sizes.length + i) : -1;
    return typeof own !== 'number' || typeof size !== 'number' || own === size;
  });
  if (fits) return sizes;
  throw env.ctx.raise('RuntimeError', 'normalized_shape does not fit the input');
}

const layerNorm = fn(
  'input, normalized_shape, weight=, bias=, eps=, cudnn_enable=',
  (env, args) => {
    const x = args.tensor('input');
    const sizes = normalizedShape(env, args, x);
    const epsilon = args.float('eps', 1e-5);
    const [weight, bias] = weights(env, args);
    return inFloat(env, 'layer_norm', x, (value) => {
      const { graph } = env;
      if (!sizes.every((size) => typeof size === 'number')) {
        const normal = standardized(env, value, lastAxes(sizes.length), epsilon);
        return scaledAndShifted(env, normal, weight, bias);
      }
      const count = sizes.reduce((product, size) => product * size, 1);
      env.ctx.budget.charge(count);
      const scale = weight ?? graph.constant(new Float32Array(count).fill(1), 'float32', sizes);
      return graph.op('LayerNormalization', bias ? [value, scale, bias] : [value, scale], {
        axis: -sizes.length,
        epsilon,
      });
    });
  },
);

const rmsNorm = fn('input, normalized_shape, weight=, eps=', (env, args) => {
  const x = args.tensor('input');
  const sizes = normalizedShape(env, args, x);
  // Without eps torch uses the resolution of the element type.
  const epsilon = args.float('eps', x.dtype === 'float64' ? 2 ** -52 : 2 ** -23);
  const weight = maybeFloat(env, 'rms_norm', args.maybeTensor('weight'));
  return inFloat(env, 'rms_norm', x, (value) => {
    const { graph } = env;
    const square = graph.op('Mul', [value, value]);
    const mean = graph.op('ReduceMean', [square], { axes: lastAxes(sizes.length), keepdims: 1 });
    const root = graph.op('Sqrt', [graph.op('Add', [mean, graph.scalar(epsilon)])]);
    return scaledAndShifted(env, graph.op('Div', [value, root]), weight, undefined);
  });
});

/** Ones and zeros, one for each channel. */
const filled = ({ graph }: TorchEnv, value: number, count: number): GraphValue =>
  graph.constant(new Float32Array(count).fill(value), 'float32');

const channelsOf = (env: TorchEnv, x: TensorValue): number => knownSize(env, env.sizeOf(x, 1));

/** Normalizes each channel of each row separately. */
function instances(env: TorchEnv, x: GraphValue, channels: number, epsilon: number): GraphValue {
  return env.graph.op(
    'InstanceNormalization',
    [x, filled(env, 1, channels), filled(env, 0, channels)],
    { epsilon },
  );
}

const groupNorm = fn('input, num_groups, weight=, bias=, eps=, cudnn_enabled=', (env, args) => {
  const x = args.tensor('input');
  const groups = args.int('num_groups');
  if (groups < 1 || channelsOf(env, x) % groups !== 0) {
    throw env.ctx.raise('RuntimeError', 'The channels must be divisible by num_groups');
  }
  const [weight, bias] = weights(env, args).map((w) => w && perChannel(env, w, x.rank));
  return inFloat(env, 'group_norm', x, (value) => {
    const { graph } = env;
    const grouped = graph.op('Reshape', [value, graph.axes(0, groups, -1)]);
    const normal = instances(env, grouped, groups, args.float('eps', 1e-5));
    const back = graph.op('Reshape', [normal, graph.op('Shape', [value])]);
    return scaledAndShifted(env, graph.assume(back, value.shape ?? []), weight, bias);
  });
});

function byStatistics(env: TorchEnv, args: Args, epsilon: number): TensorValue {
  const x = args.tensor('input');
  const channels = channelsOf(env, x);
  const [mean, variance] = ['running_mean', 'running_var'].map((name) =>
    floatOf(env, args.name, args.tensor(name)),
  ) as [GraphValue, GraphValue];
  const [weight, bias] = weights(env, args);
  return inFloat(env, args.name, x, (value) =>
    env.graph.op(
      'BatchNormalization',
      [value, weight ?? filled(env, 1, channels), bias ?? filled(env, 0, channels), mean, variance],
      { epsilon },
    ),
  );
}

const batchNorm = fn(
  'input, running_mean, running_var, weight=, bias=, training=, momentum=, eps=, cudnn_enabled=',
  (env, args) => {
    if (args.bool('training', false)) {
      throw env.ctx.unsupported(
        'batch_norm(training=True) uses the statistics of the batch, so each row depends on ' +
          'the others',
      );
    }
    return byStatistics(env, args, args.float('eps', 1e-5));
  },
);

const instanceNorm = fn(
  'input, running_mean=, running_var=, weight=, bias=, use_input_stats=, momentum=, eps=, cudnn_enabled=',
  (env, args) => {
    const epsilon = args.float('eps', 1e-5);
    if (!args.bool('use_input_stats', true)) return byStatistics(env, args, epsilon);
    const x = args.tensor('input');
    const channels = channelsOf(env, x);
    const [weight, bias] = weights(env, args).map((w) => w && perChannel(env, w, x.rank));
    return inFloat(env, 'instance_norm', x, (value) =>
      scaledAndShifted(env, instances(env, value, channels, epsilon), weight, bias),
    );
  },
);

/** x / (k + alpha * mean of the squares of `size` neighbours in the channels) ^ beta. */
const localResponse = fn('input, size, alpha=, beta=, k=', (env, args) => {
  const x = args.tensor('input');
  const size = args.int('size');
  return inFloat(env, 'local_response_norm', x, (value) => {
    const { graph } = env;
    // [batch, 1, channels, positions]: a window over the channels alone.
    const square = graph.op('Reshape', [graph.op('Mul', [value, value]), graph.axes(0, 0, -1)]);
    const plane = graph.op('Unsqueeze', [square, graph.axes(1)]);
    const pads = graph.axes(0, 0, Math.floor(size / 2), 0, 0, 0, Math.floor((size - 1) / 2), 0);
    const padded = graph.op('Pad', [plane, pads, graph.scalar(0)]);
    const mean = graph.op('AveragePool', [padded], { kernel_shape: [size, 1], strides: [1, 1] });
    const scaled = graph.op('Mul', [mean, graph.scalar(args.float('alpha', 1e-4))]);
    const shifted = graph.op('Add', [scaled, graph.scalar(args.float('k', 1))]);
    const divisor = graph.op('Pow', [shifted, graph.scalar(args.float('beta', 0.75))]);
    const back = graph.op('Reshape', [divisor, graph.op('Shape', [value])]);
    return graph.op('Div', [value, graph.assume(back, value.shape ?? [])]);
  });
});

/** |x|, by operators that every graph has. */
const magnitude = ({ graph }: TorchEnv, x: GraphValue): GraphValue =>
  graph.op('Max', [x, graph.op('Neg', [x])]);

/** The p-norm over some axes. */
function norm(
  env: TorchEnv,
  x: GraphValue,
  p: number,
  axes: readonly number[],
  keep = true,
): GraphValue {
  const { graph } = env;
  const keepdims = Number(keep);
  if (p === 2) return graph.op('ReduceL2', [x], { axes, keepdims });
  const size = magnitude(env, x);
  if (p === Infinity) return graph.op('ReduceMax', [size], { axes, keepdims });
  if (!Number.isFinite(p) || p <= 0)
    throw env.ctx.unsupported(`a norm of order ${p} is not supported`);
  const sum = (value: GraphValue): GraphValue =>
    graph.op('ReduceSum', [value, graph.axes(...axes)], { keepdims });
  if (p === 1) return sum(size);
  return graph.op('Pow', [sum(graph.op('Pow', [size, graph.scalar(p)])), graph.scalar(1 / p)]);
}

const normalize = fn('input, p=, dim=, eps=, out=', (env, args) => {
  const axes = args.ints('dim') ?? [1];
  return inFloat(env, 'normalize', args.tensor('input'), (x) => {
    const length = norm(env, x, args.float('p', 2), axes);
    const floor = env.graph.scalar(args.float('eps', 1e-12));
    return env.graph.op('Div', [x, env.graph.op('Max', [length, floor])]);
  });
});

const cosineSimilarity = fn('x1, x2, dim=, eps=', (env, args) => {
  const { graph } = env;
  const eps = graph.scalar(args.float('eps', 1e-8));
  const dim = args.int('dim', 1);
  // The dimension counts in the result. A tensor of lower rank gets leading dimensions.
  const axis = dim < 0 ? dim : dim - Math.max(args.tensor('x1').rank, args.tensor('x2').rank);
  const unit = (name: string): GraphValue => {
    const x = floatOf(env, 'cosine_similarity', args.tensor(name));
    return graph.op('Div', [x, graph.op('Max', [norm(env, x, 2, [axis]), eps])]);
  };
  const product = graph.op('Mul', [unit('x1'), unit('x2')]);
  return env.tensor(
    graph.op('ReduceSum', [product, graph.axes(axis)], { keepdims: 0 }),
    args.tensor('x1').dtype,
  );
});

const pairwiseDistance = fn('x1, x2, p=, eps=, keepdim=', (env, args) => {
  const { graph } = env;
  const [a, b] = ['x1', 'x2'].map((name) => floatOf(env, args.name, args.tensor(name)));
  const difference = graph.op('Add', [
    graph.op('Sub', [a, b]),
    graph.scalar(args.float('eps', 1e-6)),
  ]);
  const distance = norm(env, difference, args.float('p', 2), [-1], args.bool('keepdim', false));
  return env.tensor(distance, args.tensor('x1').dtype);
});

export const normalizationFunctions: TorchTable = {
  'torch.layer_norm|F.layer_norm': layerNorm,
  'torch.rms_norm|F.rms_norm': rmsNorm,
  'torch.group_norm|F.group_norm': groupNorm,
  'F.batch_norm': batchNorm,
  'torch.batch_norm': fn(
    'input, weight, bias, running_mean, running_var, training, momentum, eps, cudnn_enabled',
    (env, args) => {
      const names = [
        'input',
        'running_mean',
        'running_var',
        'weight',
        'bias',
        'training',
        'momentum',
        'eps',
      ];
      return env.apply(
        'F.batch_norm',
        names.map((name) => args.raw(name) ?? null),
      );
    },
  ),
  'F.instance_norm': instanceNorm,
  'F.local_response_norm': localResponse,
  'F.normalize': normalize,
  'torch.cosine_similarity|F.cosine_similarity': cosineSimilarity,
  'torch.pairwise_distance|F.pairwise_distance': pairwiseDistance,
};
