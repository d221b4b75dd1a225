import { List, Tuple, type Value } from '../../../python/values.js';
import { dtypeValue } from '../dtypes.js';
import type { TorchEnv } from '../env.js';
import { graphDType, isFloating, resultType, type Operand } from '../promotion.js';
import { SymFloat, SymSize, sizeOperand, type Size } from '../size.js';
import { Args, fn, type TorchFunction, type TorchTable } from '../table.js';
import { TensorValue, type TorchDType } from '../tensor-value.js';
import { every } from './axes.js';
import { constantLike, emit, operand } from './emit.js';
import { knownSize, range } from './layout.js';
import { joined } from './joining.js';
import { unsqueezed } from './layout.js';

/** Ignores the device and layout of a tensor. */
const PLACE = 'device=, requires_grad=, layout=, pin_memory=, memory_format=, names=';

/** A tensor of equal elements. */
function filled(
  env: TorchEnv,
  sizes: readonly Size[],
  value: Operand,
  dtype: TorchDType,
): TensorValue {
  if (sizes.some((size) => typeof size === 'number' && size < 0)) {
    throw env.ctx.raise('RuntimeError', 'Trying to create tensor with negative dimension');
  }
  return env.tensor(env.expand(env.operand(value, dtype), sizes), dtype);
}

function sizesArg(env: TorchEnv, args: Args): Size[] {
  const given = args.raw('size');
  return Args.sizes(env, given === undefined ? args.rest : [given]);
}

/** zeros(2, 3), zeros((2, 3)). */
const uniform = (value: number): TorchFunction =>
  fn(`*args, size=, dtype=, ${PLACE}`, (env, args) =>
    filled(env, sizesArg(env, args), BigInt(value), args.dtype('dtype') ?? 'float32'),
  );

const uniformLike = (value: number): TorchFunction =>
  fn(`input, *, dtype=, ${PLACE}`, (env, args) => {
    const like = args.tensor('input');
    return filled(env, env.sizes(like), BigInt(value), args.dtype('dtype') ?? like.dtype);
  });

/** x.new_zeros(2, 3): a tensor of x's type. */
const uniformOf = (value: number): TorchFunction =>
  fn(`input, *args, size=, dtype=, ${PLACE}`, (env, args) => {
    const dtype = args.dtype('dtype') ?? args.tensor('input').dtype;
    return filled(env, sizesArg(env, args), BigInt(value), dtype);
  });

const fillType = (value: Operand): TorchDType => resultType(value);

const full = fn(`size, fill_value, *, dtype=, ${PLACE}`, (env, args) => {
  const value = operand(env, args, 'fill_value');
  return filled(
    env,
    Args.sizes(env, [args.raw('size')!]),
    value,
    args.dtype('dtype') ?? fillType(value),
  );
});

const fullLike = fn(`input, fill_value, *, dtype=, ${PLACE}`, (env, args) => {
  const like = args.tensor('input');
  const value = operand(env, args, 'fill_value');
  return filled(env, env.sizes(like), value, args.dtype('dtype') ?? like.dtype);
});

const newFull = fn(`input, size, fill_value, *, dtype=, ${PLACE}`, (env, args) => {
  const dtype = args.dtype('dtype') ?? args.tensor('input').dtype;
  return filled(env, Args.sizes(env, [args.raw('size')!]), operand(env, args, 'fill_value'), dtype);
});

/** The elements of nested lists, in order, and the shape. */
function nested(env: TorchEnv, value: Value): { readonly items: Value[]; readonly shape: Size[] } {
  if (!(value instanceof List || value instanceof Tuple)) return { items: [value], shape: [] };
  env.ctx.budget.charge(value.items.length);
  const rows = value.items.map((item) => nested(env, item));
  const shape = rows[0]?.shape ?? [];
  if (rows.some((row) => String(row.shape) !== String(shape))) {
    throw env.ctx.raise('ValueError', 'expected sequences of one length at each dimension');
  }
  return { items: rows.flatMap(({ items }) => items), shape: [rows.length, ...shape] };
}

