import type { Expression } from '../expression.js';
import { forward, plus } from '../forward.js';
import { joinHeads, queryKeyValue, scaledAttention } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { inWindows, type Size } from '../windows.js';
import { model } from './model.js';
import { distances } from './multiscale.js';
import { separateBias } from './relative-position.js';
import { ropeOf, rotated } from './rope.js';
import { positionsFor } from './upsample.js';

/** Vectors for each pair of rows, or of columns, of an image of any size. */
function vectors(m: Scope, name: string, size: number): Expression {
  const table = m.requiredWeight(name);
  const needed = 2 * size - 1;
  const resized =
    table.size(0) === needed
      ? table
      : m.resize(table.transpose(0, 1).unsqueeze(0), [needed], 'linear').squeeze(0).transpose(0, 1);
  return resized.gather(0, m.indices(distances(size, size), [size, size]));
}

/** Attention over windows, or over the whole image, whose positions are in a row. */
function attend(m: Scope, x: Expression, size: Size): Expression {
  const [query, key, v] = queryKeyValue(m.run(x, 'qkv'), m.int('num_heads'));
  const [q, k] = [m.run(query, 'q_norm?'), m.run(key, 'k_norm?')];
  if (m.bool('use_rel_pos')) {
    const bias = separateBias(
      q.reshape(0, q.size(1), ...size, q.size(3)),
      vectors(m, 'rel_pos_h', size[0]),
      vectors(m, 'rel_pos_w', size[1]),
    );
    return m.run(joinHeads(scaledAttention(m, q, k, v, bias)), 'proj');
  }
  const rope = m.module.child('rope');
  const embed = rope && ropeOf(m, rope, size)(0);
  const placed = (y: Expression): Expression => (embed ? rotated(y, embed) : y);
  return m.run(joinHeads(scaledAttention(m, placed(q), placed(k), v)), 'proj');
}

const block = forward((m, x) => {
  const [height, width] = [x.size(1), x.size(2)];
  const window = m.int('window_size');
  const inner = m.inner('attn', 'timm.models.vision_transformer_sam.Attention');
  const normal = m.run(x, 'norm1');
  const size: Size = window > 0 ? [window, window] : [height, width];
  const attended = inWindows(normal, size, (rows) => m.run(attend(inner, rows, size), 'ls1'));
  return plus(m, x.add(attended), 'norm2 mlp ls2');
});

function features(m: Scope, x: Expression): Expression {
  const patches = m.run(x, 'patch_embed');
  const grid: Size = [patches.size(1), patches.size(2)];
  const placed = m.weight('pos_embed') ? patches.add(positionsFor(m, 'pos_embed', grid)) : patches;
  return m.run(m.run(placed, 'norm_pre blocks').channelsFirst(), 'neck');
}

/** The encoder of Segment Anything. */
export const segmentAnything: LoweringFamily = {
  lowerings: {
    'timm.models.vision_transformer_sam': {
      VisionTransformerSAM: model(features, 'head'),
      Block: block,
    },
  },
};
