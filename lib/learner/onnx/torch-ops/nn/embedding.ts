import type { TorchEnv } from '../env.js';
import { fn, type TorchTable } from '../table.js';
import type { TensorValue } from '../tensor-value.js';
import type { Value as GraphValue } from '../../graph.js';

function indicesOf(env: TorchEnv, name: string, x: TensorValue): GraphValue {
  if (x.dtype !== 'int64' && x.dtype !== 'int32') {
    throw env.ctx.raise(
      'RuntimeError',
      `${name}: expected indices of type Long or Int, got ${x.dtype}`,
    );
  }
  return x.value;
}

/** `padding_idx`, `scale_grad_by_freq` and `sparse` affect only gradients. */
const embedding = fn(
  'input, weight, padding_idx=, max_norm=, norm_type=, scale_grad_by_freq=, sparse=',
  (env, args) => {
    if (args.has('max_norm')) throw env.ctx.unsupported('embedding with max_norm');
    const weight = args.tensor('weight');
    const indices = indicesOf(env, 'embedding', args.tensor('input'));
    return env.tensor(env.graph.op('Gather', [weight.value, indices], { axis: 0 }), weight.dtype);
  },
);

const oneHot = fn('input, num_classes=', (env, args) => {
  const { graph, ctx } = env;
  const x = args.tensor('input');
  if (x.dtype !== 'int64') {
    throw ctx.raise(
      'RuntimeError',
      'one_hot is only applicable to index tensor of type LongTensor',
    );
  }
  const classes = args.int('num_classes', -1);
  if (classes < 1) {
    throw ctx.unsupported(
      'one_hot without num_classes has a size that depends on the largest element',
    );
  }
  const [depth, values] = [graph.scalar(classes, 'int64'), graph.constant([0, 1], 'int64')];
  const hot = (value: GraphValue): GraphValue =>
    graph.op('OneHot', [value, depth, values], { axis: -1 });
  if (x.rank > 0) return env.tensor(hot(x.value), 'int64');
  const row = hot(graph.op('Unsqueeze', [x.value, graph.axes(0)]));
  return env.tensor(graph.op('Squeeze', [row, graph.axes(0)]), 'int64');
});

export const embeddingFunctions: TorchTable = {
  'F.embedding': embedding,
  // torch has the first two in the other order.
  'torch.embedding': fn(
    'weight, indices, padding_idx=, scale_grad_by_freq=, sparse=',
    (env, args) => env.apply('F.embedding', [args.raw('indices')!, args.raw('weight')!]),
  ),
  'F.one_hot': oneHot,
};
