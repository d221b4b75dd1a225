import type { Value as GraphValue } from '../../graph.js';
import { interpolate, scaled } from '../../lowering/resizing.js';
import type { TorchEnv } from '../env.js';
import { SymSize, type Size } from '../size.js';
import { fn, type Args, type TorchTable } from '../table.js';
import type { TensorValue } from '../tensor-value.js';
import { adaptive } from './pooling.js';
import { inFloat, knownSizes, layerOf, loweringOf, refusing, sized, sizesOf } from './support.js';

/** Modes by the number of spatial dimensions that they support. */
const RANKS: ReadonlyMap<string, readonly number[]> = new Map([
  ['nearest', [1, 2, 3]],
  ['nearest-exact', [1, 2, 3]],
  ['area', [1, 2, 3]],
  ['linear', [1]],
  ['bilinear', [2]],
  ['bicubic', [2]],
  ['trilinear', [3]],
]);

interface Request {
  readonly mode: string;
  readonly alignCorners: boolean;
  readonly sizes: readonly Size[] | undefined;
  readonly factors: readonly number[] | undefined;
}

function requestOf(env: TorchEnv, args: Args, dims: number): Request {
  const { ctx } = env;
  const mode = args.string('mode', 'nearest');
  if (args.bool('antialias', false)) {
    throw ctx.unsupported(`${args.name} with antialias=True is not supported`);
  }
  if (!RANKS.get(mode)?.includes(dims)) {
    throw ctx.raise(
      'NotImplementedError',
      `Got ${dims + 2}D input, which mode '${mode}' does not support`,
    );
  }
  if (args.has('size') === args.has('scale_factor')) {
    throw ctx.raise('ValueError', 'only one of size or scale_factor should be defined');
  }
  const alignCorners = args.bool('align_corners', false);
  if (args.has('size')) {
    const sizes = sizesOf(env, args.raw('size'), dims) as Size[];
    return { mode, alignCorners, sizes, factors: undefined };
  }
  return { mode, alignCorners, sizes: undefined, factors: factorsOf(env, args, dims) };
}

function factorsOf(env: TorchEnv, args: Args, dims: number): number[] {
  const value = args.raw('scale_factor')!;
  if (typeof value === 'number') return Array.from({ length: dims }, () => value);
  if (typeof value === 'bigint' || value instanceof SymSize) {
    return Array.from({ length: dims }, () => Number(env.ctx.index(value)));
  }
  const items = [...env.ctx.iterate(value)].map((item) =>
    typeof item === 'number' ? item : Number(env.ctx.index(item)),
  );
  return items.length === 1 ? Array.from({ length: dims }, () => items[0]!) : items;
}

/** torch multiplies in double precision and truncates. */
const scaledSizes = (sizes: readonly number[], factors: readonly number[]): number[] =>
  sizes.map((size, i) => Math.floor(size * factors[i]!));

/** Whether onnxruntime, which multiplies in single precision, computes the same sizes. */
const sameRounding = (sizes: readonly number[], factors: readonly number[]): boolean =>
  sizes.every(
    (size, i) =>
      Math.floor(Math.fround(size * Math.fround(factors[i]!))) === Math.floor(size * factors[i]!),
  );

/**
 * The source of each pixel in the old nearest mode. torch multiplies by a rounded ratio, and
 * onnxruntime divides by its inverse. Sometimes the results are on two sides of a whole number.
 */
function nearestPixels(
  from: number,
  to: number,
  factor = to / from,
): { torch: number[]; onnx: number[] } {
  const ratio = Math.fround(1 / factor);
  const scale = Math.fround(factor);
  const places = Array.from({ length: to }, (_, i) => i);
  return {
    torch: places.map((i) => Math.min(Math.floor(Math.fround(i * ratio)), from - 1)),
    onnx: places.map((i) => Math.min(Math.floor(Math.fround(i / scale)), from - 1)),
  };
}

/** The old nearest mode, pixel by pixel if the operator would pick others. */
function nearest(
  env: TorchEnv,
  x: GraphValue,
  from: readonly number[],
  to: readonly number[],
  factors?: readonly number[],
): GraphValue | undefined {
  env.ctx.budget.charge(to.reduce((sum, size) => sum + 4 * size, 0));
  const pixels = to.map((size, i) => nearestPixels(from[i]!, size, factors?.[i]));
  const agree = pixels.every(({ torch, onnx }) => torch.every((pixel, i) => pixel === onnx[i]));
  if (agree) return undefined;
  return pixels.reduce(
    (image, { torch }, i) =>
      env.graph.op('Gather', [image, env.graph.constant(torch, 'int64')], { axis: i + 2 }),
    x,
  );
}

