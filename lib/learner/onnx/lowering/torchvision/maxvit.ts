import type { Expression, Triple } from '../expression.js';
import { forward, plus } from '../forward.js';
import { attention } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import { tableBias } from '../windows.js';

/** Attention over the positions of each partition: [batch, partitions, positions, channels]. */
const relativeAttention = forward((m, x) => {
  const [partitions, positions] = [x.size(1), x.size(2)];
  const [count, width] = [m.int('n_heads'), m.int('head_dim')];
  const byHead = (part: Expression): Expression =>
    part.reshape(0, partitions, positions, count, width).permute(0, 1, 3, 2, 4);
  const [q, k, v] = m.run(x, 'to_qkv').chunk(-1, 3).map(byHead) as Triple;
  const bias = tableBias(m, positions);
  const mixed = attention(q, k, v, { scale: m.number('scale_factor'), bias });
  return m.run(mixed.permute(0, 1, 3, 2, 4).flatten(3), 'merge');
});

/** Images [batch, channels, height, width] in squares of p x p pixels. */
function partitioned(x: Expression, p: number): Expression {
  const [channels, height, width] = [x.size(1), x.size(2), x.size(3)];
  return x
    .reshape(0, channels, height / p, p, width / p, p)
    .permute(0, 2, 4, 3, 5, 1)
    .reshape(0, (height / p) * (width / p), p * p, channels);
}

function departitioned(x: Expression, p: number, rows: number, columns: number): Expression {
  const channels = x.size(3);
  return x
    .reshape(0, rows, columns, p, p, channels)
    .permute(0, 5, 1, 3, 2, 4)
    .reshape(0, channels, rows * p, columns * p);
}

const partitionAttention = forward((m, x) => {
  const p = m.int('p');
  const [height, width] = m.pair('grid_size');
  m.requireSize(
    x.size(2) === height && x.size(3) === width,
    'it is made for images of another size',
  );
  const parts = m.run(partitioned(x, p), 'partition_swap');
  const attended = plus(m, parts, 'attn_layer');
  const result = m.run(plus(m, attended, 'mlp_layer'), 'departition_swap');
  return departitioned(result, p, height / p, width / p);
});

const swapAxes = forward((m, x) => x.transpose(m.int('a'), m.int('b')));

const convBlock = forward((m, x) => m.run(x, 'proj').add(m.run(x, 'layers')));

export const torchvisionMaxVits: LoweringFamily = {
  lowerings: {
    'torchvision.models.maxvit': {
      RelativePositionalMultiHeadAttention: relativeAttention,
      PartitionAttentionLayer: partitionAttention,
      SwapAxes: swapAxes,
      MBConv: convBlock,
      MaxVitLayer: forward((m, x) => m.run(x, 'layers')),
      MaxVitBlock: forward((m, x) => m.each(x, 'layers')),
      MaxVit: forward((m, x) => m.run(m.each(m.run(x, 'stem'), 'blocks'), 'classifier')),
    },
  },
};
