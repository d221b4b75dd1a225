import type { Value as GraphValue } from '../../graph.js';
import type { TorchEnv } from '../env.js';
import { fn, type Args, type TorchFunction, type TorchTable } from '../table.js';
import type { TensorValue } from '../tensor-value.js';
import { asLayer, floatOf, inFloat, perhapsInPlace, random, type Options } from './support.js';

type Emit = (env: TorchEnv, x: GraphValue, args: Args) => GraphValue;

/** A function of one tensor that may be changed in place. */
const activation = (parameters: string, emit: Emit): TorchFunction =>
  fn(`input, ${parameters}, inplace=`, (env, args) => {
    const x = args.tensor('input');
    return perhapsInPlace(
      env,
      args,
      inFloat(env, args.name, x, (value) => emit(env, value, args)),
    );
  });

/** A function that is also a layer of torch.nn. */
const layer = (
  className: string,
  parameters = '',
  options: (args: Args) => Options = () => ({}),
): TorchFunction =>
  activation(parameters, (env, x, args) =>
    asLayer(env, args.name, `activation.${className}`, options(args), x),
  );

/** ReLU also takes integers. */
const relu = fn('input, inplace=', (env, args) => {
  const x = args.tensor('input');
  const { graph } = env;
  const integral = !x.dtype.startsWith('float') && x.dtype !== 'bool';
  const result = integral
    ? env.tensor(graph.op('Max', [x.value, graph.scalar(0, x.value.dtype)]), x.dtype)
    : inFloat(env, 'relu', x, (value) => graph.op('Relu', [value]));
  return perhapsInPlace(env, args, result);
});

/** `dim`: None is torch's old rule, by the rank. */
const softmax = (className: 'Softmax' | 'LogSoftmax', negated = false): TorchFunction =>
  fn('input, dim=, _stacklevel=, dtype=', (env, args) => {
    const dtype = args.raw('dtype');
    const given = args.tensor('input');
    const x = dtype ? env.tensorOf('Tensor.to', [given, dtype]) : given;
    return inFloat(env, args.name, x, (value) => {
      const operand = negated ? env.graph.op('Neg', [value]) : value;
      if (operand.rank === 0) {
        const row = env.graph.op('Unsqueeze', [operand, env.graph.axes(0)]);
        const result = asLayer(env, args.name, `activation.${className}`, { dim: 0 }, row);
        return env.graph.op('Squeeze', [result, env.graph.axes(0)]);
      }
      const options = { dim: args.maybeInt('dim') ?? null };
      return asLayer(env, args.name, `activation.${className}`, options, operand);
    });
  });

/** The same for functions that require the dimension. */
const byDimension = (className: 'Softmax' | 'LogSoftmax'): TorchFunction => ({
  ...softmax(className),
  signature: 'input, dim, dtype=',
});

/** One slope for all elements, or one for each channel (dimension 1). */
const prelu = fn('input, weight', (env, args) => {
  const { graph } = env;
  const x = args.tensor('input');
  const weight = floatOf(env, 'prelu', args.tensor('weight'));
  const rank = x.rank;
  const slope =
    weight.rank === 1 && rank > 2 && weight.shape?.[0] !== 1
      ? graph.op('Reshape', [weight, graph.axes(-1, ...Array.from({ length: rank - 2 }, () => 1))])
      : weight;
  return inFloat(env, 'prelu', x, (value) => graph.op('PRelu', [value, slope]));
});

/** In evaluation rrelu's slope is the middle of its range. */
const rrelu = fn('input, lower=, upper=, training=, inplace=, generator=', (env, args) => {
  if (args.bool('training', false)) throw random(env, 'rrelu(training=True)');
  const alpha = (args.float('lower', 1 / 8) + args.float('upper', 1 / 3)) / 2;
  const x = args.tensor('input');
  const result = inFloat(env, 'rrelu', x, (value) => env.graph.op('LeakyRelu', [value], { alpha }));
  return perhapsInPlace(env, args, result);
});

