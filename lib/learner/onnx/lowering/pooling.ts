import type { Module } from '../../torch/module.js';
import type { Value } from '../graph.js';
import { boolAttr, numberAttr, optionalNumberAttr } from './attributes.js';
import type { Lowering, LoweringContext } from './context.js';
import type { LoweringFamily } from './lowering.js';
import { SizeNeededError } from '../torch-ops/size-needed.js';
import { dimsOfClass, maxPoolOperand, padImage, sizesAttr, spatialSizes } from './spatial.js';
import { forward, sideBySide } from './forward.js';

interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly padding: readonly number[];
  readonly dilations: readonly number[];
}

/**
 * The margin that `ceil_mode` adds after an image: no window starts beyond the image and its first
 * padding.
 */
function overhang(
  size: number,
  { kernel, strides, padding, dilations }: Window,
  i: number,
): number {
  const [stride, pad] = [strides[i]!, padding[i]!];
  const extent = (kernel[i]! - 1) * dilations[i]! + 1;
  let count = Math.ceil((size + 2 * pad - extent) / stride) + 1;
  if ((count - 1) * stride >= size + pad) count--;
  return Math.max(0, (count - 1) * stride + extent - (size + 2 * pad));
}

/** Margins that replace ceil_mode; undefined if the operator must round up itself. */
function overhangs(
  module: Module,
  ctx: LoweringContext,
  x: Value,
  window: Window,
): number[] | undefined {
  if (!boolAttr(module, 'ceil_mode', false)) return window.kernel.map(() => 0);
  const sizes = spatialSizes(module, ctx, x);
  if (!sizes.every((size) => typeof size === 'number')) return undefined;
  return (sizes as number[]).map((size, i) => overhang(size, window, i));
}

function windowOf(module: Module, dims: number, dilated: boolean): Window {
  const kernel = sizesAttr(module, 'kernel_size', dims);
  const stride = module.attr('stride');
  return {
    kernel,
    strides: stride === null || stride === undefined ? kernel : sizesAttr(module, 'stride', dims),
    padding: sizesAttr(module, 'padding', dims, 0),
    dilations: dilated ? sizesAttr(module, 'dilation', dims, 1) : kernel.map(() => 1),
  };
}

const lowerMaxPool: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  if (boolAttr(module, 'return_indices', false)) {
    throw ctx.unsupported(module, 'it returns indices');
  }
  const window = windowOf(module, dimsOfClass(module), true);
  const { kernel, strides, padding, dilations } = window;
  const behind = overhangs(module, ctx, x, window);
  return ctx.graph.op('MaxPool', [maxPoolOperand(ctx, x)], {
    kernel_shape: kernel,
    strides,
    dilations,
    // A maximum never takes the padding, so margins at the end do no harm.
    pads: [...padding, ...padding.map((size, i) => size + (behind?.[i] ?? 0))],
    ceil_mode: behind === undefined,
  });
};

const lowerAvgPool: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const window = windowOf(module, dimsOfClass(module), false);
  const { kernel, strides, padding } = window;
  const behind = overhangs(module, ctx, x, window);
  const divisor = optionalNumberAttr(module, 'divisor_override');
  if (divisor !== null) {
    if (behind === undefined) {
      throw ctx.unsupported(module, 'it rounds up (ceil_mode) and sets its own divisor');
    }
    const ends = padding.map((size, i) => size + behind[i]!);
    const sum = windowSum(ctx, padImage(ctx, x, padding, ends), window);
    return ctx.graph.op('Div', [sum, ctx.graph.scalar(divisor)]);
  }
  // With count_include_pad, torch counts the padding, but never the margin of ceil_mode.
  const counted = boolAttr(module, 'count_include_pad', true);
  const image = counted ? padImage(ctx, x, padding, padding) : x;
  const left = counted ? padding.map(() => 0) : padding;
  const pads = [...left, ...left.map((size, i) => size + (behind?.[i] ?? 0))];
  return ctx.graph.op('AveragePool', [image], {
    kernel_shape: kernel,
    strides,
    pads,
    count_include_pad: 0,
    ceil_mode: behind === undefined,
  });
};

/** The mean over the image's part of each window, times its area. */
function windowSum(
  { graph }: LoweringContext,
  x: Value,
  { kernel, strides }: Window,
  behind: readonly number[] = kernel.map(() => 0),
): Value {
  const area = kernel.reduce((product, size) => product * size, 1);
  const mean = graph.op('AveragePool', [x], {
    kernel_shape: kernel,
    strides,
    pads: [...kernel.map(() => 0), ...behind],
  });
  return graph.op('Mul', [mean, graph.scalar(area)]);
}

