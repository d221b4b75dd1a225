import type { Expression } from '../../expression.js';
import { forward, forwardMany, plus } from '../../forward.js';
import { toRows } from '../../heads.js';
import type { LoweringFamily } from '../../lowering.js';
import type { Scope } from '../../scope.js';
import { padTo, type Size } from '../../windows.js';
import { model, type Stage } from '../model.js';
import { ropeOf } from '../rope.js';

const deepseekBlock = forwardMany((m, [x, rope]) => {
  const y = x!.add(m.callChild('attn', m.run(x!, 'norm1'), rope));
  return plus(m, y, 'norm2 mlp');
});

/** Rows of patches through blocks with rotary positions, then as an image again. */
function turnedBlocks(m: Scope, rows: Expression, grid: Size): Expression {
  const rope = ropeOf(m, m.ctx.child(m.module, 'rope'), grid)(0);
  return m.each(rows, 'blocks', rope).reshape(0, ...grid, rows.size(2));
}

function deepseekFeatures(m: Scope, x: Expression): Expression {
  const patches = m.run(x, 'patch_embed');
  const rows = patches.flatten(1, 2);
  return m.run(turnedBlocks(m, rows, [patches.size(1), patches.size(2)]), 'norm');
}

/** Learned positions, interpolated from another grid to this one. */
function qwenPositions(m: Scope, [height, width]: Size): Expression {
  const size = m.int('pos_embed_grid_size');
  const positions = m.requiredWeight('pos_embed');
  if (height === size && width === size) return positions;
  const image = positions.reshape(1, size, size, -1).channelsFirst();
  return toRows(m.resize(image, [height, width], 'bilinear', true));
}

function qwenFeatures(m: Scope, x: Expression): Expression {
  const patches = m.run(x, 'patch_embed');
  const grid: Size = [patches.size(1), patches.size(2)];
  return turnedBlocks(m, patches.flatten(1, 2).add(qwenPositions(m, grid)), grid);
}

/** Squares of patches, each with the values of all its patches. */
function squares(x: Expression, size: number): Expression {
  const [h, w, channels] = [x.size(1) / size, x.size(2) / size, x.size(3)];
  return x.reshape(0, h, size, w, size, channels).permute(0, 1, 3, 2, 4, 5);
}

/** DeepSeek keeps the positions of a channel adjacent, and pads with zeros. */
const aligner = forward((m, x) => {
  const size = m.int('downsample_ratio');
  const whole = squares(padTo(x, [size, size], [1, 2]), size);
  return m.run(whole.permute(0, 1, 2, 5, 3, 4).flatten(3).flatten(1, 2), 'fc1 act fc2');
});

/** Qwen keeps the channels of a position adjacent. */
const merger = forward((m, x) => {
  const size = m.int('merge_size');
  m.requireSize(
    x.size(1) % size === 0 && x.size(2) % size === 0,
    `its images must give a multiple of ${size} x ${size} patches`,
  );
  return m.run(squares(m.run(x, 'norm'), size).flatten(3).flatten(1, 2), 'fc1 act fc2');
});

/** The input of a language model, or the mean of all patches, or the patches. */
const encoderHead =
  (projector: string): Stage =>
  (m, x) => {
    if (m.has(projector)) return m.run(x, projector);
    const kind = m.string('global_pool');
    m.require(kind === '' || kind === 'avg', `it pools by "${kind}"`);
    return kind === 'avg' ? x.mean([1, 2]) : x;
  };

const classifier = model('encoder', (m, x) => {
  m.expectAttrs({ global_pool: 'avg' });
  return m.run(x.flatten(1, -2).mean([1]), 'norm head');
});

/** The image encoders of DeepSeek's and Qwen's language models. */
export const languageEncoders: LoweringFamily = {
  lowerings: {
    'timm.models.deepseek_vit': {
      DeepseekVitEncoder: model(deepseekFeatures, encoderHead('aligner')),
      DeepseekVitClassifier: classifier,
      DeepseekVitBlock: deepseekBlock,
      DeepseekVitAligner: aligner,
    },
    'timm.models.qwen3_vit': {
      Qwen3VitEncoder: model(qwenFeatures, encoderHead('merger')),
      Qwen3VitClassifier: classifier,
      Qwen3VitPatchMerger: merger,
    },
  },
};
