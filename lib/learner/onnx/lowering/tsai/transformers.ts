import { lowerSequential } from '../containers.js';
import type { Expression } from '../expression.js';
import { gelu } from '../functions.js';
import { joined } from '../forward.js';
import type { LoweringFamily } from '../lowering.js';
import { attend, encode, heads, maskOf, selfAttention, together } from './attention.js';
import { backboned, chained, series, transposed, type SeriesScope } from './support.js';

/** Steps as [rows, steps, width], by a convolution or by a layer over the variables. */
const embedded = (m: SeriesScope, x: Expression): Expression =>
  m.bool('new_q_len', false) ? transposed(m.run(x, 'W_P')) : m.run(transposed(x), 'W_P');

const positioned = (m: SeriesScope, x: Expression): Expression => x.add(m.requiredWeight('W_pos'));

/** Until 0.2.22, which the name of its dropout shows, the order of flattening was different. */
const isOld = (m: SeriesScope): boolean => m.has('res_dropout');

const tst = (m: SeriesScope, x: Expression): Expression => {
  const z = encode(m.inner('encoder'), positioned(m, embedded(m, x)));
  return isOld(m) && m.has('flatten') ? m.run(z, 'flatten head') : m.run(transposed(z), 'head');
};

/** Series with missing values replaced, and the steps that have only missing values. */
interface Padded {
  readonly x: Expression;
  readonly padding?: Expression;
}

function withoutNan(m: SeriesScope, x: Expression): Padded {
  const missing = x.op('IsNaN');
  const whole = m.fill(x, missing, 0);
  // Steps that a convolution joins cannot have a mask: torch refuses it.
  if (m.bool('new_q_len', false)) return { x: whole };
  const share = m.indicator(missing).op('ReduceMin', { axes: [1], keepdims: 0 });
  return { x: whole, padding: share.op('Greater', {}, m.constant([0.5], [])) };
}

/** How TSTPlus finds padding steps. Versions differ, which their attributes show. */
function padded(m: SeriesScope, x: Expression): Padded {
  const mode = m.attr('key_padding_mask');
  const variable = m.attr('padding_var');
  // 0.2.17 has no padding_var and always replaces missing values with zeros.
  const always = mode !== undefined && variable === undefined;
  const chosen = isOld(m) ? Boolean(mode) : mode === 'auto';
  if (Number(mode) === -1 && typeof mode !== 'boolean') {
    throw m.refusal('its key_padding_mask is -1, with which tsai itself fails');
  }
  if (!chosen && !always) return { x };
  if (variable === undefined || variable === null) {
    const { padding, ...rest } = withoutNan(m, x);
    return chosen && padding ? { ...rest, padding } : rest;
  }
  m.require(Number.isSafeInteger(variable), 'its padding_var is not one variable');
  const column = x.select(1, Number(variable));
  return { x, padding: column.op('Equal', {}, m.constant([1], [])) };
}

function tstBackbone(m: SeriesScope, input: Expression): Expression {
  const { x, padding } = padded(m, input);
  const attention = maskOf(m, 'attn_mask');
  const z = encode(m.inner('encoder'), positioned(m, embedded(m, x)), { attention, padding });
  if (isOld(m) || !padding) return transposed(z);
  const kept = m.indicator(padding.op('Not')).unsqueeze(1);
  return transposed(z).mul(kept);
}

const tstPlus = backboned((m, x) => {
  const z = encode(m.inner('encoder'), positioned(m, embedded(m, x)));
  return m.has('flatten') ? m.run(z, 'flatten head') : m.run(transposed(z), 'head');
});

/** The batch is the second dimension, as in torch's encoder by default. */
const transformerModel = series((m, x) =>
  m.run(x, 'permute inlinear relu transformer_encoder transpose max relu outlinear'),
);

/** Subtracts the mean or the last value of x and divides by its deviation; and the reverse. */
interface Normalized {
  readonly x: Expression;
  readonly restore: (x: Expression) => Expression;
}

function reversible(m: SeriesScope, x: Expression): Normalized {
  const base = m.bool('subtract_last') ? x.slice(2, -1) : x.mean([2], true);
  const centered = x.sub(x.mean([2], true));
  const deviation = centered.mul(centered).mean([2], true).sqrt().add(m.number('eps'));
  const plain = x.sub(base).div(deviation);
  if (!m.bool('affine')) {
    return { x: plain, restore: (y) => y.mul(deviation).add(base) };
  }
  const [weight, bias] = [m.requiredWeight('weight'), m.requiredWeight('bias')];
  return {
    x: plain.mul(weight).add(bias),
    restore: (y) => y.sub(bias).div(weight).mul(deviation).add(base),
  };
}

