import type { Expression } from '../../expression.js';
import { forward, plus } from '../../forward.js';
import { heads, joinHeads, scaledAttention, toImage, toRows } from '../../heads.js';
import type { LoweringFamily } from '../../lowering.js';
import type { Scope } from '../../scope.js';
import { cropTo, fromWindows, padToWindows, toWindows, type Size } from '../../windows.js';
import { model } from '../model.js';

/** Attention over [batch, height, width, channels], whose queries may be fewer. */
const attend = forward((m, x) => {
  const count = m.int('num_heads');
  const [q, k, v] = m.run(x.flatten(1, 2), 'qkv').chunk(2, 3);
  const image = m.run(toImage(q, x.size(1), x.size(2)), 'q_pool?');
  const asked = heads(toRows(image), count);
  const mixed = joinHeads(scaledAttention(m, asked, heads(k, count), heads(v, count)));
  return m.run(mixed, 'proj').reshape(-1, image.size(2), image.size(3), mixed.size(2));
});

const block = forward((m, x) => {
  const normal = m.run(x, 'norm1');
  const shortcut =
    m.int('dim') === m.int('dim_out')
      ? x
      : m.run(m.run(normal, 'proj').channelsFirst(), 'pool?').channelsLast();
  const y = shortcut.add(m.run(attended(m, normal, shortcut), 'ls1'));
  return plus(m, y, 'norm2 mlp ls2');
});

function attended(m: Scope, x: Expression, like: Expression): Expression {
  const window = m.pair('window_size');
  if (!m.bool('is_windowed')) return m.run(x, 'attn');
  const padded = padToWindows(x, window);
  const windows = toWindows(padded, window).reshape(-1, ...window, x.size(3));
  const result = m.run(windows, 'attn');
  const smaller: Size = [result.size(1), result.size(2)];
  const whole: Size = [
    (padded.size(1) / window[0]) * smaller[0],
    (padded.size(2) / window[1]) * smaller[1],
  ];
  return cropTo(fromWindows(result, smaller, whole), [like.size(1), like.size(2)]);
}

/** The positions of a small grid resized to the image, plus those within a window. */
function placed(m: Scope, x: Expression): Expression {
  const [height, width] = [x.size(1), x.size(2)];
  const window = m.requiredWeight('pos_embed_window');
  const [rows, columns] = [height / window.size(2), width / window.size(3)];
  m.requireSize(
    Number.isInteger(rows) && Number.isInteger(columns),
    `its images must give a multiple of ${window.size(2)} x ${window.size(3)} patches`,
  );
  const global = m.resize(m.requiredWeight('pos_embed'), [height, width], 'bicubic');
  const local = window.op('Tile', {}, m.indices([1, 1, rows, columns]));
  return x.add(global.add(local).channelsLast());
}

/** Hiera as in Segment Anything 2. */
export const hieraDets: LoweringFamily = {
  lowerings: {
    'timm.models.hieradet_sam2': {
      HieraDet: model((m, x) => m.run(placed(m, m.run(x, 'patch_embed')), 'blocks'), 'head'),
      HieraPatchEmbed: forward((m, x) => m.run(x, 'proj').channelsLast()),
      MultiScaleBlock: block,
      MultiScaleAttention: attend,
    },
  },
};
