import { PyObject, qualifiedNameOf } from '../../torch/python.js';
import { Value } from '../graph.js';
import { malformed } from './attributes.js';
import { lowerSequential, passThrough } from './containers.js';
import type { Lowering } from './context.js';
import type { Expression } from './expression.js';
import { forward, forwardMany, joined, residual } from './forward.js';
import { lowerActivationFunction } from './functions.js';
import type { LoweringFamily } from './lowering.js';
import { resizeTo } from './resizing.js';
import type { Scope } from './scope.js';
import { channelsOf, unflattened } from './spatial.js';
import { timeDistributed } from './time-distributed.js';

/** Layers that take the input of the whole sequence around them, as `x.orig`. */
const mergers: ReadonlySet<string> = new Set([
  'fastai.layers.MergeLayer',
  'fastai.layers.ProdLayer',
  'fastai.vision.models.unet.ResizeToOrig',
  'timeseries.models.inception_time.Shortcut',
  'timeseries_fastai.models.Shortcut',
]);

/** fastai's SequentialEx: layers that merge get its own input as their second. */
const lowerSequentialEx = forward((m, x) =>
  m
    .list('layers')
    .reduce((y, layer) => m.call(layer, y, mergers.has(layer.className) ? x : undefined), x),
);

const merging = (
  compute: (m: Scope, x: Expression, original: Expression) => Expression,
): Lowering =>
  forwardMany((m, [x, original]) => {
    if (!x || !original) {
      throw m.refusal('it merges with the input of a SequentialEx, but is not inside one');
    }
    return compute(m, x, original);
  });

const merge = merging((m, x, original) =>
  m.bool('dense', false) ? x.concat(1, original) : x.add(original),
);

const resizeToOriginal = merging((m, x, original) =>
  x.of(resizeTo(m.ctx, m.module, x.value, original.value, m.string('mode', 'nearest'))),
);

/** Several layers with the same input, and their results concatenated. */
const sideBySide = forward((m, x) =>
  joined(
    m.children().map((layer) => m.call(layer, x)),
    m.int('dim', 1),
  ),
);

/** View lists all sizes, ResizeBatch all except the batch size. */
function lowerView(keepsBatch: boolean): Lowering {
  return (module, ctx, inputs) => {
    const x = ctx.value(module, inputs);
    const sizes = module.attr('size');
    if (!Array.isArray(sizes)) throw malformed(module, 'its size is not a tuple');
    // View's first size is for one batch; only -1 fits every batch.
    const given = sizes.map(Number);
    return ctx.graph.op('Reshape', [x, ctx.graph.axes(...(keepsBatch ? [0, ...given] : given))]);
  };
}

/** A layer around a function; functions of torch and fastai are known by name. */
const lowerLambda: Lowering = (module, ctx, inputs) => {
  const x = ctx.value(module, inputs);
  const func = module.attr('func');
  const result = lowerActivationFunction(ctx, func, x);
  if (result) return result;
  throw ctx.unsupported(
    module,
    `it calls ${qualifiedNameOf(func) ?? 'a function'}, which the file does not define`,
  );
};

/** [batch, channels, positions]. */
function flattened(m: Scope, x: Expression): Expression {
  const { graph } = m.ctx;
  return x.of(
    graph.op('Reshape', [x.value, graph.axes(0, channelsOf(m.module, m.ctx, x.value), -1)]),
  );
}

const transposed = (x: Expression): Expression => x.permute(0, 2, 1);

const image = (m: Scope, x: Expression, channels: number, like: Expression): Expression =>
  x.of(unflattened(m.ctx, x.value, channels, like.value));

const scaledPlus = (m: Scope, o: Expression, x: Expression): Expression =>
  m.requiredWeight('gamma').mul(o).add(x);

/** fastai's SelfAttention: softmax over the first of the two positions. */
const selfAttention = forward((m, like) => {
  const x = flattened(m, like);
  const [query, key, value] = [m.run(x, 'query'), m.run(x, 'key'), m.run(x, 'value')];
  const beta = transposed(query).matmul(key).softmax(1);
  return image(m, scaledPlus(m, value.matmul(beta), x), like.size(1), like);
});

/** Keys and values from an image of half the size. */
const pooledSelfAttention = forward((m, x) => {
  const pooled = (name: string): Expression =>
    m.run(x, name).op('MaxPool', { kernel_shape: [2, 2], strides: [2, 2] });
  const query = m.run(x, 'query');
  const [f, g] = [flattened(m, query), flattened(m, pooled('key'))];
  const h = flattened(m, pooled('value'));
  const beta = transposed(f).matmul(g).softmax();
  const joined = h.matmul(transposed(beta));
  return scaledPlus(m, m.run(image(m, joined, m.int('n_channels') >> 1, x), 'out'), x);
});

/** x x' conv(x), without a softmax; with `sym` the weight was made symmetric at every step. */
const simpleSelfAttention = forward((m, like) => {
  m.require(!m.bool('sym', false), 'it changes its own weight at every call (sym=True)');
  const x = flattened(m, like);
  const convolved = m.run(x, 'conv');
  const square = x.matmul(transposed(x));
  return image(m, scaledPlus(m, square.matmul(convolved), x), like.size(1), like);
});

/** Upsampled features, joined with those that a hook stored during encoding. */
const unetBlock = forward((m, below) => {
  const hook = m.attr('hook');
  const kept = hook instanceof PyObject ? m.ctx.stored(hook) : undefined;
  if (!(kept instanceof Value)) {
    throw malformed(m.module, 'no module before it has the hook that it reads');
  }
  const up = m.run(below, 'shuf').value;
  const sized = m.expression(resizeTo(m.ctx, m.module, up, kept, 'nearest'));
  return m.run(sized.concat(1, m.run(m.expression(kept), 'bn')), 'relu conv1 conv2');
});

export const fastaiLayers: LoweringFamily = {
  lowerings: {
    'fastai.layers': {
      'SequentialEx|SEModule': lowerSequentialEx,
      'PixelShuffle_ICNR|SimpleCNN': lowerSequential,
      MergeLayer: merge,
      ProdLayer: merging((_, x, original) => x.mul(original)),
      Cat: sideBySide,
      ResBlock: residual('convpath', 'act', 'idpath'),
      View: lowerView(false),
      ResizeBatch: lowerView(true),
      ToTensorBase: passThrough,
      TimeDistributed: timeDistributed,
      'Lambda|PartialLambda': lowerLambda,
      SelfAttention: selfAttention,
      PooledSelfAttention2d: pooledSelfAttention,
      SimpleSelfAttention: simpleSelfAttention,
    },
    'fastai.vision.models.xresnet': { XResNet: lowerSequential },
    'fastai.vision.models.unet': {
      ResizeToOrig: resizeToOriginal,
      UnetBlock: unetBlock,
      DynamicUnet: lowerSequentialEx,
    },
  },
};