/** torch.tensor of numbers in nested lists. If the graph computes some of them, it joins them. */
function tensorOf(env: TorchEnv, data: Value, wanted: TorchDType | undefined): TensorValue {
  if (data instanceof TensorValue) {
    return env.tensor(wanted ? env.cast(data, wanted).value : data.value, wanted ?? data.dtype);
  }
  const { items, shape } = nested(env, data);
  const operands = items.map((item) => {
    if (env.isOperand(item)) return item;
    throw env.ctx.raise('TypeError', `torch.${'tensor'}: an element is not a number`);
  });
  const dtype = wanted ?? (operands.length === 0 ? 'float32' : typeOf(operands));
  const dims = shape.map((size) => knownSize(env, size));
  if (operands.every((item) => typeof item !== 'object')) {
    if (graphDType(dtype) === 'int64' && operands.every((item) => typeof item === 'bigint')) {
      return env.constant(BigInt64Array.from(operands as bigint[]), dtype, dims);
    }
    const numbers = operands.map(Number);
    const whole = isFloating(dtype) ? numbers : numbers.map(Math.trunc);
    return env.constant(
      dtype === 'bool' ? numbers.map((one) => Number(one !== 0)) : whole,
      dtype,
      dims,
    );
  }
  const parts = operands.map((item): TensorValue => {
    if (item instanceof TensorValue && item.rank > 0) {
      throw env.ctx.raise(
        'ValueError',
        'only one element tensors can be converted to Python scalars',
      );
    }
    return env.tensor(unsqueezed(env, env.operand(item, dtype), 0), dtype);
  });
  return env.tensor(env.reshape(joined(env, parts, 0).value, dims), dtype);
}

/** The widest type of the numbers. */
function typeOf(operands: readonly Operand[]): TorchDType {
  const kinds = operands.map((item) =>
    item instanceof TensorValue ? item.dtype : resultType(item),
  );
  return kinds.reduce((a, b) => (isFloating(a) ? a : isFloating(b) ? b : a === 'bool' ? b : a));
}

const tensor = fn(`data, *, dtype=, ${PLACE}`, (env, args) =>
  tensorOf(env, args.raw('data')!, args.dtype('dtype')),
);

const asTensor = fn(`data, dtype=, device=, *, copy=, requires_grad=`, (env, args) => {
  const data = args.raw('data')!;
  const dtype = args.dtype('dtype');
  if (data instanceof TensorValue && (!dtype || dtype === data.dtype)) return data;
  return tensorOf(env, data, dtype);
});

/** torch.Tensor([1, 2]) and its typed variants: from numbers, or from sizes. */
const ofType = (dtype: TorchDType): TorchFunction =>
  fn('*args', (env, args) => {
    const [first] = args.rest;
    if (first instanceof TensorValue || first instanceof List || first instanceof Tuple) {
      return tensorOf(env, first, dtype);
    }
    return filled(env, Args.sizes(env, args.rest), 0n, dtype);
  });

/** A Python number, or an unknown size. */
const isSize = (value: Operand): boolean => sizeOperand(value) !== undefined;

const arange = fn(`start, end=, step=, *, dtype=, ${PLACE}`, (env, args) => {
  const alone = !args.has('end');
  const start = alone ? 0n : operand(env, args, 'start');
  const end = operand(env, args, alone ? 'start' : 'end');
  const step = args.has('step') ? operand(env, args, 'step') : 1n;
  const bounds = [start, end, step];
  const dtype =
    args.dtype('dtype') ??
    (bounds.every((bound) => resultType(bound) === 'int64') ? 'int64' : 'float32');
  if (bounds.every(isSize) && !isFloating(dtype)) {
    return rangeOfSizes(
      env,
      bounds.map((bound) => sizeOperand(bound)!) as [Size, Size, Size],
      dtype,
    );
  }
  if (bounds.every((bound) => typeof bound !== 'object')) {
    const [from, to, by] = bounds.map(Number) as [number, number, number];
    const count = Math.ceil((to - from) / by);
    if (by === 0 || count < 0)
      throw env.ctx.raise('RuntimeError', 'arange: the bounds and the step differ in sign');
    env.ctx.budget.charge(count);
    return env.constant(
      every(count).map((i) => from + i * by),
      dtype,
      [count],
    );
  }
  if (bounds.every(isSize)) {
    const whole = rangeOfSizes(
      env,
      bounds.map((bound) => sizeOperand(bound)!) as [Size, Size, Size],
      'int64',
    );
    return env.cast(whole, dtype);
  }
  throw neededFor(env, bounds, 'torch.arange');
});

