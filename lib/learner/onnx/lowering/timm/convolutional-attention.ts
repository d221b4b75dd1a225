import type { Expression } from '../expression.js';
import { chained, forward, joined, plus, preNormBlock } from '../forward.js';
import {
  attendHeads,
  heads,
  joinHeads,
  keyValue,
  queryKeyValue,
  scaledAttention,
  toImage,
  toRows,
} from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import type { Scope } from '../scope.js';
import type { Size } from '../windows.js';
import { model, tokenOrMean } from './model.js';

/** One filter for each position in a window and each channel, which selects that position. */
function places(m: Scope, channels: number, kernel: number): Expression {
  const area = kernel * kernel;
  const weight = new Float32Array(channels * area * area);
  for (let i = 0; i < channels * area; i++) weight[i * area + (i % area)] = 1;
  return m.constant(weight, [channels * area, 1, kernel, kernel]);
}

/** VOLO: each pixel determines how its neighbours are mixed. */
const outlook = forward((m, x) => {
  const [height, width, channels] = [x.size(1), x.size(2), x.size(3)];
  const [kernel, stride, padding] = [m.int('kernel_size'), m.int('stride'), m.int('padding')];
  const [count, area] = [m.int('num_heads'), kernel * kernel];
  const window = {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
    group: channels,
  };
  const filters = places(m, channels, kernel);
  const unfolded = m.run(x, 'v').channelsFirst().op('Conv', window, filters);
  const [h, w] = [unfolded.size(2), unfolded.size(3)];
  const values = unfolded.reshape(0, count, channels / count, area, h * w).permute(0, 1, 4, 3, 2);
  const scores = m
    .run(m.run(x.channelsFirst(), 'pool').channelsLast(), 'attn')
    .reshape(0, h * w, count, area, area)
    .permute(0, 2, 1, 3, 4);
  const mixed = scores
    .mul(m.number('scale'))
    .softmax()
    .matmul(values)
    .permute(0, 1, 4, 3, 2)
    .reshape(0, channels * area, h, w);
  const missing = (size: number, steps: number): number =>
    size - ((steps - 1) * stride - 2 * padding + kernel);
  const folded = mixed.op(
    'ConvTranspose',
    { ...window, output_padding: [missing(height, h), missing(width, w)] },
    filters,
  );
  return m.run(folded.channelsLast(), 'proj');
});

const imageAttention = forward((m, x) => {
  const [height, width, channels] = [x.size(1), x.size(2), x.size(3)];
  const [q, k, v] = queryKeyValue(m.run(x, 'qkv').flatten(1, 2), m.int('num_heads'));
  const mixed = joinHeads(scaledAttention(m, q, k, v));
  return m.run(mixed.reshape(0, height, width, channels), 'proj');
});

const firstAsks = forward((m, x) => {
  const count = m.int('num_heads');
  const [k, v] = keyValue(m.run(x, 'kv'), count);
  return attendHeads(m, heads(m.run(x.slice(1, 0, 1), 'q'), count), k, v);
});

const firstBlock = forward((m, x) => {
  const token = x.slice(1, 0, 1).add(m.run(x, 'norm1 attn'));
  return plus(m, token, 'norm2 mlp').concat(1, x.slice(1, 1));
});

function voloFeatures(m: Scope, x: Expression): Expression {
  const positions = m.weight('pos_embed');
  const image = m.list('network').reduce((y, child, i) => {
    return m.call(child, i === 2 && positions ? y.add(positions) : y);
  }, m.run(x, 'patch_embed').channelsLast());
  const row = image.flatten(1, 2);
  if (m.list('post_network').length === 0) return m.run(row, 'norm');
  const all = m.requiredWeight('cls_token').expandTo(row).concat(1, row);
  return m.run(m.each(all, 'post_network'), 'norm');
}

function voloHead(m: Scope, x: Expression): Expression {
  const kind = m.attr('global_pool');
  m.require(kind === 'avg' || kind === 'token', `it pools by "${String(kind)}"`);
  const summary = m.run(kind === 'avg' ? x.mean([1]) : x.select(1, 0), 'head');
  if (!m.has('aux_head')) return summary;
  return summary.add(m.run(x.slice(1, 1), 'aux_head').max([1]).mul(0.5));
}

/** CoaT: positions come from convolutions of the values. */
function relativeConv(m: Scope, q: Expression, v: Expression, [height, width]: Size): Expression {
  const [count, channels] = [q.size(1), q.size(3)];
  const image = v
    .slice(2, 1)
    .transpose(-1, -2)
    .reshape(0, count * channels, height, width);
  const parts = image.split(1, m.ints('channel_splits'));
  const convolved = m.list('conv_list').map((conv, i) => m.call(conv, parts[i]!));
  const rows = joined(convolved)
    .reshape(0, count, channels, height * width)
    .transpose(-1, -2);
  return q
    .slice(2, 1)
    .mul(rows)
    .pad({ 2: [1, 0] });
}

/** Before timm 0.6, it had another name. */
function factorAttentionOf(m: Scope, name: string): Scope {
  const inner = m.inner(name);
  inner.require(
    /^timm\.models\.coat\.(FactorAttnConvRelPosEnc|FactorAtt_ConvRelPosEnc)$/.test(
      inner.module.className,
    ),
    'its owner knows only FactorAttnConvRelPosEnc',
  );
  return inner;
}

function factorAttention(m: Scope, x: Expression, size: Size): Expression {
  const [q, k, v] = queryKeyValue(m.run(x, 'qkv'), m.int('num_heads'));
  const context = k.softmax(2).transpose(-1, -2).matmul(v);
  const positions = relativeConv(m.inner('crpe', 'timm.models.coat.ConvRelPosEnc'), q, v, size);
  return m.run(joinHeads(q.matmul(context).mul(m.number('scale')).add(positions)), 'proj');
}

