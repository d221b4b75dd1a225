import { lowerSequential } from '../containers.js';
import type { Expression } from '../expression.js';
import { chained, forward, plus, residual, residuals, total } from '../forward.js';
import { lowerActivationFunction } from '../functions.js';
import { attendHeads, queryKeyValue, toImage, toRows } from '../heads.js';
import type { LoweringFamily } from '../lowering.js';
import { adaptivePool } from '../pooling.js';
import type { Scope } from '../scope.js';
import { meanHead, model } from './model.js';
import { mobileOne } from './resnets.js';

/** ReXNet: the shortcut covers only the first channels. */
const linearBottleneck = forward((m, x) => {
  const y = m.run(x, 'conv_exp? conv_dw se? act_dw conv_pwl');
  if (!m.bool('use_shortcut')) return y;
  const channels = m.int('in_channels');
  if (y.size(1) === channels) return y.add(x);
  return y.slice(1, 0, channels).add(x).concat(1, y.slice(1, channels));
});

/** GhostNet: cheap channels in addition to those of a convolution. */
function ghosts(m: Scope, x: Expression): Expression {
  const first = m.run(x, 'primary_conv');
  return withCheap(m, first, m.run(first, 'cheap_operation'));
}

function withCheap(m: Scope, first: Expression, second: Expression): Expression {
  const both = first.concat(1, second);
  const channels = m.attr('out_chs') === undefined ? m.int('oup') : m.int('out_chs');
  return both.size(1) === channels ? both : both.slice(1, 0, channels);
}

/** A gate that sees an image of half the size. */
function gated(m: Scope, x: Expression, y: Expression): Expression {
  const half = x.op('AveragePool', { kernel_shape: [2, 2], strides: [2, 2] });
  const gate = m.run(half, 'short_conv gate_fn');
  return y.mul(m.resize(gate, [y.size(2), y.size(3)], 'nearest'));
}

const ghostV3 = forward((m, x) => {
  const y = m.bool('infer_mode') ? ghosts(m, x) : ghostBranches(m, x);
  const mode = m.string('mode');
  m.require(['original', 'shortcut'].includes(mode), `its mode is "${mode}"`);
  return mode === 'shortcut' ? gated(m, x, y) : y;
});

function ghostBranches(m: Scope, x: Expression): Expression {
  const sum = total(m.list('primary_rpr_conv').map((child) => m.call(child, x)));
  const first = m.run(sum, 'primary_activation');
  const branches = [
    m.run(first, 'cheap_rpr_scale'),
    m.run(first, 'cheap_rpr_skip'),
    ...m.list('cheap_rpr_conv').map((child) => m.call(child, first)),
  ];
  return withCheap(m, first, m.run(total(branches), 'cheap_activation'));
}

const ghostBlock = residual('ghost1 conv_dw? bn_dw? se? ghost2', undefined, 'shortcut');

const ghostBlockV3 = forward((m, x) => {
  const y = m.run(x, 'ghost1');
  const narrowed = m.int('stride') > 1 ? depthwise(m, y) : y;
  return m.run(narrowed, 'se ghost2').add(m.run(x, 'shortcut'));
});

function depthwise(m: Scope, x: Expression): Expression {
  if (m.bool('infer_mode')) return m.run(x, 'conv_dw bn_dw');
  const branches = m.list('dw_rpr_conv').map((child) => m.call(child, x));
  return total([m.run(x, 'dw_rpr_scale'), ...branches]);
}

const repGhost = forward((m, x) => {
  const first = m.run(x, 'primary_conv');
  const norms = m.list('fusion_bn');
  const branches = m.list('fusion_conv').map((conv, i) => m.call(norms[i]!, m.call(conv, first)));
  return m.run(total([m.run(first, 'cheap_operation'), ...branches]), 'relu');
});

/** FastViT. */
const largeKernel = forward((m, x) => {
  if (m.has('reparam_conv')) return m.run(x, 'reparam_conv se? act');
  const y = m.run(x, 'large_conv');
  return m.run(m.has('small_conv') ? y.add(m.run(x, 'small_conv')) : y, 'se? act');
});

const repMixer = forward((m, x) => {
  if (m.has('reparam_conv')) return m.run(x, 'reparam_conv');
  return x.add(m.run(m.run(x, 'mixer').sub(m.run(x, 'norm')), 'layer_scale'));
});

const conditionalPositions = forward((m, x) =>
  m.has('reparam_conv') ? m.run(x, 'reparam_conv') : plus(m, x, 'pos_enc'),
);

const imageAttention = forward((m, x) => {
  const [q, k, v] = queryKeyValue(m.run(toRows(x), 'qkv'), m.int('num_heads'));
  return toImage(attendHeads(m, q, k, v), x.size(2), x.size(3));
});

function fastFeatures(m: Scope, x: Expression): Expression {
  m.require(!m.bool('fork_feat', false), 'it gives several images (fork_feat)');
  return m.run(x, 'stem stages final_conv');
}

const repViTBlock = forward((m, x) => plus(m, m.run(x, 'token_mixer se'), 'channel_mixer'));