/** [rows, variables, steps] as patches [rows, variables, patches, steps of a patch]. */
function patches(m: SeriesScope, x: Expression): Expression {
  const [size, stride] = [m.int('patch_len'), m.int('stride')];
  const padded = m.run(x, 'padding_patch_layer');
  const count = Math.floor((padded.size(2) - size) / stride) + 1;
  m.require(count > 0, 'its patches are longer than the series');
  const places = Array.from(
    { length: count * size },
    (_, i) => Math.floor(i / size) * stride + (i % size),
  );
  return padded.gather(2, m.indices(places, [count, size]));
}

/** Each variable separately through one encoder. */
const patchBackbone = series((m, input) => {
  const normalized = m.bool('revin') ? reversible(m.inner('revin_layer'), input) : undefined;
  const encoder = m.inner('backbone');
  const given = patches(m, normalized?.x ?? input);
  const [variables, count] = [given.size(1), given.size(2)];
  const rows = encoder.run(given, 'W_P');
  const alone = rows.reshape(-1, count, rows.size(3));
  const z = encode(encoder, positioned(encoder, alone));
  const features = z.reshape(-1, variables, count, z.size(2)).permute(0, 1, 3, 2);
  const result = m.run(features, 'head');
  return normalized?.restore(result) ?? result;
});

const flattenHead = series((m, x) => {
  if (!m.bool('individual')) return m.run(x, 'layer');
  const rows = m.list('layers').map((layer, i) => m.call(layer, x.select(1, i)).unsqueeze(1));
  return joined(rows);
});

/** The trend and the remainder, with a model for each. */
const patchTst = series((m, x) => {
  if (!m.bool('decomposition', false)) return m.run(x, 'model');
  const trend = m.inner('decomp_module').run(x, 'moving_avg');
  return m.run(x.sub(trend), 'model_res').add(m.run(trend, 'model_trend'));
});

const movingAverage = chained('padding avg');

/** A layer: attention and a network, each with its norm before or after it. */
function plusNorm(
  m: SeriesScope,
  x: Expression,
  inner: (x: Expression) => Expression,
  name: string,
): Expression {
  return m.bool('pre_norm') ? inner(m.run(x, name)).add(x) : m.run(inner(x).add(x), name);
}

const sitLayer = series((m, x) => {
  const attention = maskOf(m, 'attn_mask');
  const y = plusNorm(
    m,
    x,
    (input) => selfAttention(m.inner('mha'), input, { attention }).output,
    'attn_norm',
  );
  return plusNorm(m, y, (input) => m.run(input, 'pwff'), 'ff_norm');
});

/** Until 0.2.23, a layer is a list: attention, norm, network, norm, and a dropout. */
const sitEncoder = series((m, x) => {
  if (m.has('encoder')) return m.run(x, 'encoder norm');
  const before = m.bool('pre_norm');
  const layers = m.list('layers').reduce((input, layer) => {
    const [mha, attnNorm, pwff, ffNorm] = m.enter(layer).children();
    if (!mha || !attnNorm || !pwff || !ffNorm) throw m.refusal('a layer of it lacks modules');
    const attended = (z: Expression): Expression => selfAttention(m.enter(mha), z).output;
    const y = before
      ? attended(m.call(attnNorm, input)).add(input)
      : m.call(attnNorm, attended(input).add(input));
    return before ? m.call(pwff, m.call(ffNorm, y)).add(y) : m.call(ffNorm, m.call(pwff, y).add(y));
  }, x);
  return m.run(layers, 'norm');
});

/** Steps, or groups of steps, with their positions and an optional token before them. */
function tokens(m: SeriesScope, input: Expression): Expression {
  const withToken = (x: Expression): Expression =>
    m.bool('use_token') ? m.requiredWeight('cls_token').expandTo(x).concat(1, x) : x;
  if (m.has('to_embedding')) {
    const position = m.requiredWeight('pos_embedding');
    // Positions are added before the token until 0.2.22, and after it in 0.2.23.
    if (m.has('preprocessor')) {
      return withToken(m.run(input, 'preprocessor to_embedding').add(position));
    }
    return withToken(m.run(input, 'feature_extractor to_embedding')).add(position);
  }
  const x = m.run(input, 'to_cat_embed tokenizer? seq_embed? feature_extractor');
  // A convolution until 0.3.9; from 0.4.0 on, a linear layer with the other order of dimensions.
  const convolved = m.isOf('linear_proj', 'Conv1d');
  const y = convolved ? m.run(x, 'linear_proj transpose') : m.run(x, 'transpose linear_proj?');
  return withToken(m.bool('use_pe') ? y.add(m.requiredWeight('pos_embed')) : y);
}