function convPositions(m: Scope, x: Expression, [height, width]: Size): Expression {
  const image = toImage(x.slice(1, 1), height, width);
  return x.slice(1, 0, 1).concat(1, toRows(plus(m, image, 'proj')));
}

function serialBlock(m: Scope, x: Expression, size: Size): Expression {
  const y = convPositions(m.inner('cpe', 'timm.models.coat.ConvPosEnc'), x, size);
  const inner = factorAttentionOf(m, 'factoratt_crpe');
  const z = y.add(factorAttention(inner, m.run(y, 'norm1'), size));
  return plus(m, z, 'norm2 mlp');
}

/** Rows of one scale, resized to another. */
function rescaled(m: Scope, x: Expression, [height, width]: Size, factor: number): Expression {
  const image = toImage(x.slice(1, 1), height, width);
  return x.slice(1, 0, 1).concat(1, toRows(m.scale(image, factor, 'bilinear')));
}

function parallelBlock(m: Scope, xs: readonly Expression[], sizes: readonly Size[]): Expression[] {
  const attended = xs.map((x, i) => {
    const inner = factorAttentionOf(m, `factoratt_crpe${i + 2}`);
    return factorAttention(inner, m.run(x, `norm1${i + 2}`), sizes[i]!);
  });
  return xs.map((x, i) => {
    const sum = attended.reduce(
      (total, y, j) => (i === j ? total : total.add(rescaled(m, y, sizes[j]!, 2 ** (j - i)))),
      attended[i]!,
    );
    const z = x.add(sum);
    return z.add(m.run(z, `norm2${i + 2} mlp${i + 2}`));
  });
}

function coatModel(m: Scope, x: Expression): Expression {
  m.require(!m.bool('return_interm_layers', false), 'it gives several tensors');
  const [rows, sizes]: [Expression[], Size[]] = [[], []];
  let image = x;
  for (const stage of [1, 2, 3, 4]) {
    const patches = m.run(image, `patch_embed${stage}`);
    const grid = m.inner(`patch_embed${stage}`).pair('grid_size');
    const all = m.requiredWeight(`cls_token${stage}`).expandTo(patches).concat(1, patches);
    const result = m
      .list(`serial_blocks${stage}`)
      .reduce(
        (y, child) => serialBlock(m.enter(child, 'timm.models.coat.SerialBlock'), y, grid),
        all,
      );
    rows.push(result);
    sizes.push(grid);
    image = toImage(result.slice(1, 1), ...grid);
  }
  const parallel = m.list('parallel_blocks');
  if (parallel.length === 0) return m.run(tokenOrMean(m, m.run(rows[3]!, 'norm4'), 1), 'head');
  let [xs, scales] = [rows.slice(1), sizes.slice(1)];
  for (const child of parallel) {
    const placed = xs.map((y, i) =>
      convPositions(m.inner(`cpe${i + 2}`, 'timm.models.coat.ConvPosEnc'), y, scales[i]!),
    );
    xs = parallelBlock(m.enter(child, 'timm.models.coat.ParallelBlock'), placed, scales);
  }
  const summaries = xs.map((y, i) => tokenOrMean(m, m.run(y, `norm${i + 2}`), 1).unsqueeze(1));
  return m.run(m.run(joined(summaries), 'aggregate').squeeze(1), 'head');
}

/** Next-ViT: convolutions and attention in parallel. */
const efficientAttention = forward((m, x) => {
  const count = m.int('num_heads');
  const q = heads(m.run(x, 'q'), count);
  const y = m.has('sr') ? m.run(x.permute(0, 2, 1), 'sr norm').permute(0, 2, 1) : x;
  const [k, v] = [heads(m.run(y, 'k'), count), heads(m.run(y, 'v'), count)];
  return attendHeads(m, q, k, v);
});

const nextConv = forward((m, x) => {
  const y = plus(m, m.run(x, 'patch_embed'), 'mhca');
  return plus(m, y, 'norm mlp');
});

const nextTransformer = forward((m, x) => {
  const image = m.run(x, 'patch_embed');
  const size: Size = [image.size(2), image.size(3)];
  const attended = toImage(m.run(toRows(m.run(image, 'norm1')), 'e_mhsa'), ...size);
  const y = image.add(attended);
  const projected = m.run(y, 'projection');
  const joined = y.concat(1, plus(m, projected, 'mhca'));
  return plus(m, joined, 'norm2 mlp');
});

/** VOLO, CoaT and Next-ViT. */
export const convolutionalAttentions: LoweringFamily = {
  lowerings: {
    'timm.models.volo': {
      VOLO: model(voloFeatures, voloHead),
      OutlookAttention: outlook,
      'Outlooker|Transformer': preNormBlock,
      Attention: imageAttention,
      ClassAttention: firstAsks,
      ClassBlock: firstBlock,
      PatchEmbed: chained('conv? proj'),
      Downsample: forward((m, x) => m.run(x.channelsFirst(), 'proj').channelsLast()),
    },
    'timm.models.coat': { CoaT: forward(coatModel) },
    'timm.models.nextvit': {
      NextViT: model('stem stages norm', 'head'),
      ConvNormAct: chained('conv norm act'),
      PatchEmbed: chained('pool conv norm'),
      ConvAttention: chained('group_conv3x3 norm act projection'),
      NextConvBlock: nextConv,
      EfficientAttention: efficientAttention,
      NextTransformerBlock: nextTransformer,
      NextStage: chained('blocks'),
    },
  },
};
