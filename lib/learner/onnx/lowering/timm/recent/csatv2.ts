import type { Expression } from '../../expression.js';
import { forward, joined, plus } from '../../forward.js';
import { toImage, toRows } from '../../heads.js';
import type { LoweringFamily } from '../../lowering.js';
import type { Scope } from '../../scope.js';
import { model } from '../model.js';

/** Red, green and blue of 0..255 as brightness and two differences of colour. */
function toYCbCr(m: Scope, x: Expression): Expression {
  const [red, green, blue] = [0.299, 0.587, 0.114];
  const [cb, cr] = [0.564, 0.713];
  const matrix = [
    [red, green, blue],
    [-cb * red, -cb * green, cb * (1 - blue)],
    [cr * (1 - red), -cr * green, -cr * blue],
  ].flat();
  return x.op(
    'Conv',
    { kernel_shape: [1, 1] },
    m.constant(matrix, [3, 3, 1, 1]),
    m.constant([0, 128, 128]),
  );
}

/** The cosine transform of blocks of an image, as in JPEG, after one layer for each colour. */
const learnableDct = forward((m, x) => {
  const size = m.int('k');
  const [h, w] = [x.size(2) / size, x.size(3) / size];
  m.requireSize(
    Number.isInteger(h) && Number.isInteger(w),
    `its images must be a multiple of ${size} x ${size}`,
  );
  const pixels = x.mul(m.requiredWeight('imagenet_std')).add(m.requiredWeight('imagenet_mean'));
  const squares = toYCbCr(m, pixels.mul(255))
    .reshape(0, 3, h, size, w, size)
    .permute(0, 2, 4, 1, 3, 5);
  const cosines = m
    .run(squares, 'transform')
    .reshape(0, h * w, 3, size * size)
    .gather(3, m.indices(m.ints('permutation')));
  const deviation = m.requiredWeight('var').sqrt().add(1e-8);
  const normal = cosines.sub(m.requiredWeight('mean')).div(deviation);
  const colours = normal.permute(0, 2, 3, 1).reshape(0, 3, size * size, h, w);
  const layers = ['conv_y', 'conv_cb', 'conv_cr'];
  return joined(layers.map((layer, i) => m.run(colours.select(1, i), layer)));
});

/** Rows of positions, plus a convolution over the image that they form. */
function withPositions(m: Scope, rows: Expression, h: number, w: number): Expression {
  const positions = m.inner('pos_embed', 'timm.models.csatv2.PosConv');
  return toRows(plus(positions, toImage(rows, h, w), 'proj'));
}

/**
 * Attention over positions with one channel. timm multiplies queries and keys across the batch's
 * images instead of across positions. A single image therefore attends to itself, and its values
 * pass unchanged. Images in a batch get the result of each alone.
 */
const spatialTransformer = forward((m, x) => {
  const [h, w] = [x.size(2), x.size(3)];
  const values = m.run(withPositions(m, m.run(toRows(x), 'norm1'), h, w), 'qkv').slice(2, 2);
  const y = x.add(toImage(values, h, w));
  return y.add(toImage(m.run(toRows(y), 'norm2 mlp'), h, w));
});

const spatialAttention = forward((m, x) =>
  m.run(joined([x.mean([1], true), x.max([1], true)]), 'avgpool conv attn'),
);

const block = forward((m, x) => {
  const y = m
    .run(m.run(x, 'dwconv').channelsLast(), 'norm pwconv1 act grn pwconv2')
    .channelsFirst();
  const attention = m.resize(m.run(y, 'attn'), [y.size(2), y.size(3)], 'bilinear', true);
  return x.add(m.run(y.mul(attention), 'ls?'));
});

const transformerBlock = forward((m, x) => {
  const image = m.run(x, 'pool2');
  const [h, w] = [image.size(2), image.size(3)];
  const rows = withPositions(m, m.run(toRows(image), 'norm1'), h, w);
  const y = m.run(x, 'pool1 proj').add(toImage(m.run(rows, 'attn ls1'), h, w));
  return y.add(toImage(m.run(toRows(y), 'norm2 mlp ls2'), h, w));
});

/** CSATv2. */
export const csat: LoweringFamily = {
  lowerings: {
    'timm.models.csatv2': {
      CSATv2: model('stem_dct stages', 'head'),
      LearnableDct2d: learnableDct,
      Dct1d: forward((m, x) => m.linear(x, m.requiredWeight('weights'), m.weight('bias'))),
      Dct2d: forward((m, x) =>
        m.run(m.run(x, 'transform').transpose(-1, -2), 'transform').transpose(-1, -2),
      ),
      Block: block,
      SpatialTransformerBlock: spatialTransformer,
      SpatialAttention: spatialAttention,
      TransformerBlock: transformerBlock,
    },
  },
};