const sitBackbone = series((m, x) => transposed(m.run(tokens(m, x), 'encoder')));

/**
 * Its recurrence runs over the first dimension, which is the batch. A row alone is one step, so
 * each row is one step here, regardless of its neighbours.
 */
function alone(x: Expression, run: (x: Expression) => Expression): Expression {
  const [steps, width] = [x.size(1), x.size(2)];
  const result = run(x.reshape(-1, width).unsqueeze(0)).squeeze(0);
  return result.reshape(-1, steps, result.size(1));
}

const sequencerLayer = series((m, x) => {
  const mixed = (input: Expression): Expression => {
    const rows = alone(m.run(input, 'transpose'), (y) => m.runFirst(y, 'bilstm'));
    return m.run(rows, 'fc transpose');
  };
  const y = plusNorm(m, x, mixed, 'lstm_norm');
  return plusNorm(m, y, (input) => m.run(input, 'pwff'), 'ff_norm');
});

/** The same for an encoder whose layers expect the batch first but get the steps first. */
const transformerRnn = series((m, x) => {
  const y = m.run(transposed(x), 'proj_linear').add(m.requiredWeight('pos_encoding'));
  const rows = m.list('enc_layers').reduce((z, layer) => {
    const [steps, width] = [z.size(1), z.size(2)];
    const single = m.call(layer, z.reshape(-1, width).unsqueeze(1)).squeeze(1);
    return single.reshape(-1, steps, width);
  }, y);
  const layers = m.inner('rnn_layers');
  const names = [...layers.module.children.keys()];
  const result = names.reduce((z, name) => alone(z, (step) => layers.runFirst(step, name)), rows);
  return transposed(result);
});

const perceiverAttention = (m: SeriesScope, x: Expression, context: Expression): Expression => {
  const [count, width] = [m.int('n_heads'), m.int('d_head')];
  const [key, value] = m.run(context, 'to_kv').chunk(-1, 2);
  const { output } = attend(
    m,
    heads(m.run(x, 'to_q'), count, width),
    heads(key, count, width),
    heads(value, count, width),
    (scores) => scores.div(Math.sqrt(m.inner('attn').int('d_k'))),
  );
  return m.run(together(output, count * width), 'to_out');
};

const latentTransformer = (m: SeriesScope, x: Expression): Expression =>
  m.list('layers').reduce((y, layer) => {
    const [attnNorm, attention, ffNorm, network] = m.enter(layer).children();
    if (!attnNorm || !attention || !ffNorm || !network) throw m.refusal('a layer lacks modules');
    const normed = m.call(attnNorm, y);
    const attended = perceiverAttention(m.enter(attention), normed, normed);
    return m.call(network, m.call(ffNorm, attended));
  }, x);

/** Only for the series; categories and numbers are further inputs. */
const perceiver = series((m, x) => {
  m.require(
    m.attr('to_cat_emb') === null && m.attr('to_cont_emb') === null,
    'it takes categories or numbers beside the series',
  );
  const context = m
    .run(transposed(x), 'to_ts_emb')
    .add(m.requiredWeight('ts_pos_enc'))
    .add(m.requiredWeight('pos_enc'));
  const latents = m.requiredWeight('latent_array').expandTo(context);
  const result = m.list('attn').reduce((y, pair) => {
    const [cross, self] = m.enter(pair).children();
    if (!cross) throw m.refusal('a layer of it has no attention');
    const c = m.enter(cross);
    const given = c.run(context, 'norm_context');
    const attended = perceiverAttention(c.inner('attn'), c.run(y, 'norm_latent'), given);
    const z = c.run(attended, 'norm_ff ff').add(y);
    return self ? latentTransformer(m.enter(self), z).add(z) : z;
  }, latents);
  return m.run(transposed(result), 'head');
});

/** Heads of the attentions of ConvTran. */
function convTranHeads(m: SeriesScope, x: Expression): [Expression, Expression, Expression] {
  const count = m.int('n_heads');
  const split = (name: string): Expression => {
    const rows = m.run(x, name);
    return heads(rows, count, rows.size(2) / count);
  };
  return [split('query'), split('key'), split('value')];
}

const attended = (m: SeriesScope, weights: Expression, value: Expression): Expression =>
  m.run(together(weights.matmul(value), m.int('n_heads') * value.size(3)), 'to_out');