/** The error for bounds that must be known. */
function neededFor(env: TorchEnv, bounds: readonly Operand[], name: string): Error {
  const open = bounds.find((bound) => bound instanceof SymSize || bound instanceof SymFloat);
  return open ? open.needed() : env.ctx.unsupported(`${name} with bounds that the graph computes`);
}

function rangeOfSizes(
  env: TorchEnv,
  [start, end, step]: [Size, Size, Size],
  dtype: TorchDType,
): TensorValue {
  if (step === 0) throw env.ctx.raise('RuntimeError', 'step must be nonzero');
  const span = SymSize.add(end, start, -1);
  const count =
    typeof span === 'number' && typeof step === 'number'
      ? Math.ceil(span / step)
      : step === 1
        ? span
        : SymSize.mul(SymSize.floorDiv(SymSize.mul(span, -1), step), -1);
  if (typeof count === 'number') {
    if (count < 0)
      throw env.ctx.raise('RuntimeError', 'arange: the bounds and the step differ in sign');
    env.ctx.budget.charge(count);
  }
  if (typeof count === 'number' && typeof start === 'number' && typeof step === 'number') {
    return env.constant(
      every(count).map((i) => start + i * step),
      dtype,
      [count],
    );
  }
  if (start === 0 && step === 1) return env.cast(env.tensor(range(env, count), 'int64'), dtype);
  const bounds = [start, end, step].map((bound) => env.sizeScalar(bound));
  const value = env.withSizes(env.graph.op('Range', bounds), [count]);
  return env.cast(env.tensor(value, 'int64'), dtype);
}

/** `steps` numbers from one bound to the other, both included. */
const linspace = (base: boolean): TorchFunction =>
  fn(`start, end, steps, ${base ? 'base=, ' : ''}*, dtype=, ${PLACE}`, (env, args) => {
    const bounds = ['start', 'end'].map((name) => operand(env, args, name));
    const steps = sizeOperand(args.raw('steps')) ?? args.int('steps');
    const dtype = args.dtype('dtype') ?? 'float32';
    if (bounds.some((bound) => typeof bound === 'object'))
      throw neededFor(env, bounds, 'torch.linspace');
    const [from, to] = bounds.map(Number) as [number, number];
    const power = (value: number): number => (base ? args.float('base', 10) ** value : value);
    if (typeof steps === 'number') {
      env.ctx.budget.charge(steps);
      const step = steps > 1 ? (to - from) / (steps - 1) : 0;
      // Counts from both ends, as torch does.
      const values = every(steps).map((i) =>
        power(i < steps / 2 ? from + i * step : to - (steps - 1 - i) * step),
      );
      return env.constant(isFloating(dtype) ? values : values.map(Math.trunc), dtype, [steps]);
    }
    if (base || !isFloating(dtype)) throw steps.needed();
    const places = env.cast(env.tensor(range(env, steps), 'int64'), dtype).value;
    const last = env.operand(
      SymSize.extreme('Max', SymSize.add(steps, 1, -1), 1) as Operand,
      dtype,
    );
    const step = emit(env, 'Div', [constantLike(env, to - from, places), last]);
    const offset = emit(env, 'Mul', [places, step]);
    return env.tensor(emit(env, 'Add', [offset, constantLike(env, from, places)]), dtype);
  });

