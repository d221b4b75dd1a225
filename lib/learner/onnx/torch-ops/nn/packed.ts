import { HostObject } from '../../../python/host.js';
import { Tuple, type Value } from '../../../python/values.js';
import type { Value as GraphValue } from '../../graph.js';
import type { TorchEnv } from '../env.js';
import { fn, type TorchTable } from '../table.js';
import { TensorValue } from '../tensor-value.js';

/**
 * The result of `pack_padded_sequence`. Here it keeps the padded tensor and the length of each row.
 * Recurrent layers end each row at its length, so they need nothing else of a packed sequence.
 */
export class PackedSequence extends HostObject {
  override readonly typeName = 'PackedSequence';

  constructor(
    /** [steps, batch, ...] or [batch, steps, ...]. */
    readonly padded: TensorValue,
    /** [batch], int64. */
    readonly lengths: GraphValue,
    readonly batchFirst: boolean,
  ) {
    super();
  }

  /** The tensor in the order that a layer expects. */
  ordered(env: TorchEnv, batchFirst: boolean): GraphValue {
    return swapped(env, this.padded.value, batchFirst !== this.batchFirst);
  }
}

/** Swaps the first two axes. */
function swapped({ graph }: TorchEnv, x: GraphValue, swap: boolean): GraphValue {
  if (!swap) return x;
  const perm = Array.from({ length: x.rank ?? 0 }, (_, i) => (i < 2 ? 1 - i : i));
  return graph.op('Transpose', [x], { perm });
}

function lengthsOf(env: TorchEnv, value: Value): GraphValue {
  const tensor =
    value instanceof TensorValue ? value : env.tensorOf('torch.tensor', [value], new Map());
  return tensor.value.dtype === 'int64'
    ? tensor.value
    : env.graph.op('Cast', [tensor.value], { to: 'int64' });
}

/**
 * torch requires the longest row first (`enforce_sorted`), or sorts the rows and restores their
 * order after the layer. Here the order never changes.
 */
const pack = fn('input, lengths, batch_first=, enforce_sorted=', (env, args) => {
  const x = args.tensor('input');
  const lengths = lengthsOf(env, args.raw('lengths') ?? null);
  return new PackedSequence(x, lengths, args.bool('batch_first', false));
});

/**
 * Cuts to the longest row, or to `total_length`, with `padding_value` after the end of each row.
 */
const unpack = fn('sequence, batch_first=, padding_value=, total_length=', (env, args) => {
  const { ctx, graph } = env;
  const packed = args.raw('sequence');
  if (!(packed instanceof PackedSequence)) {
    throw ctx.raise('TypeError', 'pad_packed_sequence() takes a PackedSequence');
  }
  const batchFirst = args.bool('batch_first', false);
  const axis = batchFirst ? 1 : 0;
  const x = packed.ordered(env, batchFirst);
  const longest = graph.op('ReduceMax', [packed.lengths], { axes: [0], keepdims: 1 });
  const cut = graph.op('Slice', [x, graph.axes(0), longest, graph.axes(axis)]);
  const steps = graph.op('Shape', [cut], { start: axis, end: axis + 1 });
  const rank = x.rank ?? 3;
  const scalar = (size: GraphValue): GraphValue => graph.op('Squeeze', [size, graph.axes(0)]);
  const range = graph.op('Range', [
    graph.scalar(0, 'int64'),
    scalar(steps),
    graph.scalar(1, 'int64'),
  ]);
  const places = graph.op('Unsqueeze', [range, graph.axes(batchFirst ? 0 : 1)]);
  const ends = graph.op('Unsqueeze', [packed.lengths, graph.axes(batchFirst ? 1 : 0)]);
  const within = graph.op('Unsqueeze', [
    graph.op('Less', [places, ends]),
    graph.axes(...Array.from({ length: rank - 2 }, (_, i) => i + 2)),
  ]);
  const filler = graph.scalar(args.float('padding_value', 0), x.dtype);
  const filled = graph.op('Where', [within, cut, filler]);
  const shape = (x.shape ?? []).map((dim, i) => (i === axis ? null : dim));
  const result = graph.assume(filled, shape);
  const { dtype } = packed.padded;
  const lengths = env.tensor(packed.lengths, 'int64');
  if (!args.has('total_length')) return new Tuple([env.tensor(result, dtype), lengths]);
  const missing = graph.op('Sub', [graph.axes(args.int('total_length')), steps]);
  const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);
  const pads = graph.op(
    'Concat',
    [graph.axes(...zeros(rank + axis)), missing, graph.axes(...zeros(rank - axis - 1))].filter(
      ({ shape: [count] = [] }) => count !== 0,
    ),
    { axis: 0 },
  );
  const total = graph.op('Pad', [result, pads, filler]);
  const known = shape.with(axis, args.int('total_length'));
  return new Tuple([env.tensor(graph.assume(total, known), dtype), lengths]);
});

export const packedFunctions: TorchTable = {
  'torch.nn.utils.rnn.pack_padded_sequence': pack,
  'torch.nn.utils.rnn.pad_packed_sequence': unpack,
};