const convTranAttention = series((m, x) => {
  const [q, k, v] = convTranHeads(m, x);
  return attended(m, q.matmul(k.transpose(2, 3)).mul(m.number('scale')).softmax(), v);
});

/** Distance biases are added to the weights, after the softmax. */
const byDistance = series((m, x) => {
  const [q, k, v] = convTranHeads(m, x);
  const steps = m.int('seq_len');
  const table = m.requiredWeight('relative_bias_table');
  m.require(m.int('n_heads') === 8, 'tsai itself computes its biases for 8 heads only');
  const places = m.expression(m.ctx.requiredWeight(m.module, 'relative_index'));
  const bias = table
    .gather(0, places.reshape(-1))
    .reshape(steps, steps, table.size(1))
    .permute(2, 0, 1)
    .unsqueeze(0);
  return attended(m, q.matmul(k.transpose(2, 3)).mul(m.number('scale')).softmax().add(bias), v);
});

/** A vector for each distance; padding and cutting move the rows. */
const byVector = series((m, x) => {
  const [q, k, v] = convTranHeads(m, x);
  const steps = m.int('seq_len');
  const relative = q.matmul(m.requiredWeight('Er').transpose(0, 1));
  const moved = relative
    .pad({ 3: [1, 0] })
    .reshape(0, m.int('n_heads'), steps + 1, steps)
    .slice(2, 1);
  const scores = q.matmul(k.transpose(2, 3)).add(moved).mul(m.number('scale'));
  return attended(m, scores.softmax(), v);
});

const convTran = series((m, x) => {
  const source = transposed(m.run(x.unsqueeze(1), 'embed_layer embed_layer2').squeeze(2));
  const y = m.run(source.add(m.run(source, 'abs_position attention_layer')), 'LayerNorm');
  return transposed(m.run(y.add(m.run(y, 'FeedForward')), 'LayerNorm2'));
});

const withPlaces = series((m, x) => x.add(m.requiredWeight('pe')));

const gMlp = series((m, x) => {
  const patches = transposed(m.run(x, 'patcher'));
  return m.run(m.run(patches, 'model').mean([1]), 'head');
});

const gMlpBlock = series((m, x) => {
  const y = m.run(x, 'norm channel_proj1');
  return m.run(y.of(gelu(m.ctx, y.value)), 'sgu channel_proj2').add(x);
});

const spatialGate = series((m, x) => {
  const [first, second] = x.chunk(-1, 2);
  return first.mul(m.run(second, 'norm spatial_proj'));
});

/** tsai's transformers, and gMLP. */
export const tsaiTransformers: LoweringFamily = {
  lowerings: {
    'tsai.models.TST': { TST: series(tst) },
    'tsai.models.TSTPlus': {
      TSTPlus: tstPlus,
      _TSTBackbone: series(tstBackbone),
      MultiTSTPlus: lowerSequential,
    },
    'tsai.models.TransformerModel': { TransformerModel: transformerModel },
    'tsai.models.TransformerRNNPlus': {
      _TransformerRNNEncoder: transformerRnn,
      'TransformerRNNPlus|TransformerLSTMPlus|TransformerGRUPlus': lowerSequential,
    },
    'tsai.models.PatchTST': {
      PatchTST: patchTst,
      _PatchTST_backbone: patchBackbone,
      Flatten_Head: flattenHead,
      MovingAverage: movingAverage,
    },
    'tsai.models.TSiTPlus': {
      TSiTPlus: lowerSequential,
      _TSiTBackbone: sitBackbone,
      _TSiTEncoder: sitEncoder,
      _TSiTEncoderLayer: sitLayer,
    },
    'tsai.models.TSSequencerPlus': {
      TSSequencerPlus: lowerSequential,
      _TSSequencerBackbone: sitBackbone,
      _TSSequencerEncoder: sitEncoder,
      _TSSequencerEncoderLayer: sequencerLayer,
    },
    'tsai.models.TSPerceiver': { TSPerceiver: perceiver, FeedForward: lowerSequential },
    'tsai.models.ConvTranPlus': {
      ConvTranPlus: lowerSequential,
      ConvTranBackbone: convTran,
      Attention: convTranAttention,
      Attention_Rel_Scl: byDistance,
      Attention_Rel_Vec: byVector,
      'tAPE|AbsolutePositionalEncoding|LearnablePositionalEncoding': withPlaces,
    },
    'tsai.models.gMLP': {
      _SpatialGatingUnit: spatialGate,
      _gMLPBlock: gMlpBlock,
      _gMLPBackbone: chained('model'),
      gMLP: gMlp,
    },
  },
};