/** Zero within the margin. Outside of it, x minus the margin, or x. */
const shrink =
  (soft: boolean): Emit =>
  (env, x, args) => {
    const { graph } = env;
    const lambda = args.float('lambd', 0.5);
    const [low, high, zero] = [graph.scalar(-lambda), graph.scalar(lambda), graph.scalar(0)];
    const above = graph.op('Where', [
      graph.op('Greater', [x, high]),
      soft ? graph.op('Sub', [x, high]) : x,
      zero,
    ]);
    return graph.op('Where', [
      graph.op('Less', [x, low]),
      soft ? graph.op('Add', [x, high]) : x,
      above,
    ]);
  };

const glu = fn('input, dim=', (env, args) => {
  const x = args.tensor('input');
  const halves = env.apply('torch.chunk', [x, 2n, BigInt(args.int('dim', -1))]);
  const [value, gate] = [...env.ctx.iterate(halves)] as TensorValue[];
  return env.apply('torch.mul', [value!, env.apply('torch.sigmoid', [gate!])]);
});

const number = (name: string, absent: number) => (args: Args) => ({
  [name]: args.float(name, absent),
});

export const activationFunctions: TorchTable = {
  'F.relu': relu,
  'torch.relu|Tensor.relu': fn('input', (env, args) => env.apply('F.relu', [args.raw('input')!])),
  'F.relu6': layer('ReLU6'),
  'F.leaky_relu': layer('LeakyReLU', 'negative_slope=', number('negative_slope', 0.01)),
  'F.elu': activation('alpha=', ({ graph }, x, args) =>
    graph.op('Elu', [x], { alpha: args.float('alpha', 1) }),
  ),
  'torch.celu|F.celu': layer('CELU', 'alpha=', number('alpha', 1)),
  'torch.selu|F.selu': layer('SELU'),
  'F.gelu': fn('input, *, approximate=', (env, args) =>
    inFloat(env, 'gelu', args.tensor('input'), (x) =>
      asLayer(
        env,
        'gelu',
        'activation.GELU',
        { approximate: args.string('approximate', 'none') },
        x,
      ),
    ),
  ),
  'F.silu': layer('SiLU'),
  'F.mish': layer('Mish'),
  'F.hardtanh': layer('Hardtanh', 'min_val=, max_val=', (args) => ({
    min_val: args.float('min_val', -1),
    max_val: args.float('max_val', 1),
  })),
  'F.hardswish': layer('Hardswish'),
  'F.hardsigmoid': layer('Hardsigmoid'),
  'F.softplus': layer('Softplus', 'beta=, threshold=', (args) => ({
    beta: args.float('beta', 1),
    threshold: args.float('threshold', 20),
  })),
  'F.softsign': layer('Softsign'),
  'F.logsigmoid': layer('LogSigmoid'),
  'torch.threshold|F.threshold': layer('Threshold', 'threshold, value', (args) => ({
    threshold: args.float('threshold'),
    value: args.float('value'),
  })),
  'F.tanhshrink': activation('', ({ graph }, x) => graph.op('Sub', [x, graph.op('Tanh', [x])])),
  'F.softshrink': activation('lambd=', shrink(true)),
  'torch.hardshrink|F.hardshrink|Tensor.hardshrink': activation('lambd=', shrink(false)),
  'torch.prelu|F.prelu|Tensor.prelu': prelu,
  'torch.rrelu|F.rrelu': rrelu,
  'F.glu': glu,
  'F.softmax': softmax('Softmax'),
  'F.log_softmax': softmax('LogSoftmax'),
  'torch.softmax|Tensor.softmax|torch.special.softmax': byDimension('Softmax'),
  'torch.log_softmax|Tensor.log_softmax|torch.special.log_softmax': byDimension('LogSoftmax'),
  'F.softmin': softmax('Softmax', true),
  'F.sigmoid': activation('', ({ graph }, x) => graph.op('Sigmoid', [x])),
  'F.tanh': activation('', ({ graph }, x) => graph.op('Tanh', [x])),
};