/** Ones where row and column are the same. */
const eye = fn(`n, m=, *, dtype=, ${PLACE}`, (env, args) => {
  const [rows, columns] = ['n', args.has('m') ? 'm' : 'n'].map(
    (name) => sizeOperand(args.raw(name)) ?? args.int(name),
  ) as [Size, Size];
  const dtype = args.dtype('dtype') ?? 'float32';
  const column = unsqueezed(env, range(env, rows), 1);
  const same = env.graph.op('Equal', [column, range(env, columns)]);
  return env.cast(env.tensor(same, 'bool'), dtype);
});

/** Rows and columns of the positions in a triangle. */
const triangleIndices = (upper: boolean): TorchFunction =>
  fn(`row, col, offset=, *, dtype=, ${PLACE}`, (env, args) => {
    const [rows, columns, offset] = [args.int('row'), args.int('col'), args.int('offset', 0)];
    env.ctx.budget.charge(rows * columns);
    const places = every(rows).flatMap((i) =>
      every(columns)
        .filter((j) => (upper ? j - i >= offset : j - i <= offset))
        .map((j): [number, number] => [i, j]),
    );
    const flat = [0, 1].flatMap((which) => places.map((place) => place[which]!));
    return env.constant(flat, args.dtype('dtype') ?? 'int64', [2, places.length]);
  });

const inert = (result: Value = null): TorchFunction => fn('*args, **', () => result);

/** Operations that create tensors, and settings without effect. */
export const creation: TorchTable = {
  'torch.zeros': uniform(0),
  'torch.ones': uniform(1),
  // Uninitialized elements may have any value, so they are 0.
  'torch.empty': uniform(0),
  'torch.zeros_like|torch.empty_like': uniformLike(0),
  'torch.ones_like': uniformLike(1),
  'Tensor.new_zeros|Tensor.new_empty': uniformOf(0),
  'Tensor.new_ones': uniformOf(1),
  'torch.full': full,
  'torch.full_like': fullLike,
  'Tensor.new_full': newFull,
  'torch.tensor|torch.scalar_tensor': tensor,
  'torch.as_tensor|torch.asarray': asTensor,
  'Tensor.new_tensor': fn(`input, data, *, dtype=, ${PLACE}`, (env, args) =>
    tensorOf(env, args.raw('data')!, args.dtype('dtype') ?? args.tensor('input').dtype),
  ),
  'torch.Tensor|torch.FloatTensor': ofType('float32'),
  'torch.LongTensor': ofType('int64'),
  'torch.IntTensor': ofType('int32'),
  'torch.BoolTensor': ofType('bool'),
  'torch.DoubleTensor': ofType('float64'),
  'torch.ByteTensor': ofType('uint8'),
  'torch.arange': arange,
  'torch.linspace': linspace(false),
  'torch.logspace': linspace(true),
  'torch.eye': eye,
  'torch.tril_indices': triangleIndices(false),
  'torch.triu_indices': triangleIndices(true),
};

/** Settings of torch that have no effect at inference. */
export const settings: TorchTable = {
  'torch.manual_seed|torch.seed|torch.cuda.manual_seed|torch.cuda.manual_seed_all|torch.random.manual_seed':
    inert(),
  'torch.set_default_dtype|torch.set_num_threads|torch.set_printoptions': inert(),
  'torch.cuda.empty_cache|torch.cuda.synchronize|torch.use_deterministic_algorithms': inert(),
  'torch.cuda.is_available|torch.backends.mps.is_available|torch.is_grad_enabled': inert(false),
  'torch.is_autocast_enabled|torch.jit.is_scripting|torch.jit.is_tracing': inert(false),
  'torch.onnx.is_in_onnx_export|torch.compiler.is_compiling': inert(false),
  'torch.cuda.device_count': inert(0n),
  'torch.get_default_dtype': fn('*args', () => dtypeValue('float32')),
};
