import type { Module } from '../../../../torch/module.js';
import type { Expression, Pair } from '../../expression.js';
import { chained, forward, joined, total } from '../../forward.js';
import type { LoweringFamily } from '../../lowering.js';
import type { Scope } from '../../scope.js';

const home = 'timm.models.efficientvim';

/** A few states that combine all positions, and each position's view of them. */
function mixed(m: Scope, x: Expression): Pair {
  const [height, width, states] = [x.size(2), x.size(3), m.int('state_dim')];
  const rows = x.flatten(2);
  const projected = m.run(rows, 'BCdt_proj').reshape(0, 3 * states, height, width);
  const [b, c, steps] = m.run(projected, 'dw').flatten(2).chunk(1, 3);
  const decay = steps.add(m.requiredWeight('A').reshape(-1, 1)).softmax();
  const inner = m.run(rows.matmul(decay.mul(b).transpose(-2, -1)), 'hz_proj');
  const [h, z] = inner.chunk(1, 2);
  const summary = m.run(h.mul(m.run(z, 'act')).add(h.mul(m.requiredWeight('D'))), 'out_proj');
  return [summary.matmul(c).reshape(0, summary.size(1), height, width), summary];
}

/** The image and the states after a block. */
function block(m: Scope, x: Expression): Pair {
  const gates = m.requiredWeight('alpha').sigmoid();
  const towards = (y: Expression, result: Expression, i: number): Expression =>
    y.add(result.sub(y).mul(gates.select(0, i).reshape(-1, 1, 1)));
  const convolved = (y: Expression, name: string, i: number): Expression =>
    m.bool('fused', false) ? m.run(y, name) : towards(y, m.run(y, name), i);
  const first = convolved(x, 'dwconv1', 0);
  const [image, states] = mixed(m.inner('mixer', `${home}.HSMSSD`), m.run(first, 'norm'));
  const second = convolved(towards(first, image, 1), 'dwconv2', 2);
  return [towards(second, m.run(second, 'ffn'), 3), states];
}

/** The output of a stage, and its last states. */
function stage(m: Scope, x: Expression): Pair {
  const blocks = m.list('blocks');
  const [image, states] = blocks.reduce<[Expression, Expression?]>(
    ([y], child) => block(m.enter(child, `${home}.EfficientViMBlock`), y),
    [x],
  );
  if (!states) throw m.refusal('it has no blocks');
  return [m.run(image, 'downsample?'), states];
}

const merging = forward((m, x) => {
  const convolved = (y: Expression, name: string): Expression =>
    m.bool('fused', false) ? m.run(y, name) : y.add(m.run(y, name));
  return convolved(m.run(convolved(x, 'dwconv1'), 'conv'), 'dwconv2');
});

/** The means of each stage's states and of the last image. */
function summaries(m: Scope, x: Expression): Expression[] {
  m.expectAttrs({ global_pool: 'avg' });
  const norms = m.list('norm');
  let image = m.run(x, 'patch_embed');
  const means = m.list('stages').map((child, i) => {
    const [next, states] = stage(m.enter(child, `${home}.EfficientViMStage`), image);
    image = next;
    return m.call(norms[i]!, states.transpose(-2, -1)).mean([1]);
  });
  return [...means, m.call(norms.at(-1)!, image).mean([2, 3])];
}

/** A layer for each summary; their outputs are combined. */
function vote(m: Scope, means: readonly Expression[], name: string, weights: string): Expression {
  const shares = m.requiredWeight(weights).softmax();
  const layers: readonly Module[] = m.list(name);
  return total(layers.map((layer, i) => m.call(layer, means[i]!).mul(shares.select(0, i))));
}

const whole = (distilled: boolean) =>
  forward((m, x) => {
    const means = summaries(m, x);
    if (m.int('num_classes') === 0) return joined(means);
    const result = vote(m, means, 'heads', 'weights');
    return distilled ? result.add(vote(m, means, 'heads_dist', 'weights_dist')).mul(0.5) : result;
  });

/** EfficientViM. */
export const efficientViMs: LoweringFamily = {
  lowerings: {
    [home]: {
      EfficientViM: whole(false),
      EfficientViMDistilled: whole(true),
      'ConvLayer1d|ConvLayer2d': chained('conv norm? act?'),
      Stem: chained('conv'),
      FFN: chained('fc1 fc2'),
      PatchMerging: merging,
    },
  },
};
