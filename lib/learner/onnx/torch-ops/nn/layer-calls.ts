import { Tuple, type Kwargs, type Value } from '../../../python/values.js';
import type { Module } from '../../../torch/module.js';
import type { TorchEnv } from '../env.js';
import { TensorValue } from '../tensor-value.js';
import { PackedSequence } from './packed.js';

/** A call of a known layer in the form that its lowering takes. */
export interface LayerCall {
  readonly args: readonly Value[];
  readonly kwargs: Kwargs;
  /** The value that the code receives. */
  finish(result: Value): Value;
}

/**
 * Inputs that layers take from code besides a batch of tensors: an image or a sequence without a
 * batch, and packed sequences. Also the form of their results: attention always returns a pair.
 */
export function layerCall(
  env: TorchEnv,
  className: string,
  module: Module,
  args: readonly Value[],
  kwargs: Kwargs,
): LayerCall {
  const [x, ...others] = args;
  if (/\.rnn\.(LSTM|GRU|RNN)$/.test(className) && x instanceof PackedSequence) {
    return packedCall(env, module, x, others, kwargs);
  }
  if ([...args, ...kwargs.values()].some((value) => value instanceof PackedSequence)) {
    throw env.ctx.unsupported(`a packed sequence for a ${className} is not supported`);
  }
  if (className === 'torch.nn.modules.activation.MultiheadAttention') {
    return { args, kwargs, finish: pairOf };
  }
  const [, dims] =
    /^torch\.nn\.modules\.(?:conv|pooling|padding|instancenorm)\.\w+([123])d$/.exec(className) ??
    [];
  if (dims === undefined || !(x instanceof TensorValue) || x.rank !== Number(dims) + 1) {
    return { args, kwargs, finish: (result) => result };
  }
  const [add, drop] = ['Unsqueeze', 'Squeeze'].map(
    (op) => (tensor: TensorValue) =>
      env.tensor(env.graph.op(op, [tensor.value, env.graph.axes(0)]), tensor.dtype),
  ) as [(tensor: TensorValue) => TensorValue, (tensor: TensorValue) => TensorValue];
  return {
    args: [add(x), ...others],
    kwargs,
    finish: (result) => (result instanceof TensorValue ? drop(result) : result),
  };
}

function packedCall(
  env: TorchEnv,
  module: Module,
  packed: PackedSequence,
  others: readonly Value[],
  kwargs: Kwargs,
): LayerCall {
  const batchFirst = module.attr('batch_first') === true;
  const x = env.tensor(packed.ordered(env, batchFirst), packed.padded.dtype);
  const lengths = env.graph.op('Cast', [packed.lengths], { to: 'int32' });
  return {
    args: [x, ...others],
    kwargs: new Map([...kwargs, ['lengths', env.tensor(lengths, 'int32')]]),
    finish: (result) => {
      if (!(result instanceof Tuple) || !(result.items[0] instanceof TensorValue)) return result;
      const [output, ...states] = result.items as [TensorValue, ...Value[]];
      return new Tuple([new PackedSequence(output, packed.lengths, batchFirst), ...states]);
    },
  };
}

/** The second result of attention is None if no weights are requested. */
function pairOf(result: Value): Value {
  const items = result instanceof Tuple ? result.items : [result];
  return new Tuple([items[0] ?? null, items[1] ?? null]);
}
