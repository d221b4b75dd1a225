import type { Expression, Pair, Triple } from '../expression.js';
import { forward } from '../forward.js';
import { attention } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { separateBias } from './relative-position.js';

/** For each query in a row and each key, the index of the vector for their distance. */
function apart(m: Scope, name: string, queries: number, keys: number): Expression {
  const index = Array.from({ length: queries * keys }, (_, i) => {
    const [query, key] = [Math.floor(i / keys), i % keys];
    return keys - 1 + key - query;
  });
  const vectors = m.requiredWeight(name);
  m.requireSize(vectors.size(0) === 2 * keys - 1, 'its positions are of another size of image');
  return vectors.gather(0, m.indices(index, [queries, keys]));
}

/**
 * Attention with positions by height and width, to `keys` times `keys` places for `size` times
 * `size` queries [batch, blocks, positions, channels].
 */
function positioned(
  m: Scope,
  [q, k, v]: Triple,
  queries: readonly [number, number],
  keys: readonly [number, number],
  module: string,
): Expression {
  const inner = m.inner('pos_embed', module);
  const bias = separateBias(
    q.reshape(0, q.size(1), ...queries, q.size(3)),
    apart(inner, 'height_rel', queries[0], keys[0]),
    apart(inner, 'width_rel', queries[1], keys[1]),
  );
  const scale = m.number('scale');
  const scaled = m.bool('scale_pos_embed', false) ? bias.mul(scale) : bias;
  return attention(q, k, v, { scale, bias: scaled });
}

/** Bottleneck attention: every position attends to all positions. */
const bottleneck = forward((m, x) => {
  const [count, key, value] = [m.int('num_heads'), m.int('dim_head_qk'), m.int('dim_head_v')];
  const size = [x.size(2), x.size(3)] as const;
  const parts = m.run(x, 'qkv').split(1, [count * key, count * key, count * value]);
  const rows = parts.map((part) =>
    part.reshape(0, count, -1, size[0] * size[1]).transpose(-2, -1),
  ) as Triple;
  const mixed = positioned(m, rows, size, size, 'timm.layers.bottleneck_attn.PosEmbedRel');
  return m.run(mixed.transpose(-2, -1).reshape(0, count * value, ...size), 'pool');
});

/** Windows of an image, one for each step: one dimension becomes two. */
function unfolded(m: Scope, x: Expression, axis: number, window: number, step: number): Expression {
  const steps = Math.floor((x.size(axis) - window) / step) + 1;
  const index = Array.from(
    { length: steps * window },
    (_, i) => Math.floor(i / window) * step + (i % window),
  );
  return x.gather(axis, m.indices(index, [steps, window]));
}

/** Halo attention: the positions of a block attend to the block and its surroundings. */
const halo = forward((m, x) => {
  const [count, key, value] = [m.int('num_heads'), m.int('dim_head_qk'), m.int('dim_head_v')];
  const [block, asking, around] = [m.int('block_size'), m.int('block_size_ds'), m.int('halo_size')];
  const [height, width] = [x.size(2), x.size(3)];
  m.requireSize(
    height % block === 0 && width % block === 0,
    `its images must give a multiple of ${block} x ${block} positions`,
  );
  const [rows, columns] = [height / block, width / block];
  const q = m
    .run(x, 'q')
    .reshape(-1, key, rows, asking, columns, asking)
    .permute(0, 2, 4, 3, 5, 1)
    .reshape(-1, rows * columns, asking * asking, key);
  const margin = [around, around] as const;
  const window = m.int('win_size');
  const padded = m.run(x, 'kv').pad({ 2: margin, 3: margin });
  const [k, v] = unfolded(m, unfolded(m, padded, 2, window, block), 4, window, block)
    .reshape(-1, key + value, rows, window, columns, window)
    .permute(0, 2, 4, 3, 5, 1)
    .reshape(-1, rows * columns, window * window, key + value)
    .split(3, [key, value]) as Pair;
  const mixed = positioned(
    m,
    [q, k, v],
    [asking, asking],
    [window, window],
    'timm.layers.halo_attn.PosEmbedRel',
  );
  const image = mixed
    .reshape(-1, rows, columns, asking, asking, value)
    .permute(0, 5, 1, 3, 2, 4)
    .reshape(-1, count * value, rows * asking, columns * asking);
  return m.run(image, 'pool');
});

