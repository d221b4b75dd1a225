import type { Expression } from '../expression.js';
import type { LoweringFamily } from '../lowering.js';
import { series, transposed, type SeriesScope } from './support.js';

/** The inputs of an attention besides its queries. */
export interface Masks {
  /** Scores of the previous layer, if layers pass them on. */
  readonly previous?: Expression | undefined;
  /** True where a query may not attend, or a term that is added to the scores. */
  readonly attention?: Expression | undefined;
  /** [rows, steps]: true for steps that no query may attend to. */
  readonly padding?: Expression | undefined;
}

interface Attended {
  readonly output: Expression;
  readonly scores: Expression;
}

/** A parameter, buffer or attribute of booleans or numbers; undefined if it is None. */
export function maskOf(m: SeriesScope, name: string): Expression | undefined {
  const tensor = m.module.tensor(name);
  return tensor ? m.expression(m.ctx.graph.initializer(tensor, name)) : undefined;
}

function masked(m: SeriesScope, scores: Expression, mask: Expression): Expression {
  return mask.value.dtype === 'bool' ? m.fill(scores, mask, -Infinity) : scores.add(mask);
}

/** [rows, steps, heads * width] as [rows, heads, steps, width]. */
export const heads = (x: Expression, count: number, width: number): Expression =>
  x.reshape(0, 0, count, width).permute(0, 2, 1, 3);

/** Back to [rows, steps, heads * width]. */
export const together = (x: Expression, width: number): Expression =>
  x.permute(0, 2, 1, 3).reshape(0, 0, width);

/** softmax(scale(q k') + ...) v, over [rows, heads, steps, width]. */
export function attend(
  m: SeriesScope,
  query: Expression,
  key: Expression,
  value: Expression,
  scale: (scores: Expression) => Expression,
  { previous, attention, padding }: Masks = {},
): Attended {
  let scores = scale(query.matmul(key.permute(0, 1, 3, 2)));
  if (previous) scores = scores.add(previous);
  if (attention) scores = masked(m, scores, attention);
  if (padding) scores = m.fill(scores, padding.unsqueeze(1).unsqueeze(2), -Infinity);
  return { output: scores.softmax(-1).matmul(value), scores };
}

/** How a layer scales its scores. Versions differ, which their state shows. */
function scaling(m: SeriesScope, width: number): (scores: Expression) => Expression {
  const inner = m.has('sdp_attn') ? m.inner('sdp_attn') : undefined;
  if (inner?.module.tensor('scale')) return (scores) => scores.mul(inner.requiredWeight('scale'));
  // Versions 0.2.19 to 0.2.24 divided by the number of queries instead of the width.
  if (inner && /\.layers\./.test(inner.module.className)) {
    return (scores) => scores.div(Math.sqrt(scores.size(2)));
  }
  return (scores) => scores.div(Math.sqrt(width));
}

/** tsai's attention with separate projections for queries, keys and values. */
export function selfAttention(m: SeriesScope, x: Expression, masks: Masks = {}): Attended {
  const count = m.int('n_heads');
  const [keyWidth, width] = [m.int('d_k'), m.int('d_v')];
  const { output, scores } = attend(
    m,
    heads(m.run(x, 'W_Q'), count, keyWidth),
    heads(m.run(x, 'W_K'), count, keyWidth),
    heads(m.run(x, 'W_V'), count, width),
    scaling(m, keyWidth),
    m.bool('res_attention', false) ? masks : { ...masks, previous: undefined },
  );
  const joined = together(output, count * width);
  return { output: m.run(joined, m.has('to_out') ? 'to_out' : 'W_O'), scores };
}

/**
 * A norm: of features, as a layer norm or a batch norm between two transpositions. Bare batch norms
 * are those of old versions: of features until 0.2.12 or 0.2.14, and then of steps until 0.2.22.
 */
function norm(m: SeriesScope, x: Expression, name: string): Expression {
  const child = m.module.child(name);
  if (!child || !m.isOf(name, 'BatchNorm1d')) return m.run(x, name);
  const width = m.inner('self_attn').inner('W_Q').int('in_features');
  const ofSteps = m.enter(child).int('num_features') !== width;
  if (ofSteps || m.module.className.endsWith('._TSTEncoderLayer')) return m.run(x, name);
  m.require(
    x.size(1) !== width,
    'it has as many steps as features, so it is unclear which of them its batch norm normalizes',
  );
  return transposed(m.run(transposed(x), name));
}

const NORMS = ['norm', 'layernorm', 'batchnorm'] as const;

function encoderLayer(m: SeriesScope, x: Expression, masks: Masks): Attended {
  const kind = NORMS.find((name) => m.has(`${name}_attn`)) ?? 'norm';
  const normed = (y: Expression, which: string): Expression => norm(m, y, `${kind}_${which}`);
  const first = m.bool('pre_norm', false);
  const input = first ? normed(x, 'attn') : x;
  const { output, scores } = selfAttention(m.inner('self_attn'), input, masks);
  const sum = input.add(output);
  const y = first ? normed(sum, 'ffn') : normed(sum, 'attn');
  const result = y.add(m.run(y, 'ff'));
  return { output: first ? result : normed(result, 'ffn'), scores };
}

/** Layers in turn, each with the scores of the previous one if they pass them on. */
export function encode(m: SeriesScope, x: Expression, masks: Masks = {}): Expression {
  const residual = m.bool('res_attention', false);
  let [output, previous] = [x, masks.previous];
  for (const layer of m.list('layers')) {
    const result = encoderLayer(m.enter(layer), output, { ...masks, previous });
    output = result.output;
    if (residual) previous = result.scores;
  }
  return output;
}

const encoder = series((m, x) => encode(m, x));

/** The parts that several of tsai's transformers share. */
export const tsaiAttentions: LoweringFamily = {
  lowerings: {
    'tsai.models.TST|tsai.models.TSTPlus': { '_TSTEncoder|TSTEncoder': encoder },
    'tsai.models.RNNAttention|tsai.models.RNNAttentionPlus': { _TSTEncoder: encoder },
    'tsai.models.TabTransformer': { _TabEncoder: encoder },
    'tsai.models.TabFusionTransformer': { _TabFusionEncoder: encoder },
  },
};
