import type { Value } from '../../../python/values.js';
import type { TorchEnv } from '../env.js';
import { fn, type Args, type TorchFunction, type TorchTable } from '../table.js';
import { TensorValue } from '../tensor-value.js';
import { knownSize } from './support.js';

type Operand = TensorValue | number | bigint;

/** Calls torch's own operations through the tables. */
class Calculator {
  constructor(readonly env: TorchEnv) {}

  #call(name: string, ...args: readonly Value[]): TensorValue {
    return this.env.tensorOf(`torch.${name}`, args);
  }

  add = (a: Operand, b: Operand): TensorValue => this.#call('add', a, b);
  sub = (a: Operand, b: Operand): TensorValue =>
    a instanceof TensorValue ? this.#call('sub', a, b) : this.add(this.neg(b as TensorValue), a);
  mul = (a: TensorValue, b: Operand): TensorValue => this.#call('mul', a, b);
  div = (a: TensorValue, b: Operand): TensorValue => this.#call('div', a, b);
  neg = (a: TensorValue): TensorValue => this.#call('neg', a);
  abs = (a: TensorValue): TensorValue => this.#call('abs', a);
  log = (a: TensorValue): TensorValue => this.#call('log', a);
  exp = (a: TensorValue): TensorValue => this.#call('exp', a);
  where = (mask: TensorValue, a: Operand, b: Operand): TensorValue =>
    this.#call('where', mask, a, b);
  less = (a: TensorValue, b: Operand): TensorValue => this.#call('lt', a, b);
  equal = (a: TensorValue, b: Operand): TensorValue => this.#call('eq', a, b);
  notEqual = (a: TensorValue, b: Operand): TensorValue => this.#call('ne', a, b);
  clampMin = (a: TensorValue, b: number): TensorValue => this.#call('clamp_min', a, b);
  sum = (a: TensorValue): TensorValue => this.#call('sum', a);
  sumOver = (a: TensorValue, axis: number): TensorValue => this.#call('sum', a, BigInt(axis));
  mean = (a: TensorValue): TensorValue => this.#call('mean', a);
}

/** `mean`, `sum` or `none`, also from the old arguments. */
function reductionOf(env: TorchEnv, args: Args): string {
  if (args.has('size_average') || args.has('reduce')) {
    if (!args.bool('reduce', true)) return 'none';
    return args.bool('size_average', true) ? 'mean' : 'sum';
  }
  const reduction = args.string('reduction', 'mean');
  if (!['mean', 'sum', 'none', 'batchmean'].includes(reduction)) {
    throw env.ctx.raise('ValueError', `${reduction} is not a valid value for reduction`);
  }
  return reduction;
}

function reduced(calc: Calculator, args: Args, loss: TensorValue): TensorValue {
  const reduction = reductionOf(calc.env, args);
  if (reduction === 'none') return loss;
  return reduction === 'sum' ? calc.sum(loss) : calc.mean(loss);
}

const OLD = 'size_average=, reduce=, reduction=';

/** A loss of each element, and its reduction. */
const elementwise = (
  parameters: string,
  of: (calc: Calculator, x: TensorValue, y: TensorValue, args: Args) => TensorValue,
): TorchFunction =>
  fn(`input, target, ${parameters}`, (env, args) => {
    const calc = new Calculator(env);
    return reduced(calc, args, of(calc, args.tensor('input'), args.tensor('target'), args));
  });

/** A weighted mean has another formula. */
function unweighted(calc: Calculator, args: Args, loss: TensorValue): TensorValue {
  if (args.has('weight')) throw calc.env.ctx.unsupported(`${args.name} with weights`);
  return loss;
}

/** Weights of elements multiply their losses. */
function weighted(calc: Calculator, args: Args, loss: TensorValue): TensorValue {
  const weight = args.maybeTensor('weight');
  return weight ? calc.mul(loss, weight) : loss;
}

const squared = (calc: Calculator, x: TensorValue, y: TensorValue): TensorValue => {
  const difference = calc.sub(x, y);
  return calc.mul(difference, difference);
};

/** Quadratic up to a distance, then linear with `slope`. */
function bent(
  calc: Calculator,
  x: TensorValue,
  y: TensorValue,
  limit: number,
  scale: number,
): TensorValue {
  const distance = calc.abs(calc.sub(x, y));
  const quadratic = calc.mul(calc.mul(distance, distance), 0.5 * scale);
  const linear = calc.mul(calc.sub(distance, 0.5 * limit), limit * scale);
  return calc.where(calc.less(distance, limit), quadratic, linear);
}

const binaryCrossEntropy = elementwise(`weight=, ${OLD}`, (calc, x, y, args) => {
  // torch clamps the logarithm at -100.
  const log = (value: TensorValue): TensorValue => calc.clampMin(calc.log(value), -100);
  const loss = calc.add(calc.mul(log(x), y), calc.mul(log(calc.sub(1, x)), calc.sub(1, y)));
  return weighted(calc, args, calc.neg(loss));
});

const withLogits = elementwise(`weight=, ${OLD}, pos_weight=`, (calc, x, y, args) => {
  const { env } = calc;
  const log = (value: TensorValue): TensorValue => env.tensorOf('F.logsigmoid', [value]);
  const positive = args.maybeTensor('pos_weight');
  const hit = calc.mul(log(x), positive ? calc.mul(y, positive) : y);
  const missed = calc.mul(log(calc.neg(x)), calc.sub(1, y));
  return weighted(calc, args, calc.neg(calc.add(hit, missed)));
});

