import type { Module } from '../../torch/module.js';
import type { Value } from '../graph.js';
import { intAttr, stringAttr } from './attributes.js';
import type { Lowering, LoweringContext } from './context.js';
import type { LoweringFamily } from './lowering.js';
import { bothEnds, dimsOfClass, padImage, sizesAttr } from './spatial.js';

interface Margins {
  readonly begins: readonly number[];
  readonly ends: readonly number[];
}

/** `padding` is sizes, 'valid' or 'same'; torch puts the odd pixel of 'same' at the end. */
function marginsOf(
  module: Module,
  kernel: readonly number[],
  dilation: readonly number[],
): Margins {
  const padding = module.attr('padding');
  if (padding === 'valid') return { begins: kernel.map(() => 0), ends: kernel.map(() => 0) };
  if (padding === 'same') {
    const totals = kernel.map((size, i) => (dilation[i] ?? 1) * (size - 1));
    const begins = totals.map((total) => Math.floor(total / 2));
    return { begins, ends: totals.map((total, i) => total - begins[i]!) };
  }
  const sizes = sizesAttr(module, 'padding', kernel.length, 0);
  return { begins: sizes, ends: sizes };
}

const padModes = new Map([
  ['reflect', 'reflect'],
  ['replicate', 'edge'],
] as const);

/** x padded by its padding_mode, and the zeros that the operator must still add. */
function padded(
  module: Module,
  ctx: LoweringContext,
  x: Value,
  { begins, ends }: Margins,
): [Value, number[]] {
  const mode = stringAttr(module, 'padding_mode', 'zeros');
  if (mode === 'zeros') return [x, [...begins, ...ends]];
  const padMode = padModes.get(mode as 'reflect');
  if (!padMode) throw ctx.unsupported(module, `it pads by "${mode}"`);
  return [padImage(ctx, x, begins, ends, padMode), bothEnds(begins.map(() => 0))];
}

/** Replaces the weight of a convolution. */
type WeightOf = (module: Module, ctx: LoweringContext) => Value;

const ownWeight: WeightOf = (module, ctx) => ctx.requiredWeight(module, 'weight');

/**
 * With `same`, it pads like TensorFlow, with the odd pixel at the end, and ignores its own padding.
 */
export function convolution(weightOf: WeightOf = ownWeight, same = false): Lowering {
  return (module, ctx, inputs) => {
    const x = ctx.value(module, inputs);
    const kernel = sizesAttr(module, 'kernel_size', dimsOfWeight(module, ctx));
    const dims = kernel.length;
    const dilations = sizesAttr(module, 'dilation', dims, 1);
    const [image, pads] = same
      ? [x, undefined]
      : padded(module, ctx, x, marginsOf(module, kernel, dilations));
    return ctx.graph.op('Conv', operands(module, ctx, image, weightOf), {
      kernel_shape: kernel,
      strides: sizesAttr(module, 'stride', dims, 1),
      dilations,
      pads,
      auto_pad: same ? 'SAME_UPPER' : undefined,
      group: intAttr(module, 'groups', 1),
    });
  };
}

function dimsOfWeight(module: Module, ctx: LoweringContext): number {
  return ctx.requiredTensor(module, 'weight').shape.length - 2;
}

const lowerConvTranspose: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const dims = dimsOfClass(module);
  const dilations = sizesAttr(module, 'dilation', dims, 1);
  return ctx.graph.op('ConvTranspose', operands(module, ctx, x, ownWeight), {
    kernel_shape: sizesAttr(module, 'kernel_size', dims),
    strides: sizesAttr(module, 'stride', dims, 1),
    dilations,
    pads: bothEnds(sizesAttr(module, 'padding', dims, 0)),
    output_padding: sizesAttr(module, 'output_padding', dims, 0),
    group: intAttr(module, 'groups', 1),
  });
};

function operands(module: Module, ctx: LoweringContext, x: Value, weightOf: WeightOf): Value[] {
  const bias = ctx.weight(module, 'bias');
  const weight = weightOf(module, ctx);
  return bias ? [x, weight, bias] : [x, weight];
}

export const convolutions: LoweringFamily = {
  lowerings: {
    'torch.nn.modules.conv': {
      'Conv1d|Conv2d|Conv3d': convolution(),
      'ConvTranspose1d|ConvTranspose2d|ConvTranspose3d': lowerConvTranspose,
    },
  },
};
