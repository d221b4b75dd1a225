import type { Expression, Triple } from '../expression.js';
import { chained, forward, joined, plus, residual } from '../forward.js';
import {
  heads,
  headsToImage,
  imageHeads,
  joinHeads,
  queryKeyValue,
  scaledAttention,
} from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { fromGrid, fromWindows, toGrid, toWindows, type Size } from '../windows.js';
import { model } from './model.js';
import { childBias } from './relative-position.js';

/** Scaled scores plus the relative positions. */
const mix = (m: Scope, parts: Triple): Expression =>
  scaledAttention(m, ...parts, childBias(m, 'rel_pos'));

/** Rows of positions [batch, positions, channels]. Before timm 0.8 heads always came first. */
const attentionRows = forward((m, x) => {
  const count = m.int('num_heads');
  const qkv = m.run(x, 'qkv');
  const parts = m.bool('head_first', true)
    ? (heads(qkv, count).chunk(3, 3) as Triple)
    : queryKeyValue(qkv, count);
  return m.run(joinHeads(mix(m, parts)), 'proj');
});

/** Images [batch, channels, height, width]. */
const attentionImage = forward((m, x) => {
  const parts = imageHeads(m, m.run(x, 'qkv'), m.bool('head_first', true));
  return m.run(headsToImage(mix(m, parts), x.size(2), x.size(3)), 'proj');
});

/** Attention in windows or grids of an image with the channels last. */
function partitioned(
  m: Scope,
  x: Expression,
  grid: boolean,
  attend: (windows: Expression, part: Size) => Expression,
): Expression {
  const size: Size = [x.size(1), x.size(2)];
  const part = m.pair('partition_size');
  m.requireSize(
    size.every((extent, i) => extent % part[i]! === 0),
    `its images must give a multiple of ${part.join(' x ')} positions`,
  );
  const attended = attend(grid ? toGrid(x, part) : toWindows(x, part), part);
  return grid ? fromGrid(attended, part, size) : fromWindows(attended, part, size);
}

const partitionRows = forward((m, x) => {
  const attended = partitioned(m, m.run(x, 'norm1'), !m.bool('partition_block'), (windows) =>
    m.run(windows, 'attn'),
  );
  return plus(m, x.add(m.run(attended, 'ls1')), 'norm2 mlp ls2');
});

const partitionImage = forward((m, x) => {
  const normal = m.run(x, 'norm1').channelsLast();
  const attended = partitioned(m, normal, !m.bool('partition_block'), (windows, part) => {
    const image = windows.reshape(-1, ...part, x.size(1)).channelsFirst();
    return m.run(image, 'attn').channelsLast().flatten(1, 2);
  });
  return plus(m, x.add(m.run(attended.channelsFirst(), 'ls1')), 'norm2 mlp ls2');
});

const parallelPartition = forward((m, x) => {
  const normal = m.run(x, 'norm1');
  const both = joined(
    [false, true].map((grid) =>
      partitioned(m, normal, grid, (windows) => m.run(windows, grid ? 'attn_grid' : 'attn_block')),
    ),
    3,
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

/** MaxViT, CoAtNet, and combinations of them. */
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