const klDivergence = fn(`input, target, ${OLD}, log_target=`, (env, args) => {
  const calc = new Calculator(env);
  const [x, y] = [args.tensor('input'), args.tensor('target')];
  const loss = args.bool('log_target', false)
    ? calc.mul(calc.exp(y), calc.sub(y, x))
    : calc.sub(env.tensorOf('torch.xlogy', [y, y]), calc.mul(y, x));
  const mean = reductionOf(env, args) === 'batchmean';
  if (!mean) return reduced(calc, args, loss);
  const rows = env.sizeOf(x, 0);
  return calc.div(calc.sum(loss), typeof rows === 'number' ? BigInt(rows) : (rows as never));
});

/** The loss of the class at each position, from log-probabilities [batch, classes, ...]. */
function negativeLogLikelihood(
  calc: Calculator,
  args: Args,
  log: TensorValue,
  target: TensorValue,
  smoothing: number,
): TensorValue {
  const { env } = calc;
  if (target.dtype !== 'int64' && target.dtype !== 'uint8') {
    throw env.ctx.raise('RuntimeError', 'expected scalar type Long for the target');
  }
  const axis = log.rank === 1 ? 0 : 1;
  const weight = args.maybeTensor('weight');
  const ignored = BigInt(args.int('ignore_index', -100));
  const kept = calc.notEqual(target, ignored);
  const classes = calc.where(kept, target, 0n);
  const indices = env.tensorOf('torch.unsqueeze', [classes, BigInt(axis)]);
  const picked = env.tensorOf('torch.squeeze', [
    env.tensorOf('torch.gather', [log, BigInt(axis), indices]),
    BigInt(axis),
  ]);
  const weights = weight && (env.getItem(weight, classes) as TensorValue);
  const costs = calc.neg(weights ? calc.mul(picked, weights) : picked);
  const loss = calc.where(kept, costs, 0);
  const reduction = reductionOf(env, args);
  const share = calc.where(kept, weights ?? 1, 0);
  const over = (value: TensorValue): TensorValue =>
    reduction === 'none'
      ? value
      : reduction === 'sum'
        ? calc.sum(value)
        : calc.div(calc.sum(value), calc.sum(share));
  if (smoothing === 0) return over(loss);
  const count = knownSize(env, env.sizeOf(log, axis));
  const shape =
    log.rank === 1 ? [-1n] : [1n, -1n, ...Array.from({ length: log.rank - 2 }, () => 1n)];
  const scaled = weight ? calc.mul(log, env.tensorOf('Tensor.view', [weight, ...shape])) : log;
  const smooth = calc.where(kept, calc.neg(calc.sumOver(scaled, axis)), 0);
  return calc.add(calc.mul(over(loss), 1 - smoothing), calc.mul(over(smooth), smoothing / count));
}

const crossEntropy = fn(
  'input, target, weight=, size_average=, ignore_index=, reduce=, reduction=, label_smoothing=',
  (env, args) => {
    const calc = new Calculator(env);
    const [x, target] = [args.tensor('input'), args.tensor('target')];
    const smoothing = args.float('label_smoothing', 0);
    const axis = BigInt(x.rank === 1 ? 0 : 1);
    const log = env.tensorOf('F.log_softmax', [x, axis]);
    if (!target.dtype.startsWith('float')) {
      return negativeLogLikelihood(calc, args, log, target, smoothing);
    }
    if (args.has('weight')) {
      throw env.ctx.unsupported('cross_entropy with weights and probabilities as targets');
    }
    const classes = smoothing === 0 ? 1 : knownSize(env, env.sizeOf(x, Number(axis)));
    const smooth =
      smoothing === 0 ? target : calc.add(calc.mul(target, 1 - smoothing), smoothing / classes);
    const loss = calc.neg(calc.sumOver(calc.mul(log, smooth), Number(axis)));
    return reduced(calc, args, loss);
  },
);

const nll = fn(
  'input, target, weight=, size_average=, ignore_index=, reduce=, reduction=',
  (env, args) =>
    negativeLogLikelihood(
      new Calculator(env),
      args,
      args.tensor('input'),
      args.tensor('target'),
      0,
    ),
);

export const lossFunctions: TorchTable = {
  'F.mse_loss': elementwise(`${OLD}, weight=`, (calc, x, y, args) =>
    unweighted(calc, args, squared(calc, x, y)),
  ),
  'F.l1_loss': elementwise(`${OLD}, weight=`, (calc, x, y, args) =>
    unweighted(calc, args, calc.abs(calc.sub(x, y))),
  ),
  'F.smooth_l1_loss': elementwise(`${OLD}, beta=`, (calc, x, y, args) => {
    const beta = args.float('beta', 1);
    return beta === 0 ? calc.abs(calc.sub(x, y)) : bent(calc, x, y, beta, 1 / beta);
  }),
  'F.huber_loss': elementwise('reduction=, delta=, weight=', (calc, x, y, args) =>
    unweighted(calc, args, bent(calc, x, y, args.float('delta', 1), 1)),
  ),
  'F.binary_cross_entropy': binaryCrossEntropy,
  'F.binary_cross_entropy_with_logits': withLogits,
  'F.kl_div': klDivergence,
  'F.nll_loss': nll,
  'F.cross_entropy': crossEntropy,
};
