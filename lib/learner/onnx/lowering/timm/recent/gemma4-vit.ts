import type { Expression } from '../../expression.js';
import { forward, forwardMany } from '../../forward.js';
import { attention, heads, joinHeads, repeatedHeads } from '../../heads.js';
import type { LoweringFamily } from '../../lowering.js';
import type { Scope } from '../../scope.js';
import type { Size } from '../../windows.js';
import { rotated } from '../rope.js';

/** Values outside the range of the training are clamped to it. */
const clippable = forward((m, x) => {
  const clipped = m.bool('use_clipped');
  const within = (y: Expression, end: string): Expression =>
    clipped
      ? y
          .op('Max', {}, m.requiredWeight(`${end}_min`))
          .op('Min', {}, m.requiredWeight(`${end}_max`))
      : y;
  return within(m.run(within(x, 'input'), 'linear'), 'output');
});

/** Rows of patches, and the height and width of the image in patches. */
function embedded(m: Scope, x: Expression): [rows: Expression, grid: Size] {
  const [patchHeight, patchWidth] = m.pair('patch_size');
  const grid: Size = [x.size(2) / patchHeight, x.size(3) / patchWidth];
  m.requireSize(
    grid.every(Number.isInteger),
    `its images must be a multiple of ${patchHeight} x ${patchWidth}`,
  );
  const [height, width] = grid;
  const pixels = x
    .reshape(0, x.size(1), height, patchHeight, width, patchWidth)
    .permute(0, 2, 4, 1, 3, 5)
    .flatten(3)
    .flatten(1, 2);
  const table = m.requiredWeight('position_embedding_table');
  m.requireSize(
    Math.max(height, width) <= table.size(1),
    `its images must give at most ${table.size(1)} patches on a side`,
  );
  const places = Array.from({ length: height * width }, (_, i) => i);
  const [byX, byY] = table.unstack(2);
  const positions = byX
    .gather(0, m.indices(places.map((i) => i % width)))
    .add(byY.gather(0, m.indices(places.map((i) => Math.floor(i / width)))));
  return [m.run(pixels.sub(0.5).mul(2), 'input_proj').add(positions), grid];
}

/** Sines, then cosines, for columns and for rows: each rotates its own half of a head. */
function ropes(m: Scope, [height, width]: Size): [byX: Expression, byY: Expression] {
  const frequencies = m.tensor('inv_freq').toFloat32();
  const count = frequencies.length;
  const along = (placeOf: (patch: number) => number): Expression => {
    const data = new Float32Array(height * width * 4 * count);
    for (let i = 0; i < data.length; i++) {
      const angle = Math.fround(placeOf(Math.floor(i / (4 * count))) * frequencies[i % count]!);
      data[i] = i % (4 * count) < 2 * count ? Math.sin(angle) : Math.cos(angle);
    }
    return m.constant(data, [height * width, 4 * count]);
  };
  return [along((patch) => patch % width), along((patch) => Math.floor(patch / width))];
}

const attend = forwardMany((m, [x, byX, byY]) => {
  const [count, keyCount] = [m.int('num_heads'), m.int('num_kv_heads')];
  const part = (name: string, own: number): Expression =>
    m.run(heads(m.run(x!, `${name}_proj`), own), `${name}_norm`);
  const turned = (y: Expression): Expression => {
    const [first, second] = y.chunk(3, 2);
    return rotated(first, byX!, true).concat(3, rotated(second, byY!, true));
  };
  const shared = (y: Expression): Expression => repeatedHeads(m, y, count);
  const [q, k] = [turned(part('q', count)), turned(part('k', keyCount))];
  const mixed = attention(q, shared(k), shared(part('v', keyCount)), { scale: 1 });
  return m.run(joinHeads(mixed), 'o_proj');
});

const block = forwardMany((m, [x, byX, byY]) => {
  const attended = m.callChild('attn', m.run(x!, 'norm1'), byX, byY);
  const y = x!.add(m.run(attended, 'norm2'));
  return y.add(m.run(y, 'norm3 mlp norm4'));
});

const gatedMlp = forward((m, x) =>
  m.run(m.run(x, 'gate_proj act').mul(m.run(x, 'up_proj')), 'down_proj'),
);

/** The mean of each square of patches, of the size that a language model uses. */
function pooled(m: Scope, x: Expression, [height, width]: Size): Expression {
  const pooler = m.inner('pooler', 'timm.models.gemma4_vit.Gemma4VisionPooler');
  const size = pooler.int('pooling_kernel_size');
  m.requireSize(
    height % size === 0 && width % size === 0,
    `its images must give a multiple of ${size} x ${size} patches`,
  );
  const means = x
    .reshape(0, height / size, size, width / size, size, x.size(2))
    .mean([2, 4])
    .flatten(1, 2);
  const result = means.mul(pooler.number('root_hidden_size'));
  const bias = m.weight('std_bias');
  return bias ? result.sub(bias).mul(m.requiredWeight('std_scale')) : result;
}

const encoder = forward((m, x) => {
  const embed = m.inner('patch_embed', 'timm.models.gemma4_vit.Gemma4PatchEmbed');
  const [patches, grid] = embedded(embed, x);
  const turns = ropes(
    m.inner('rotary_emb', 'timm.models.gemma4_vit.Gemma4RotaryEmbedding2D'),
    grid,
  );
  const rows = m.list('blocks').reduce((y, child) => m.call(child, y, ...turns), patches);
  const kind = m.string('global_pool');
  if (kind === 'soft') return pooled(m, rows, grid);
  m.require(['avg', 'none', ''].includes(kind), `it pools by "${kind}"`);
  return kind === 'avg' ? rows.mean([1]) : rows;
});

/** Gemma 4's image encoder. */
export const gemma: LoweringFamily = {
  lowerings: {
    'timm.models.gemma4_vit': {
      Gemma4VitEncoder: encoder,
      Gemma4VitClassifier: forward((m, x) => {
        m.expectAttrs({ global_pool: 'avg' });
        return m.run(m.run(x, 'encoder').mean([1]), 'norm head');
      }),
      Gemma4Block: block,
      Gemma4Attention: attend,
      Gemma4GatedMlp: gatedMlp,
      Gemma4ClippableLinear: clippable,
    },
  },
};
