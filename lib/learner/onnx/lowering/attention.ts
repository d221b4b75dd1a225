import type { Expression } from './expression.js';
import { forward } from './forward.js';
import type { LoweringFamily } from './lowering.js';
import type { Scope } from './scope.js';
import { channelsOf, unflattened } from './spatial.js';

/** [batch, channels, positions]. */
function flattened(m: Scope, x: Expression): Expression {
  const { graph } = m.ctx;
  return x.of(
    graph.op('Reshape', [x.value, graph.axes(0, channelsOf(m.module, m.ctx, x.value), -1)]),
  );
}

const transposed = (x: Expression): Expression => x.permute(0, 2, 1);

const image = (m: Scope, x: Expression, channels: number, like: Expression): Expression =>
  x.of(unflattened(m.ctx, x.value, channels, like.value));

const scaledPlus = (m: Scope, o: Expression, x: Expression): Expression =>
  m.requiredWeight('gamma').mul(o).add(x);

/** fastai's SelfAttention: softmax over the first of the two positions. */
const selfAttention = forward((m, like) => {
  const x = flattened(m, like);
  const [query, key, value] = [m.run(x, 'query'), m.run(x, 'key'), m.run(x, 'value')];
  const beta = transposed(query).matmul(key).softmax(1);
  return image(m, scaledPlus(m, value.matmul(beta), x), like.size(1), like);
});

/** Keys and values from an image of half the size. */
const pooledSelfAttention = forward((m, x) => {
  const pooled = (name: string): Expression =>
    m.run(x, name).op('MaxPool', { kernel_shape: [2, 2], strides: [2, 2] });
  const query = m.run(x, 'query');
  const [f, g] = [flattened(m, query), flattened(m, pooled('key'))];
  const h = flattened(m, pooled('value'));
  const beta = transposed(f).matmul(g).softmax();
  const joined = h.matmul(transposed(beta));
  return scaledPlus(m, m.run(image(m, joined, m.int('n_channels') >> 1, x), 'out'), x);
});

/** x x' conv(x), without a softmax; with `sym` the weight was made symmetric at every step. */
const simpleSelfAttention = forward((m, like) => {
  m.require(!m.bool('sym', false), 'it changes its own weight at every call (sym=True)');
  const x = flattened(m, like);
  const convolved = m.run(x, 'conv');
  const square = x.matmul(transposed(x));
  return image(m, scaledPlus(m, square.matmul(convolved), x), like.size(1), like);
});

export const attentions: LoweringFamily = {
  lowerings: {
    'fastai.layers': {
      SelfAttention: selfAttention,
      PooledSelfAttention2d: pooledSelfAttention,
      SimpleSelfAttention: simpleSelfAttention,
    },
  },
};
