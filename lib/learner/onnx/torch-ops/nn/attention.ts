import type { Value as GraphValue } from '../../graph.js';
import type { TorchEnv } from '../env.js';
import { SymSize } from '../size.js';
import { fn, type TorchTable } from '../table.js';
import type { TensorValue } from '../tensor-value.js';
import { floatOf, knownSize, random } from './support.js';

/** The causal mask: a query sees all positions up to its own. */
function causal(env: TorchEnv, query: TensorValue, key: TensorValue): GraphValue {
  const { graph } = env;
  const places = (x: TensorValue): GraphValue =>
    graph.op('Range', [
      graph.scalar(0, 'int64'),
      env.sizeScalar(env.sizeOf(x, x.rank - 2)),
      graph.scalar(1, 'int64'),
    ]);
  const rows = graph.op('Unsqueeze', [places(query), graph.axes(1)]);
  return graph.op('GreaterOrEqual', [rows, places(key)]);
}

/** Applies a mask to scores: minus infinity where it is False, or a sum for a mask of floats. */
function masked(env: TorchEnv, scores: GraphValue, mask: GraphValue): GraphValue {
  const { graph } = env;
  return mask.dtype === 'bool'
    ? graph.op('Where', [mask, scores, graph.scalar(-Infinity)])
    : graph.op('Add', [scores, mask]);
}

/** A row that is masked completely gives zeros, not NaN. */
function safeSoftmax(env: TorchEnv, scores: GraphValue): GraphValue {
  const { graph } = env;
  const largest = graph.op('ReduceMax', [scores], { axes: [-1], keepdims: 1 });
  const nowhere = graph.op('Equal', [largest, graph.scalar(-Infinity)]);
  const weights = graph.op('Softmax', [scores], { axis: -1 });
  return graph.op('Where', [nowhere, graph.scalar(0), weights]);
}

const attention = fn(
  'query, key, value, attn_mask=, dropout_p=, is_causal=, scale=, enable_gqa=',
  (env, args) => {
    const { graph, ctx } = env;
    const name = 'scaled_dot_product_attention';
    if (args.float('dropout_p', 0) > 0) throw random(env, `${name}(dropout_p=...)`);
    const given = args.maybeTensor('attn_mask');
    const isCausal = args.bool('is_causal', false);
    if (given && isCausal) {
      throw ctx.raise('RuntimeError', 'Explicit attn_mask should not be set when is_causal=True');
    }
    let [query, key, value] = ['query', 'key', 'value'].map((part) => args.tensor(part)) as [
      TensorValue,
      TensorValue,
      TensorValue,
    ];
    if (args.bool('enable_gqa', false)) {
      // Some heads share their keys and values.
      const heads = env.sizeOf(query, query.rank - 3);
      [key, value] = [key, value].map((x) => {
        const times = knownSize(env, SymSize.floorDiv(heads, env.sizeOf(x, x.rank - 3)));
        return env.tensorOf('torch.repeat_interleave', [x, BigInt(times), BigInt(x.rank - 3)]);
      }) as [TensorValue, TensorValue];
    }
    const width = env.sizeOf(query, query.rank - 1);
    const [q, k, v] = [query, key, value].map((x) => floatOf(env, name, x)) as [
      GraphValue,
      GraphValue,
      GraphValue,
    ];
    const scale = args.has('scale')
      ? graph.scalar(args.float('scale'))
      : typeof width === 'number'
        ? graph.scalar(1 / Math.sqrt(width))
        : graph.op('Div', [
            graph.scalar(1),
            graph.op('Sqrt', [graph.op('Cast', [env.sizeScalar(width)], { to: 'float32' })]),
          ]);
    const perm = Array.from({ length: key.rank }, (_, i) => i);
    perm.push(...perm.splice(-2).reverse());
    const keys = graph.op('Transpose', [k], { perm });
    const scores = graph.op('MatMul', [graph.op('Mul', [q, scale]), keys]);
    const mask = given
      ? given.dtype === 'bool'
        ? given.value
        : floatOf(env, name, given)
      : isCausal
        ? causal(env, query, key)
        : undefined;
    const weights = mask
      ? given
        ? safeSoftmax(env, masked(env, scores, mask))
        : graph.op('Softmax', [masked(env, scores, mask)], { axis: -1 })
      : graph.op('Softmax', [scores], { axis: -1 });
    return env.tensor(graph.op('MatMul', [weights, v]), query.dtype);
  },
);

export const attentionFunctions: TorchTable = {
  'F.scaled_dot_product_attention': attention,
};
