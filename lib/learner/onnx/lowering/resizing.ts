import type { Module } from '../../torch/module.js';
import type { Attributes } from '../graph-builder.js';
import type { Value } from '../graph.js';
import { intAttr, numberAttr, stringAttr } from './attributes.js';
import type { Lowering, LoweringContext } from './context.js';
import type { LoweringFamily } from './lowering.js';
import { dimsOfClass, padImage, sizesAttr, spatialShape } from './spatial.js';

/** ONNX's names for the modes of torch's interpolate. */
function resizeAttributes(
  ctx: LoweringContext,
  module: Module,
  mode: string,
  alignCorners: boolean,
): Attributes {
  // Not pytorch_half_pixel: if an image becomes one pixel, torch takes the middle since 1.5.
  const coordinates = alignCorners ? 'align_corners' : 'half_pixel';
  switch (mode) {
    case 'nearest':
      // torch's oldest mode: floor(index * scale).
      return { mode, coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
    case 'nearest-exact':
      return {
        mode: 'nearest',
        coordinate_transformation_mode: 'half_pixel',
        nearest_mode: 'round_prefer_ceil',
      };
    case 'linear':
    case 'bilinear':
    case 'trilinear':
      return { mode: 'linear', coordinate_transformation_mode: coordinates };
    case 'bicubic':
      return { mode: 'cubic', coordinate_transformation_mode: coordinates, cubic_coeff_a: -0.75 };
    default:
      throw ctx.unsupported(module, `it resizes by "${mode}"`);
  }
}

/** `F.interpolate(x, size, mode)` where `sizes` is a vector of the spatial sizes. */
export function interpolate(
  ctx: LoweringContext,
  module: Module,
  x: Value,
  sizes: readonly number[] | Value,
  mode: string,
  alignCorners = false,
): Value {
  const attributes = resizeAttributes(ctx, module, mode, alignCorners);
  const { graph } = ctx;
  const [, channels] = x.shape ?? [];
  const batch = graph.op('Shape', [x], { end: 2 });
  const spatial = Array.isArray(sizes) ? graph.axes(...(sizes as number[])) : (sizes as Value);
  const target = graph.op('Concat', [batch, spatial], { axis: 0 });
  const resized = graph.op('Resize', [x, undefined, undefined, target], attributes);
  // onnxruntime does not infer sizes from a computed vector, but the next layers need them if they
  // are known.
  if (!Array.isArray(sizes) || typeof channels !== 'number') return resized;
  return graph.assume(resized, [x.shape?.[0] ?? null, channels, ...(sizes as number[])]);
}

/** x, resized to the spatial size of `like` if it differs. */
export function resizeTo(
  ctx: LoweringContext,
  module: Module,
  x: Value,
  like: Value,
  mode: string,
): Value {
  const [from, to] = [x.shape?.slice(2), like.shape?.slice(2)];
  if (to && to.every((size) => typeof size === 'number')) {
    if (from && from.every((size, i) => size === to[i])) return x;
    return interpolate(ctx, module, x, to as number[], mode);
  }
  return interpolate(ctx, module, x, spatialShape(ctx, like), mode);
}

const lowerUpsample: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const mode = stringAttr(module, 'mode', 'nearest');
  const alignCorners = module.attr('align_corners') === true;
  const rank = (x.rank ?? 4) - 2;
  if (module.attr('size') !== null && module.attr('size') !== undefined) {
    return interpolate(ctx, module, x, sizesAttr(module, 'size', rank), mode, alignCorners);
  }
  const factors = scaleFactors(module, rank);
  if (module.attr('recompute_scale_factor') === true) {
    throw ctx.unsupported(module, 'it computes its scale again (recompute_scale_factor)');
  }
  return scaled(ctx, module, x, factors, mode, alignCorners);
};

/**
 * `F.interpolate(x, scale_factor, mode)`: the factor determines the pixel positions, not the ratio
 * of sizes.
 */
export function scaled(
  ctx: LoweringContext,
  module: Module,
  x: Value,
  factors: readonly number[],
  mode: string,
  alignCorners = false,
): Value {
  const attributes = resizeAttributes(ctx, module, mode, alignCorners);
  const scales = ctx.graph.constant([1, 1, ...factors], 'float32');
  return ctx.graph.op('Resize', [x, undefined, scales], attributes);
}

function scaleFactors(module: Module, rank: number): number[] {
  const factor = module.attr('scale_factor');
  if (Array.isArray(factor)) return factor.map(Number);
  const one = numberAttr(module, 'scale_factor');
  return Array.from({ length: rank }, () => one);
}

/** Channels to blocks of pixels, in the order in which torch lays them out. */
const lowerPixelShuffle: Lowering = (module, ctx, inputs) =>
  ctx.graph.op('DepthToSpace', [ctx.value(module, inputs)], {
    blocksize: intAttr(module, 'upscale_factor'),
    mode: 'CRD',
  });

function lowerPad(mode: 'constant' | 'reflect' | 'edge'): Lowering {
  return (module, ctx, inputs) => {
    const x = ctx.value(module, inputs);
    const dims = dimsOfClass(module);
    // torch lists the margins from the last dimension on: left, right, top, bottom.
    const margins = sizesAttr(module, 'padding', 2 * dims);
    const begins = Array.from({ length: dims }, (_, i) => margins[2 * (dims - 1 - i)]!);
    const ends = Array.from({ length: dims }, (_, i) => margins[2 * (dims - 1 - i) + 1]!);
    const value = mode === 'constant' ? numberAttr(module, 'value', 0) : 0;
    return padImage(ctx, x, begins, ends, mode, value);
  };
}

export const resizings: LoweringFamily = {
  lowerings: {
    'torch.nn.modules.upsampling': {
      'Upsample|UpsamplingNearest2d|UpsamplingBilinear2d': lowerUpsample,
    },
    'torch.nn.modules.pixelshuffle': { PixelShuffle: lowerPixelShuffle },
    'torch.nn.modules.padding': {
      'ZeroPad1d|ZeroPad2d|ZeroPad3d': lowerPad('constant'),
      'ConstantPad1d|ConstantPad2d|ConstantPad3d': lowerPad('constant'),
      'ReflectionPad1d|ReflectionPad2d|ReflectionPad3d': lowerPad('reflect'),
      'ReplicationPad1d|ReplicationPad2d|ReplicationPad3d': lowerPad('edge'),
    },
  },
};