export const repViTHead = forward((m, x) => {
  const first = m.run(x, 'head');
  return m.bool('distillation') ? first.add(m.run(x, 'head_dist')).mul(0.5) : first;
});

/** Networks without norms: factors keep the magnitude of the values. */
const normFree = forward((m, x) => {
  const scaled = m.run(x, 'act1').mul(m.number('beta'));
  const shortcut = m.has('downsample') ? m.run(scaled, 'downsample') : x;
  let y = m.run(scaled, 'conv1 act2 conv2');
  if (m.has('conv2b')) y = m.run(y, 'act2b conv2b');
  if (m.has('attn')) y = m.run(y, 'attn').mul(m.number('attn_gain'));
  y = m.run(y, 'act3 conv3');
  if (m.has('attn_last')) y = m.run(y, 'attn_last').mul(m.number('attn_gain'));
  const gain = m.weight('skipinit_gain');
  return (gain ? y.mul(gain) : y).mul(m.number('alpha')).add(shortcut);
});

const scaledActivation = forward((m, x) => {
  const active = lowerActivationFunction(m.ctx, m.attr('act_fn'), x.value);
  if (!active) throw m.refusal('it calls a function that the file does not define');
  return x.of(active).mul(m.number('gamma'));
});

/** MobileNetV4. */
const universal = forward((m, x) => {
  const y = m.run(x, 'dw_start pw_exp dw_mid se pw_proj dw_end layer_scale');
  return m.bool('has_skip') ? y.add(x) : y;
});

const mobileAttention = forward((m, x) => {
  const placed = m.has('conv_cpe_dw') ? plus(m, x, 'conv_cpe_dw') : x;
  const y = m.run(placed, 'norm attn layer_scale');
  return m.bool('has_skip') ? y.add(placed) : y;
});

const ghostHead = 'global_pool conv_head act2 flatten? classifier';

/** Small networks, and networks with a different structure for training and for inference. */
export const mobiles: LoweringFamily = {
  lowerings: {
    'timm.models.rexnet': {
      'RexNet|ReXNetV1': model('stem features', 'head'),
      LinearBottleneck: linearBottleneck,
    },
    'timm.models.ghostnet': {
      GhostNet: model('conv_stem bn1 act1 blocks', ghostHead),
      GhostModule: forward(ghosts),
      GhostModuleV2: forward((m, x) => gated(m, x, ghosts(m, x))),
      GhostModuleV3: ghostV3,
      GhostBottleneck: ghostBlock,
      GhostBottleneckV3: ghostBlockV3,
    },
    'timm.models.repghost': {
      RepGhostNet: model('conv_stem bn1 act1 blocks', ghostHead),
      RepGhostBottleneck: ghostBlock,
      RepGhostModule: repGhost,
    },
    'timm.models.fastvit': {
      FastVit: model(fastFeatures, 'head'),
      MobileOneBlock: mobileOne('se'),
      ReparamLargeKernelConv: largeKernel,
      Attention: imageAttention,
      PatchEmbed: chained('proj'),
      LayerScale2d: forward((m, x) => x.mul(m.requiredWeight('gamma'))),
      RepMixer: repMixer,
      ConvMlp: chained('conv fc1 act fc2'),
      RepConditionalPosEnc: conditionalPositions,
      RepMixerBlock: forward((m, x) => plus(m, m.run(x, 'token_mixer'), 'mlp layer_scale')),
      AttentionBlock: residuals('norm token_mixer layer_scale_1', 'mlp layer_scale_2'),
      FastVitStage: chained('downsample pos_emb blocks'),
    },
    'timm.models.repvit': {
      RepVit: model('stem stages', meanHead(2, 3)),
      'ConvNorm|NormLinear': lowerSequential,
      RepVggDw: forward((m, x) => m.run(m.run(x, 'conv').add(m.run(x, 'conv1')).add(x), 'bn')),
      RepVitMlp: chained('conv1 act conv2'),
      RepViTBlock: repViTBlock,
      RepVitStem: chained('conv1 act1 conv2'),
      RepVitDownsample: forward((m, x) =>
        plus(m, m.run(x, 'pre_block spatial_downsample channel_downsample'), 'ffn'),
      ),
      RepVitClassifier: repViTHead,
      RepVitStage: chained('downsample blocks'),
    },
    'timm.models.nfnet': {
      NormFreeNet: model('stem stages final_conv final_act', 'head'),
      GammaAct: scaledActivation,
      DownsampleAvg: chained('pool conv'),
      NormFreeBlock: normFree,
    },
    'timm.models.vgg': {
      VGG: model('features', 'pre_logits head'),
      ConvMlp: forward((m, x) => {
        const kernel = m.int('input_kernel_size');
        const sizes = [2, 3].map((axis) => Math.max(kernel, x.size(axis)));
        const large = adaptivePool(m.module, m.ctx, x.value, 'average', sizes);
        return m.run(x.of(large), 'fc1 act1 fc2 act2');
      }),
    },
    'timm.models._efficientnet_blocks': {
      UniversalInvertedResidual: universal,
      MobileAttention: mobileAttention,
    },
  },
};