/** The same for unknown sizes: the graph computes them as torch does. */
function nearestOf(env: TorchEnv, x: TensorValue, sizes: readonly Size[]): TensorValue {
  const { graph } = env;
  const float = (size: Size): GraphValue =>
    graph.op('Cast', [env.sizeScalar(size)], { to: 'float32' });
  const value = sizes.reduce<GraphValue>((image, size, i) => {
    const from = env.sizeOf(x, i + 2);
    const places = graph.op('Range', [graph.scalar(0), float(size), graph.scalar(1)]);
    const ratio = graph.op('Div', [float(from), float(size)]);
    const pixels = graph.op('Min', [
      graph.op('Floor', [graph.op('Mul', [places, ratio])]),
      graph.op('Sub', [float(from), graph.scalar(1)]),
    ]);
    const indices = graph.op('Cast', [pixels], { to: 'int64' });
    return graph.op('Gather', [image, indices], { axis: i + 2 });
  }, x.value);
  return env.tensor(env.withSizes(value, [...env.sizes(x).slice(0, 2), ...sizes]), x.dtype);
}

const isKnown = (sizes: readonly (Size | null)[]): sizes is readonly number[] =>
  sizes.every((size) => typeof size === 'number');

const UPSAMPLE = 'torch.nn.modules.upsampling.Upsample';

function toSizes(
  env: TorchEnv,
  name: string,
  x: TensorValue,
  { mode, alignCorners }: Request,
  sizes: readonly Size[],
): TensorValue {
  const lowering = loweringOf(env);
  const layer = layerOf(UPSAMPLE, {});
  const from = x.value.shape?.slice(2) ?? [];
  const known = isKnown(sizes) && from.every((size) => typeof size === 'number');
  if (mode === 'nearest' && !known) return nearestOf(env, x, sizes);
  return inFloat(env, name, x, (value) =>
    refusing(env, name, () => {
      if (!isKnown(sizes)) {
        const resized = interpolate(lowering, layer, value, env.shape(sizes), mode, alignCorners);
        return env.withSizes(resized, [...env.sizes(x).slice(0, 2), ...sizes]);
      }
      const exact = mode === 'nearest' ? nearest(env, value, from as number[], sizes) : undefined;
      return exact ?? interpolate(lowering, layer, value, sizes, mode, alignCorners);
    }),
  );
}

/** Factors for which every size is exact and the nearest modes pick the same pixels. */
const isPlain = (factor: number): boolean => Number.isInteger(factor) && factor <= 40;

function byFactors(
  env: TorchEnv,
  name: string,
  x: TensorValue,
  { mode, alignCorners }: Request,
  factors: readonly number[],
): TensorValue {
  const plain = factors.every(isPlain);
  const operand = plain ? x : env.tensor(sized(env, x, 2), x.dtype);
  const from = plain
    ? []
    : knownSizes(
        env,
        operand,
        factors.map((_, i) => i + 2),
      );
  if (!sameRounding(from, factors)) {
    throw env.ctx.unsupported(
      `${name} by ${factors.join(', ')} rounds to a different size than onnxruntime; give it ` +
        'a size',
    );
  }
  return inFloat(env, name, operand, (value) =>
    refusing(env, name, () => {
      const exact =
        mode === 'nearest' && !plain
          ? nearest(env, value, from, scaledSizes(from, factors), factors)
          : undefined;
      const layer = layerOf(UPSAMPLE, {});
      return exact ?? scaled(loweringOf(env), layer, value, factors, mode, alignCorners);
    }),
  );
}

const interpolateFunction = (mode?: string, corners?: boolean) =>
  fn(
    'input, size=, scale_factor=, mode=, align_corners=, recompute_scale_factor=, antialias=',
    (env, args) => {
      const x = args.tensor('input');
      const dims = x.rank - 2;
      const given = requestOf(env, args, dims);
      const request = {
        ...given,
        mode: mode ?? given.mode,
        alignCorners: corners ?? given.alignCorners,
      };
      const axes = Array.from({ length: dims }, (_, i) => i + 2);
      if (request.mode === 'area') {
        const targets = request.sizes ?? scaledSizes(knownSizes(env, x, axes), request.factors!);
        return adaptive(env, args.name, 'Avg', x, targets);
      }
      if (request.sizes) return toSizes(env, args.name, x, request, request.sizes);
      const factors = request.factors!;
      if (!args.bool('recompute_scale_factor', false)) {
        return byFactors(env, args.name, x, request, factors);
      }
      return toSizes(env, args.name, x, request, scaledSizes(knownSizes(env, x, axes), factors));
    },
  );

export const resizingFunctions: TorchTable = {
  'F.interpolate|F.upsample': interpolateFunction(),
  'F.upsample_nearest': interpolateFunction('nearest'),
  'F.upsample_bilinear': interpolateFunction('bilinear', true),
};
