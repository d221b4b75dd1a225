import type { Expression } from '../expression.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import { padTo, type Size } from '../windows.js';
import { model } from './model.js';
import { ropeOf } from './rope.js';
import { positionsFor } from './upsample.js';
import { behindToken, pooled } from './vision-transformer.js';

/** The pixels of each patch as a vector: [batch, patches, pixels * channels]. */
function patchRows(m: Scope, x: Expression, [height, width]: Size): Expression {
  const [channels, rows, columns] = [x.size(1), x.size(2) / height, x.size(3) / width];
  m.requireSize(
    Number.isInteger(rows) && Number.isInteger(columns),
    `its images must be a multiple of ${height} x ${width} pixels`,
  );
  const split = x.reshape(0, channels, rows, height, columns, width);
  const last = m.bool('channels_last', true);
  return split
    .permute(...(last ? [0, 2, 4, 3, 5, 1] : [0, 2, 4, 1, 3, 5]))
    .reshape(0, rows * columns, height * width * channels);
}

/** The positions of a grid as a sequence: [1, patches, channels]; undefined if there are none. */
function positionsOf(m: Scope, grid: Size): Expression | undefined {
  const kind = m.string('pos_embed_type');
  if (kind === 'none') return undefined;
  const size: Size = m.bool('pos_embed_ar_preserving') ? square(Math.max(...grid)) : grid;
  if (kind === 'learned') return learned(m, size, grid);
  m.require(kind === 'factorized', `its positions are "${kind}"`);
  const one = (name: string, to: number, count: number): Expression => {
    const table = m.requiredWeight(name);
    if (table.size(1) === to) return table.slice(1, 0, count);
    const resized = m.resize(table.transpose(1, 2), [to], 'linear');
    return resized.transpose(1, 2).slice(1, 0, count);
  };
  const rows = one('pos_embed_y', size[0], grid[0]).unsqueeze(2);
  const columns = one('pos_embed_x', size[1], grid[1]).unsqueeze(1);
  return rows.add(columns).flatten(1, 2);
}

const square = (side: number): Size => [side, side];

function learned(m: Scope, size: Size, grid: Size): Expression {
  const positions = m.requiredWeight('pos_embed');
  const mode = m.string('pos_embed_interp_mode');
  const own = positions.size(1) === grid[0] && positions.size(2) === grid[1];
  if (own) return positions.flatten(1, 2);
  const corners = m.bool('pos_embed_align_corners', false);
  if (m.bool('pos_embed_antialias', true)) {
    m.require(!corners, 'it resizes its positions by their corners (pos_embed_align_corners)');
    return cropped(positionsFor(m, 'pos_embed', size, mode), grid).flatten(1, 2);
  }
  const resized = m.resize(positions.channelsFirst(), size, mode, corners).channelsLast();
  return cropped(resized, grid).flatten(1, 2);
}

const cropped = (x: Expression, [height, width]: Size): Expression =>
  x.slice(1, 0, height).slice(2, 0, width);

/** Patches with their positions, after the tokens, and their grid. */
function embedded(m: Scope, x: Expression): [rows: Expression, grid: Size] {
  const patch = m.pair('patch_size');
  const whole = m.bool('dynamic_img_pad') ? padTo(x, patch, [2, 3]) : x;
  const grid: Size = [Math.floor(whole.size(2) / patch[0]), Math.floor(whole.size(3) / patch[1])];
  const patches = m.bool('is_linear')
    ? m.run(patchRows(m, whole, patch), 'norm_input? proj')
    : m.run(whole, 'proj').flatten(2).transpose(1, 2);
  const normal = m.run(patches, 'norm');
  const positions = positionsOf(m, grid);
  const placed = positions ? normal.add(positions) : normal;
  return [behindToken(m, behindToken(m, placed, 'reg_token'), 'cls_token'), grid];
}

function features(m: Scope, x: Expression): Expression {
  const [rows, grid] = embedded(m.inner('embeds', 'timm.models.naflexvit.NaFlexEmbeds'), x);
  const module = m.module.child('rope');
  const rope = module ? ropeOf(m, module, grid) : undefined;
  const placed = m.run(rows, 'norm_pre');
  const result = m.list('blocks').reduce((y, child, i) => m.call(child, y, rope?.(i)), placed);
  return m.run(result, 'norm');
}

/** NaFlexViT, with images as input. */
export const flexibleTransformers: LoweringFamily = {
  lowerings: {
    'timm.models.naflexvit': {
      NaFlexVit: model(features, (m, x) => m.run(pooled(m, x), 'fc_norm head')),
    },
  },
};