/** (sum of x^p)^(1/p) over each window. */
const lowerLpPool: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const window = windowOf(module, dimsOfClass(module), false);
  const behind = overhangs(module, ctx, x, window);
  if (behind === undefined) {
    throw ctx.unsupported(module, 'it rounds up (ceil_mode), and the size of its input is unknown');
  }
  const p = numberAttr(module, 'norm_type');
  // Versions of torch compute these differently.
  if (!Number.isFinite(p) || p === 0) throw ctx.unsupported(module, `its norm_type is ${p}`);
  const { graph } = ctx;
  const sum = windowSum(ctx, graph.op('Pow', [x, graph.scalar(p)]), window, behind);
  // As in torch, the root of a negative sum is NaN.
  return graph.op('Pow', [sum, graph.scalar(1 / p)]);
};

/**
 * torch's adaptive pooling: cell i of o covers floor(i * size / o) up to ceil((i + 1) * size / o).
 *
 * If o divides the size, it is an ordinary pooling; a single cell does not need a known size.
 */
export function adaptivePool(
  module: Module,
  ctx: LoweringContext,
  x: Value,
  kind: 'average' | 'max',
  wanted: readonly (number | null)[],
): Value {
  const { graph } = ctx;
  if (wanted.every((size) => size === 1)) {
    return graph.op(kind === 'average' ? 'GlobalAveragePool' : 'GlobalMaxPool', [x]);
  }
  const sizes = spatialSizes(module, ctx, x);
  const targets = wanted.map((size, i) => size ?? sizes[i] ?? null);
  const known = sizes.map((size, i) => {
    const target = targets[i];
    if (size === target) return [1, 1] as const;
    if (typeof size === 'number' && typeof target === 'number') return [size, target] as const;
    if (sizes.length === 1) throw new SizeNeededError(new Set([String(size)]));
    throw ctx.unsupported(module, 'it pools to a fixed size, which needs images of one size', true);
  });
  if (known.every(([size, target]) => size % target === 0)) {
    const kernel = known.map(([size, target]) => size / target);
    if (kernel.every((extent) => extent === 1)) return x;
    const op = kind === 'average' ? 'AveragePool' : 'MaxPool';
    return graph.op(op, [x], { kernel_shape: kernel, strides: kernel });
  }
  return known.reduce(
    (value, [size, target], i) =>
      size === target ? value : uneven(ctx, value, i + 2, size, target, kind),
    x,
  );
}

/** Cells of different widths along one dimension; each is cut out and reduced separately. */
function uneven(
  ctx: LoweringContext,
  x: Value,
  axis: number,
  size: number,
  target: number,
  kind: 'average' | 'max',
): Value {
  const { graph } = ctx;
  const cells = Array.from({ length: target }, (_, i) => {
    const start = Math.floor((i * size) / target);
    const end = Math.ceil(((i + 1) * size) / target);
    const cell = graph.op('Slice', [x, graph.axes(start), graph.axes(end), graph.axes(axis)]);
    return graph.op(kind === 'average' ? 'ReduceMean' : 'ReduceMax', [cell], {
      axes: [axis],
      keepdims: 1,
    });
  });
  return graph.op('Concat', cells, { axis });
}

function lowerAdaptive(kind: 'average' | 'max'): Lowering {
  return (module, ctx, inputs) => {
    const x = ctx.value(module, inputs);
    if (boolAttr(module, 'return_indices', false)) {
      throw ctx.unsupported(module, 'it returns indices');
    }
    const sizes = module.attr('output_size');
    const dims = dimsOfClass(module);
    // None keeps a dimension as it is.
    const wanted = Array.isArray(sizes)
      ? sizes.map((size) => (size === null ? null : Number(size)))
      : Array.from({ length: dims }, () => (sizes === null ? null : Number(sizes)));
    return adaptivePool(module, ctx, x, kind, wanted);
  };
}

export const poolings: LoweringFamily = {
  lowerings: {
    'torch.nn.modules.pooling': {
      'MaxPool1d|MaxPool2d|MaxPool3d': lowerMaxPool,
      'AvgPool1d|AvgPool2d|AvgPool3d': lowerAvgPool,
      'LPPool1d|LPPool2d|LPPool3d': lowerLpPool,
      'AdaptiveAvgPool1d|AdaptiveAvgPool2d|AdaptiveAvgPool3d': lowerAdaptive('average'),
      'AdaptiveMaxPool1d|AdaptiveMaxPool2d|AdaptiveMaxPool3d': lowerAdaptive('max'),
    },
    'fastai.layers': {
      'AdaptiveConcatPool1d|AdaptiveConcatPool2d': forward((m, x) => sideBySide(m, x, 'mp', 'ap')),
    },
  },
};
