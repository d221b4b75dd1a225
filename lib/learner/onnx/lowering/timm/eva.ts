import type { Module } from '../../../torch/module.js';
import type { Lowering } from '../context.js';
import type { Expression, Triple } from '../expression.js';
import { forwardMany, plus } from '../forward.js';
import { heads, joinHeads, queryKeyValue, scaledAttention } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { model } from './model.js';
import {
  biasedQkv,
  patchRow,
  plusScaled,
  pooled,
  project,
  withTokens,
} from './vision-transformer.js';

/** Pairs of neighbours, or of the two halves, turned by a quarter. */
function turned(x: Expression, half: boolean): Expression {
  if (half) {
    const [first, second] = x.chunk(-1, 2);
    return second.mul(-1).concat(3, first);
  }
  const [count, positions, width] = [x.size(1), x.size(2), x.size(3)];
  const pairs = x.reshape(0, count, positions, width / 2, 2);
  const [even, odd] = [pairs.slice(4, 0, 1), pairs.slice(4, 1, 2)];
  return odd.mul(-1).concat(4, even).reshape(0, count, positions, width);
}

/** Queries or keys turned by their positions; tokens in front of the patches have none. */
function rotated(m: Scope, x: Expression, rope: Expression): Expression {
  const prefix = m.int('num_prefix_tokens', 1);
  const [sine, cosine] = rope.chunk(-1, 2);
  const patches = prefix > 0 ? x.slice(2, prefix) : x;
  const half = m.bool('rotate_half', false);
  const result = patches.mul(cosine).add(turned(patches, half).mul(sine));
  return prefix > 0 ? x.slice(2, 0, prefix).concat(2, result) : result;
}

/** Queries, keys and values from one layer, or from three. */
function parts(m: Scope, x: Expression, qkv: (m: Scope, x: Expression) => Expression): Triple {
  const count = m.int('num_heads');
  if (m.has('qkv')) return queryKeyValue(qkv(m, x), count);
  m.require(m.int('num_kv_heads', count) === count, 'its keys have fewer heads than its queries');
  const part = (name: string): Expression => heads(m.run(x, name), count);
  return [part('q_proj'), part('k_proj'), part('v_proj')];
}

function rotaryAttention(qkv: (m: Scope, x: Expression) => Expression): Lowering {
  return forwardMany((m, [x, rope]) => {
    const [query, key, v] = parts(m, x!, qkv);
    const [q, k] = [m.run(query, 'q_norm?'), m.run(key, 'k_norm?')];
    const placed = (y: Expression): Expression => (rope ? rotated(m, y, rope) : y);
    return project(m, joinHeads(scaledAttention(m, placed(q), placed(k), v)), x!);
  });
}

const block = forwardMany((m, [x, rope]) => {
  const y = plusScaled(m, x!, m.callChild('attn', m.run(x!, 'norm1'), rope), 'gamma_1');
  return plusScaled(m, y, m.run(y, 'norm2 mlp'), 'gamma_2');
});

const postNormBlock = forwardMany((m, [x, rope]) => {
  const y = x!.add(m.run(m.callChild('attn', x!, rope), 'norm1'));
  return plus(m, y, 'mlp norm2');
});

/** Sines and cosines for each patch, or for each block and patch where they are learned. */
function ropeOf(m: Scope, module: Module, patches: number): (block: number) => Expression {
  const rope = m.enter(module);
  const [, kind] =
    /^timm\.(?:models\.)?layers\.pos_embed_sincos\.(\w+)$/.exec(module.className) ?? [];
  if (kind === 'RotaryEmbeddingMixed') return mixedRope(rope, patches);
  const known = kind === 'RotaryEmbeddingCat' || kind === 'RotaryEmbeddingDinoV3';
  const embed =
    rope.weight('pos_embed') ??
    rope.weight('pos_embed_cached') ??
    (kind === 'RotaryEmbeddingDinoV3' ? centred(m, rope) : undefined);
  if (!embed || !known || embed.size(0) !== patches) throw rope.refusal(computed);
  return () => embed;
}

const computed = 'its positions are computed at each call';

