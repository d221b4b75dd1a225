import type { Expression } from '../expression.js';
import { chained, forward, plus, residual } from '../forward.js';
import { attention, heads, joinHeads, queryKeyValue } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { fromGrid, fromWindows, toGrid, toWindows } from '../windows.js';
import { model } from './model.js';
import { childBias } from './relative-position.js';

type Heads = [q: Expression, k: Expression, v: Expression];

/** Scores scaled, and with what relative positions add. */
function mix(m: Scope, [q, k, v]: Heads): Expression {
  const bias = childBias(m, 'rel_pos');
  return attention(q, k, v, { scale: m.number('scale'), ...(bias && { bias }) });
}

/** Rows of positions [batch, positions, channels]. Before timm 0.8 heads always came first. */
const attentionRows = forward((m, x) => {
  const count = m.int('num_heads');
  const qkv = m.run(x, 'qkv');
  const parts = m.bool('head_first', true)
    ? (heads(qkv, count).chunk(3, 3) as Heads)
    : queryKeyValue(qkv, count);
  return m.run(joinHeads(mix(m, parts)), 'proj');
});

/** Images [batch, channels, height, width]. */
const attentionImage = forward((m, x) => {
  const [height, width] = [x.size(2), x.size(3)];
  const [count, size] = [m.int('num_heads'), m.int('dim_head')];
  const qkv = m.run(x, 'qkv');
  const parts = m.bool('head_first', true)
    ? qkv.reshape(0, count, 3 * size, height * width).chunk(2, 3)
    : [0, 1, 2].map((i) => qkv.reshape(0, 3, count, size, height * width).select(1, i));
  const mixed = mix(m, parts.map((part) => part.transpose(-2, -1)) as Heads);
  return m.run(mixed.transpose(-2, -1).reshape(0, count * size, height, width), 'proj');
});

/** Attention in windows or grids of an image with the channels last. */
function partitioned(m: Scope, x: Expression, grid: boolean, name: string): Expression {
  const size: [number, number] = [x.size(1), x.size(2)];
  const part = m.pair('partition_size');
  m.require(
    size.every((extent, i) => extent % part[i]! === 0),
    `its images have to give a multiple of ${part.join(' x ')} positions`,
  );
  const attended = m.run(grid ? toGrid(x, part) : toWindows(x, part), name);
  return grid ? fromGrid(attended, part, size) : fromWindows(attended, part, size);
}

const partitionRows = forward((m, x) => {
  const attended = partitioned(m, m.run(x, 'norm1'), !m.bool('partition_block'), 'attn');
  return plus(m, x.add(m.run(attended, 'ls1')), 'norm2 mlp ls2');
});

const partitionImage = forward((m, x) => {
  const normal = m.run(x, 'norm1').channelsLast();
  const size: [number, number] = [x.size(2), x.size(3)];
  const part = m.pair('partition_size');
  const grid = !m.bool('partition_block');
  const windows = (grid ? toGrid(normal, part) : toWindows(normal, part))
    .reshape(-1, ...part, x.size(1))
    .channelsFirst();
  const attended = m.run(windows, 'attn').channelsLast().flatten(1, 2);
  const image = (
    grid ? fromGrid(attended, part, size) : fromWindows(attended, part, size)
  ).channelsFirst();
  return plus(m, x.add(m.run(image, 'ls1')), 'norm2 mlp ls2');
});

const parallelPartition = forward((m, x) => {
  const normal = m.run(x, 'norm1');
  const both = partitioned(m, normal, false, 'attn_block').concat(
    3,
    partitioned(m, normal, true, 'attn_grid'),
  );
  return plus(m, x.add(m.run(both, 'ls1')), 'norm2 mlp ls2');
});

const transformer = forward((m, x) => {
  const y = m.run(x, 'shortcut').add(m.run(x, 'norm1 attn ls1'));
  return plus(m, y, 'norm2 mlp ls2');
});

const convNext = forward((m, x) => {
  const y = m.run(x, 'down conv_dw');
  const changed = m.bool('use_conv_mlp')
    ? m.run(y, 'norm mlp ls')
    : m.run(y.channelsLast(), 'norm mlp ls').channelsFirst();
  return changed.add(m.run(x, 'shortcut'));
});

const block = forward((m, x) => {
  const y = m.run(x, 'conv');
  if (m.bool('nchw_attn', false)) return m.run(y, 'attn_block? attn_grid');
  return m.run(y.channelsLast(), 'attn_block? attn_grid').channelsFirst();
});

const parallelBlock = forward((m, x) =>
  m.run(m.run(x, 'conv').channelsLast(), 'attn').channelsFirst(),
);

/** MaxViT, CoAtNet, and what lies between. */
export const maxVits: LoweringFamily = {
  lowerings: {
    'timm.models.maxxvit': {
      MaxxVit: model('stem stages norm', 'head'),
      AttentionCl: attentionRows,
      Attention2d: attentionImage,
      Downsample2d: chained('pool expand'),
      TransformerBlock2d: transformer,
      MbConvBlock: residual(
        'pre_norm down conv1_1x1 norm1 conv2_kxk se_early? norm2 se? conv3_1x1',
        undefined,
        'shortcut',
      ),
      ConvNeXtBlock: convNext,
      PartitionAttentionCl: partitionRows,
      PartitionAttention2d: partitionImage,
      ParallelPartitionAttention: parallelPartition,
      MaxxVitBlock: block,
      ParallelMaxxVitBlock: parallelBlock,
      MaxxVitStage: chained('blocks'),
      Stem: chained('conv1 norm1 conv2'),
    },
  },
};