/** Lambda layers: the content of an image becomes a matrix, which multiplies each query. */
const lambda = forward((m, x) => {
  const [count, key, value] = [m.int('num_heads'), m.int('dim_qk'), m.int('dim_v')];
  const [height, width] = [x.size(2), x.size(3)];
  const area = height * width;
  const [asked, keys, values] = m.run(x, 'qkv').split(1, [count * key, key, value]);
  const q = m.run(asked, 'norm_q').reshape(0, count, key, area).transpose(-1, -2);
  const v = m.run(values, 'norm_v').reshape(0, value, area).transpose(-1, -2);
  const content = keys.reshape(0, key, area).softmax().matmul(v).unsqueeze(1);
  const positions = m.has('conv_lambda')
    ? m
        .run(v.reshape(0, 1, height, width, value), 'conv_lambda')
        .reshape(0, 1, key, area, value)
        .transpose(2, 3)
    : lambdaPositions(m, height, width).matmul(v.unsqueeze(1)).unsqueeze(1);
  const byPosition = q.unsqueeze(3).matmul(positions).squeeze(3);
  const mixed = q.matmul(content).add(byPosition);
  return m.run(mixed.transpose(-1, -2).reshape(0, count * value, height, width), 'pool');
});

/** For each pair of positions the vector of their distance: [positions, channels, positions]. */
function lambdaPositions(m: Scope, height: number, width: number): Expression {
  const table = m.requiredWeight('pos_emb');
  const [rows, columns] = [table.size(0), table.size(1)];
  m.requireSize(
    rows === 2 * height - 1 && columns === 2 * width - 1,
    'its positions are of another size of image',
  );
  const area = height * width;
  const index = Array.from({ length: area * area }, (_, i) => {
    const [from, to] = [Math.floor(i / area), i % area];
    const row = Math.floor(to / width) - Math.floor(from / width) + height - 1;
    return row * columns + (to % width) - (from % width) + width - 1;
  });
  return table
    .reshape(rows * columns, table.size(2))
    .gather(0, m.indices(index, [area, area]))
    .transpose(-1, -2);
}

const nonLocal = forward((m, x) => {
  const rows = (name: string): Expression => m.run(x, name).flatten(2).transpose(1, 2);
  const mixed = attention(rows('t'), rows('p'), rows('g'), { scale: m.number('scale') });
  const image = mixed.transpose(1, 2).reshape(0, mixed.size(2), x.size(2), x.size(3));
  return m.run(image, 'z norm').add(x);
});

/** Equal parts of an image's rows, mixed by a matrix for each group of channels. */
function mixedRows(x: Expression, matrix: Expression): Expression {
  const [groups, parts] = [matrix.size(1), matrix.size(2)];
  const [channels, height, width] = [x.size(1), x.size(2), x.size(3)];
  return matrix
    .unsqueeze(2)
    .matmul(x.reshape(0, groups, channels / groups, parts, (height / parts) * width))
    .reshape(0, channels, height, width);
}

/** Two matrices computed from the image, for its rows and for its columns. */
const bilinear = forward((m, x) => {
  const [parts, groups] = [m.int('block_size'), m.int('groups')];
  const [height, width] = [x.size(2), x.size(3)];
  m.requireSize(
    height % parts === 0 && width % parts === 0,
    `its images must give a multiple of ${parts} x ${parts} positions`,
  );
  const y = m.run(x, 'conv1');
  const rows = y.reshape(0, groups, parts, (height / parts) * width).max([3]);
  const columns = y
    .transpose(2, 3)
    .reshape(0, groups, parts, (width / parts) * height)
    .max([3]);
  const matrix = (from: Expression, name: string): Expression =>
    m.run(from, name).reshape(0, groups, parts, parts).sigmoid();
  const p = matrix(rows.unsqueeze(3), 'conv_p');
  const q = matrix(columns.unsqueeze(2), 'conv_q');
  const byRow = mixedRows(x, p.div(p.sum([3], true)));
  const byColumn = mixedRows(byRow.transpose(2, 3), q.div(q.sum([2], true)).transpose(2, 3));
  return m.run(byColumn.transpose(2, 3), 'conv2');
});

/** Attention in convolutional networks. */
export const localAttentions: LoweringFamily = {
  lowerings: {
    'timm.layers.bottleneck_attn': { BottleneckAttn: bottleneck },
    'timm.layers.halo_attn': { HaloAttn: halo },
    'timm.layers.lambda_layer': { LambdaLayer: lambda },
    'timm.layers.non_local_attn': {
      NonLocalAttn: nonLocal,
      BilinearAttnTransform: bilinear,
      BatNonLocalAttn: forward((m, x) => x.add(m.run(x, 'conv1 ba conv2'))),
    },
  },
};