/** DINOv3: coordinates from -1 to 1. */
function centred(m: Scope, rope: Scope): Expression {
  const grid = m.inner('patch_embed').pair('grid_size');
  const [offset, half] = [rope.number('grid_offset', 0), rope.bool('rotate_half', false)];
  const normalize = rope.string('normalize_coords', 'separate');
  rope.require(['separate', 'max', 'min'].includes(normalize), `it divides by "${normalize}"`);
  const indexing = rope.string('grid_indexing', 'ij');
  rope.require(['ij', 'xy'].includes(indexing), `its grid is "${indexing}"`);
  const extreme = normalize === 'max' ? Math.max(...grid) : Math.min(...grid);
  const divisors = normalize === 'separate' ? grid : [extreme, extreme];
  const periods = rope.tensor('periods').toFloat32();
  const coordinate = (index: number, axis: number): number =>
    (2 * (index + 0.5 + offset)) / divisors[axis]! - 1;
  m.require(indexing === 'ij' || grid[0] === grid[1], 'its grid is not square');
  return table(m, grid, periods.length * 2, half, (y, x, i) => {
    const [first, second] =
      indexing === 'ij'
        ? [coordinate(y, 0), coordinate(x, 1)]
        : [coordinate(x, 1), coordinate(y, 0)];
    const value = i < periods.length ? first : second;
    return (2 * Math.PI * value) / periods[i % periods.length]!;
  });
}

/** [patches, 4 * angles]: the sines of all angles twice, then the cosines. */
function table(
  m: Scope,
  [height, width]: readonly [number, number],
  angles: number,
  half: boolean,
  angleOf: (y: number, x: number, i: number) => number,
): Expression {
  const row = 4 * angles;
  const data = new Float32Array(height * width * row);
  for (let patch = 0; patch < height * width; patch++) {
    for (let i = 0; i < 2 * angles; i++) {
      const which = half ? i % angles : i >> 1;
      const angle = angleOf(Math.floor(patch / width), patch % width, which);
      data[patch * row + i] = Math.sin(angle);
      data[patch * row + 2 * angles + i] = Math.cos(angle);
    }
  }
  return m.constant(data, [height * width, row]);
}

/** Frequencies that each head of each block has learned: [2, blocks, heads, angles]. */
function mixedRope(rope: Scope, patches: number): (block: number) => Expression {
  const { shape } = rope.tensor('freqs');
  const [, depth, count, angles] = shape as [number, number, number, number];
  const [xs, ys] = [rope.ctx.tensor(rope.module, 't_x'), rope.ctx.tensor(rope.module, 't_y')];
  if (!xs || !ys || xs.shape[0] !== patches) throw rope.refusal(computed);
  const frequencies = rope.tensor('freqs').toFloat32();
  const [tx, ty] = [xs.toFloat32(), ys.toFloat32()];
  return (block) => {
    const data = new Float32Array(count * patches * angles * 4);
    for (let head = 0; head < count; head++) {
      for (let patch = 0; patch < patches; patch++) {
        const start = (head * patches + patch) * angles * 4;
        for (let i = 0; i < angles; i++) {
          const at = (block * count + head) * angles + i;
          const other = depth * count * angles + at;
          const angle = tx[patch]! * frequencies[at]! + ty[patch]! * frequencies[other]!;
          data.fill(Math.sin(angle), start + 2 * i, start + 2 * i + 2);
          data.fill(Math.cos(angle), start + 2 * (angles + i), start + 2 * (angles + i) + 2);
        }
      }
    }
    return rope.constant(data, [count, patches, angles * 4]);
  };
}

function features(m: Scope, x: Expression): Expression {
  const row = patchRow(m, x);
  const module = m.module.child('rope');
  const rope = module ? ropeOf(m, module, row.size(1)) : undefined;
  const placed = m.run(withTokens(m, row, ['cls_token', 'reg_token']), 'norm_pre?');
  const result = m.list('blocks').reduce((y, child, i) => m.call(child, y, rope?.(i)), placed);
  return m.run(result, 'norm');
}

function head(m: Scope, x: Expression): Expression {
  const summary = m.has('attn_pool') ? m.run(x, 'attn_pool') : pooled(m, x);
  return m.run(summary, 'fc_norm head');
}

/** EVA and its successors, whose positions turn queries and keys. */
export const evas: LoweringFamily = {
  lowerings: {
    'timm.models.eva': {
      Eva: model(features, head),
      EvaAttention: rotaryAttention(biasedQkv),
      EvaBlock: block,
      EvaBlockPostNorm: postNormBlock,
    },
    'timm.layers.attention': { AttentionRope: rotaryAttention((m, x) => m.run(x, 'qkv')) },
  },
};
