import { LibraryLimitError } from '../library-error.js';
import type { BinaryOp, CompareOp } from '../../../python/host.js';
import { List, Tuple, type Value } from '../../../python/values.js';
import {
  ArrayCall,
  arrayMethods,
  arrayOf,
  ArrayValue,
  itemOf,
  matmul,
  shapeOf,
  type ArrayFunction,
} from './array-value.js';
import { isFloat, promoted } from './dtypes.js';
import {
  binary,
  commonType,
  compare,
  floatType,
  mapped,
  prepared,
  zipped,
  type Operand,
} from './elementwise.js';
import { nonzero } from './indexing.js';
import { countOf, Nd } from './nd-array.js';
import * as reduce from './reduce.js';
import * as shapes from './shaping.js';

const fn = (parameters: string, run: (call: ArrayCall) => Value): ArrayFunction => ({
  parameters,
  run,
});

/** An operation of two arrays or numbers. */
const two = (f: (a: Operand, b: Operand) => Nd | undefined): ArrayFunction =>
  fn('x1, x2', (call) => {
    const [a, b] = [call.operand('x1'), call.operand('x2')];
    return call.run(2 * Math.max(a.array.size, b.array.size), () => f(a, b)!);
  });

const operator = (op: BinaryOp): ArrayFunction => two((a, b) => binary(op, a, b));
const comparison = (op: CompareOp): ArrayFunction => two((a, b) => compare(op, a, b));
const logical = (f: (x: boolean, y: boolean) => boolean): ArrayFunction =>
  two((a, b) => zipped(a.array, b.array, 'bool', (x, y) => Number(f(x !== 0, y !== 0))));
const chosen = (f: (x: number, y: number) => number): ArrayFunction =>
  two((a, b) => {
    const dtype = commonType(a, b);
    return zipped(prepared(a, dtype), prepared(b, dtype), dtype, f);
  });

/** A function of each element with a float result. */
const real = (f: (x: number) => number): ArrayFunction =>
  fn('a', (call) => {
    const array = call.array();
    return call.run(array.size, () => mapped(array, floatType(array.dtype), f));
  });
/** Like the above, but integers pass unchanged. */
const same = (f: (x: number) => number, ofIntegers = (x: number) => x): ArrayFunction =>
  fn('a', (call) => {
    const array = call.array();
    return call.run(array.size, () =>
      mapped(array, array.dtype, isFloat(array.dtype) ? f : ofIntegers),
    );
  });
const test = (f: (x: number) => boolean): ArrayFunction =>
  fn('a', (call) => {
    const array = call.array();
    return call.run(array.size, () => mapped(array, 'bool', (x) => Number(f(x))));
  });

type Reduction = (a: Nd, axes: number[] | undefined, keeps: boolean, call: ArrayCall) => Nd;

const along = (f: Reduction, more = ''): ArrayFunction =>
  fn(`a, axis=, dtype=, out=, keepdims=${more}`, (call) => {
    const given = call.array();
    const dtype = call.dtype();
    if (call.has('out')) throw call.ctx.unsupported('out= of numpy is not supported');
    return call.run(2 * given.size, () => {
      const array = dtype ? given.astype(dtype) : given;
      const made = f(array, call.axes(), call.bool('keepdims'), call);
      return dtype ? made.astype(dtype) : made;
    });
  });
const extreme = (f: Reduction): ArrayFunction =>
  fn('a, axis=, out=, keepdims=', (call) => {
    const array = call.array();
    return call.run(2 * array.size, () => f(array, call.axes(), call.bool('keepdims'), call));
  });

const halfToEven = (x: number): number => {
  const below = Math.floor(x);
  const part = x - below;
  return part < 0.5 || (part === 0.5 && below % 2 === 0) ? below : below + 1;
};

const rounded = fn('a, decimals=', (call) => {
  const array = call.array();
  const scale = 10 ** call.int('decimals', 0);
  return call.run(array.size, () =>
    isFloat(array.dtype)
      ? mapped(array, array.dtype, (x) =>
          scale === 1 ? halfToEven(x) : halfToEven(x * scale) / scale,
        )
      : array.copy(),
  );
});

const clip = fn('a, a_min=, a_max=, out=, min=, max=', (call) => {
  const bound = (...names: string[]): Operand | undefined => {
    const name = names.find((one) => call.has(one));
    return name === undefined ? undefined : call.operand(name);
  };
  const [low, high] = [bound('a_min', 'min'), bound('a_max', 'max')];
  const a = call.operand('a');
  return call.run(4 * a.array.size, () => {
    let made: Operand = a;
    const step = (limit: Operand | undefined, f: (x: number, y: number) => number): void => {
      if (!limit) return;
      const dtype = commonType(made, limit);
      made = { array: zipped(prepared(made, dtype), prepared(limit, dtype), dtype, f) };
    };
    step(low, (x, y) => (x < y ? y : x));
    step(high, (x, y) => (x > y ? y : x));
    if (!call.has('out')) return made.array;
    const out = call.array('out');
    out.assign(made.array);
    return out;
  });
});

const filled = (value: (call: ArrayCall) => number, more = ''): ArrayFunction =>
  fn(`shape${more}, dtype=, order=`, (call) => {
    const shape = shapeOf(call.ctx, call.value('shape') ?? null);
    return call.run(countOf(shape), () => {
      const given =
        call.dtype() ?? (call.has('fill_value') ? call.array('fill_value').dtype : 'float64');
      const made = Nd.of(given, shape);
      const fill = value(call);
      if (fill !== 0) made.data.fill(fill);
      return made;
    });
  });
const filledLike = (value: (call: ArrayCall) => number, more = ''): ArrayFunction =>
  fn(`a${more}, dtype=, order=, subok=`, (call) => {
    const { dtype, shape } = call.array();
    return call.run(countOf(shape), () => {
      const made = Nd.of(call.dtype() ?? dtype, shape);
      made.data.fill(value(call));
      return made;
    });
  });

const made = fn('a, dtype=, copy=, order=, ndmin=', (call) => {
  const array = call.array();
  return call.run(array.size, () => array.astype(call.dtype() ?? array.dtype));
});
/** The same array if nothing changes. */
const asArray = fn('a, dtype=, order=', (call) => {
  const value = call.value('a') ?? null;
  const array = call.array();
  const dtype = call.dtype() ?? array.dtype;
  if (value instanceof ArrayValue && dtype === array.dtype) return value;
  return call.run(array.size, () => (dtype === array.dtype ? array : array.astype(dtype)));
});

const arange = fn('start, stop=, step=, dtype=', (call) => {
  const names = ['start', 'stop', 'step'].filter((name) => call.has(name));
  const dtype =
    call.dtype() ?? names.map((name) => call.array(name).dtype).reduce(promoted, 'int64');
  const [start, stop] = call.has('stop')
    ? [call.float('start', 0), call.float('stop', 0)]
    : [0, call.float('start', 0)];
  const step = call.float('step', 1);
  if (step === 0) throw call.ctx.raise('ValueError', 'Maximum allowed size exceeded');
  const length = Math.max(0, Math.ceil((stop - start) / step));
  return call.run(length, () => {
    const out = Nd.of(dtype, [length]);
    for (let i = 0; i < length; i++) out.data[i] = start + i * step;
    return out;
  });
});

const linspace = fn('start, stop, num=, endpoint=, retstep=, dtype=', (call) => {
  const [start, stop, num] = [call.float('start', 0), call.float('stop', 0), call.int('num', 50)];
  const endpoint = !call.has('endpoint') || call.bool('endpoint');
  return call.run(num, () => {
    const out = Nd.of('float64', [num]);
    const parts = endpoint ? num - 1 : num;
    const step = (stop - start) / parts;
    for (let i = 0; i < num; i++) out.data[i] = i * step + start;
    if (endpoint && num > 1) out.data[num - 1] = stop;
    return out.astype(call.dtype() ?? 'float64');
  });
});

const where = fn('condition, x=, y=', (call) => {
  const condition = call.array('condition');
  if (!call.has('x')) return nonzeroValue(condition);
  const [x, y] = [call.operand('x'), call.operand('y')];
  const size = Math.max(condition.size, x.array.size, y.array.size);
  return call.run(3 * size, () => {
    const dtype = commonType(x, y);
    const [a, b] = [prepared(x, dtype), prepared(y, dtype)];
    return shapes.select(condition, a, b, dtype);
  });
});

function nonzeroValue(array: Nd): Value {
  return new Tuple(nonzero(array).map((places) => new ArrayValue(places)));
}

const list = (call: ArrayCall, name = 'arrays'): Nd[] =>
  [...call.ctx.iterate(call.value(name) ?? null)].map((item) => arrayOf(call.ctx, item));

const joined = (f: (arrays: Nd[], axis: number) => Nd, absent = 0): ArrayFunction =>
  fn('arrays, axis=', (call) => {
    const arrays = list(call);
    const size = arrays.reduce((sum, array) => sum + array.size, 0);
    return call.run(size, () => f(arrays, call.int('axis', absent)));
  });

const shaped = (
  parameters: string,
  f: (array: Nd, call: ArrayCall) => Nd,
  cost = 0,
): ArrayFunction =>
  fn(parameters, (call) => {
    const array = call.array();
    return call.run(cost * array.size, () => f(array, call));
  });

/** `a.reshape(2, -1)` and `a.reshape((2, -1))`. */
const sizesOf = (call: ArrayCall): number[] | undefined => {
  const { rest, ctx } = call;
  if (rest.length === 0) return undefined;
  return rest.length === 1 ? shapeOf(ctx, rest[0]!) : rest.map((size) => Number(ctx.index(size)));
};

const padModes = new Set(['constant', 'edge', 'reflect', 'symmetric', 'wrap']);

const pad = fn('a, pad_width, mode=, constant_values=', (call) => {
  const array = call.array();
  const mode = call.value('mode') ?? 'constant';
  if (typeof mode !== 'string' || !padModes.has(mode)) {
    throw call.ctx.unsupported(`mode ${call.ctx.repr(mode)} of numpy.pad is not supported`);
  }
  const widths = shapes.padWidths(call.array('pad_width'), array.ndim);
  const size = countOf(
    array.shape.map((length, axis) => length + widths[axis]![0] + widths[axis]![1]),
  );
  return call.run(2 * size, () =>
    shapes.pad(array, widths, mode as shapes.PadMode, call.float('constant_values', 0)),
  );
});

const product = fn('a, b', (call) => {
  const [a, b] = [call.array('a'), call.array('b')];
  return call.run(a.size + b.size, () => matmul(call.ctx, a, b));
});

const reductions: readonly (readonly [string, ArrayFunction])[] = [
  ['sum', along(reduce.sum)],
  ['prod', along(reduce.product)],
  ['mean', along(reduce.mean)],
  [
    'std',
    along(
      (a, axes, keeps, call) => reduce.variance(a, axes, keeps, call.float('ddof', 0), true),
      ', ddof=',
    ),
  ],
  [
    'var',
    along(
      (a, axes, keeps, call) => reduce.variance(a, axes, keeps, call.float('ddof', 0), false),
      ', ddof=',
    ),
  ],
  ['max', extreme(reduce.max)],
  ['min', extreme(reduce.min)],
  ['argmax', extreme(reduce.argmax)],
  ['argmin', extreme(reduce.argmin)],
  ['any', extreme(reduce.any)],
  ['all', extreme(reduce.all)],
  [
    'cumsum',
    fn('a, axis=', (call) => {
      const array = call.array();
      return call.run(2 * array.size, () => reduce.cumulated(array, call.maybeInt('axis')));
    }),
  ],
  ['round', rounded],
  ['clip', clip],
  ['nonzero', fn('a', (call) => nonzeroValue(call.array()))],
  [
    'repeat',
    shaped('a, repeats, axis=', (a, call) => {
      const repeats = call.int('repeats', 1);
      call.ctx.budget.charge((a.size * Math.abs(repeats)) / 16);
      return shapes.repeat(a, repeats, call.maybeInt('axis'));
    }),
  ],
  ['squeeze', shaped('a, axis=', (a, call) => shapes.squeeze(a, call.axes()))],
  [
    'swapaxes',
    shaped('a, axis1, axis2', (a, call) =>
      shapes.swapAxes(a, call.int('axis1', 0), call.int('axis2', 0)),
    ),
  ],
  ['dot', product],
];

for (const [name, method] of reductions) arrayMethods.set(name, method);
const methods: readonly (readonly [string, ArrayFunction])[] = [
  [
    'astype',
    fn('a, dtype, order=, casting=, subok=, copy=', (call) => {
      const array = call.array();
      return call.run(array.size, () => array.astype(call.dtype()!));
    }),
  ],
  ['copy', shaped('a, order=', (a) => a.copy(), 1)],
  ['reshape', shaped('a, *sizes', (a, call) => shapes.reshape(a, sizesOf(call) ?? []), 1)],
  ['transpose', shaped('a, *axes', (a, call) => shapes.transpose(a, sizesOf(call)))],
  ['flatten', shaped('a, order=', (a) => a.copy().reshape([a.size]), 1)],
  ['ravel', shaped('a, order=', (a) => a.reshape([a.size]), 1)],
  [
    'item',
    fn('a, *at', (call) => {
      const array = call.array();
      if (array.size !== 1)
        throw call.ctx.raise(
          'ValueError',
          'can only convert an array of size 1 to a Python scalar',
        );
      return itemOf(array);
    }),
  ],
  [
    'tolist',
    fn('a', (call) => {
      const array = call.array();
      call.ctx.budget.charge(array.size);
      return listOf(array);
    }),
  ],
  [
    'fill',
    fn('a, value', (call) => {
      call.array().assign(call.array('value').broadcast(call.array().shape)!);
      return null;
    }),
  ],
];
for (const [name, method] of methods) arrayMethods.set(name, method);

function listOf(array: Nd): Value {
  if (array.ndim === 0) return itemOf(array);
  const [length = 0, ...shape] = array.shape;
  const [stride = 0, ...strides] = array.strides;
  return new List(
    Array.from({ length }, (_, i) => listOf(array.view(shape, strides, array.offset + i * stride))),
  );
}

/** numpy's functions by name. */
export const numpyFunctions: ReadonlyMap<string, ArrayFunction> = new Map<string, ArrayFunction>([
  ...reductions,
  ['amax', extreme(reduce.max)],
  ['amin', extreme(reduce.min)],
  ['around', rounded],
  ['array', made],
  ['asarray', asArray],
  ['ascontiguousarray', asArray],
  ['asanyarray', asArray],
  ['copy', shaped('a', (a) => a.copy(), 1)],
  ['zeros', filled(() => 0)],
  ['empty', filled(() => 0)],
  ['ones', filled(() => 1)],
  ['full', filled((call) => call.float('fill_value', 0), ', fill_value')],
  ['zeros_like', filledLike(() => 0)],
  ['empty_like', filledLike(() => 0)],
  ['ones_like', filledLike(() => 1)],
  ['full_like', filledLike((call) => call.float('fill_value', 0), ', fill_value')],
  ['arange', arange],
  ['linspace', linspace],
  [
    'eye',
    fn('n, dtype=', (call) => {
      const n = call.int('n', 0);
      return call.run(n * n, () => {
        const out = Nd.of(call.dtype() ?? 'float64', [n, n]);
        for (let i = 0; i < n; i++) out.data[i * n + i] = 1;
        return out;
      });
    }),
  ],
  ['where', where],
  ['stack', joined(shapes.stack)],
  ['concatenate', joined(shapes.concatenate)],
  [
    'vstack',
    joined((arrays) =>
      shapes.concatenate(
        arrays.map((a) => (a.ndim < 2 ? a.reshape([1, a.size]) : a)),
        0,
      ),
    ),
  ],
  ['hstack', joined((arrays) => shapes.concatenate(arrays, (arrays[0]?.ndim ?? 1) > 1 ? 1 : 0))],
  ['dstack', joined((arrays) => shapes.concatenate(arrays.map(shapes.deep), 2))],
  ['expand_dims', shaped('a, axis', (a, call) => shapes.expand(a, call.int('axis', 0)))],
  [
    'reshape',
    shaped('a, shape', (a, call) => shapes.reshape(a, shapeOf(call.ctx, call.value('shape')!)), 1),
  ],
  ['ravel', shaped('a', (a) => a.reshape([a.size]), 1)],
  ['transpose', shaped('a, axes=', (a, call) => shapes.transpose(a, call.axes('axes')))],
  [
    'moveaxis',
    shaped('a, source, destination', (a, call) =>
      shapes.moveAxis(a, call.axes('source')!, call.axes('destination')!),
    ),
  ],
  ['flip', shaped('a, axis=', (a, call) => shapes.flip(a, call.axes()))],
  ['fliplr', shaped('a', (a) => shapes.flip(a, [1]))],
  ['flipud', shaped('a', (a) => shapes.flip(a, [0]))],
  [
    'rot90',
    shaped('a, k=, axes=', (a, call) =>
      shapes.rotate(a, call.int('k', 1), call.axes('axes') ?? [0, 1]),
    ),
  ],
  [
    'roll',
    shaped('a, shift, axis=', (a, call) => shapes.roll(a, call.axes('shift')!, call.axes()), 2),
  ],
  [
    'tile',
    fn('a, reps', (call) => {
      const array = call.array();
      const reps = shapeOf(call.ctx, call.value('reps')!);
      return call.run(array.size * Math.abs(countOf(reps)), () => shapes.tile(array, reps));
    }),
  ],
  ['pad', pad],
  ['abs', same(Math.abs, Math.abs)],
  ['absolute', same(Math.abs, Math.abs)],
  ['sign', same(Math.sign, Math.sign)],
  [
    'square',
    fn('a', (call) => {
      const a = call.operand('a');
      return call.run(a.array.size, () => binary('*', a, a)!);
    }),
  ],
  ['floor', same(Math.floor)],
  ['ceil', same(Math.ceil)],
  ['trunc', same(Math.trunc)],
  ['rint', same(halfToEven)],
  ['sqrt', real(Math.sqrt)],
  ['exp', real(Math.exp)],
  ['log', real(Math.log)],
  ['log2', real(Math.log2)],
  ['log10', real(Math.log10)],
  ['log1p', real(Math.log1p)],
  ['sin', real(Math.sin)],
  ['cos', real(Math.cos)],
  ['tan', real(Math.tan)],
  ['tanh', real(Math.tanh)],
  ['arctan', real(Math.atan)],
  ['arctan2', chosen(Math.atan2)],
  ['hypot', chosen(Math.hypot)],
  ['add', operator('+')],
  ['subtract', operator('-')],
  ['multiply', operator('*')],
  ['divide', operator('/')],
  ['true_divide', operator('/')],
  ['floor_divide', operator('//')],
  ['mod', operator('%')],
  ['remainder', operator('%')],
  ['power', operator('**')],
  ['bitwise_and', operator('&')],
  ['bitwise_or', operator('|')],
  ['bitwise_xor', operator('^')],
  ['minimum', chosen((x, y) => (y < x || y !== y ? y : x))],
  ['maximum', chosen((x, y) => (y > x || y !== y ? y : x))],
  ['less', comparison('<')],
  ['less_equal', comparison('<=')],
  ['greater', comparison('>')],
  ['greater_equal', comparison('>=')],
  ['equal', comparison('==')],
  ['not_equal', comparison('!=')],
  ['logical_and', logical((x, y) => x && y)],
  ['logical_or', logical((x, y) => x || y)],
  ['logical_xor', logical((x, y) => x !== y)],
  ['logical_not', test((x) => x === 0)],
  ['isnan', test(Number.isNaN)],
  ['isfinite', test(Number.isFinite)],
  ['isinf', test((x) => Math.abs(x) === Infinity)],
  ['median', extreme((a, axes, keeps) => reduce.quantile(a, axes, keeps, 0.5))],
  ['percentile', quantile(100)],
  ['quantile', quantile(1)],
  ['matmul', product],
  [
    'argwhere',
    fn('a', (call) => {
      const places = nonzero(call.array());
      return call.run(2 * call.array().size, () => shapes.stack(places, 1));
    }),
  ],
  [
    'unique',
    fn('a', (call) => {
      const array = call.array();
      return call.run(2 * array.size, () => {
        const values = [...new Set<number>(array.flat())].sort((x, y) => x - y);
        const out = Nd.of(array.dtype, [values.length]);
        out.data.set(values);
        return out;
      });
    }),
  ],
  [
    'array_equal',
    fn('a, b', (call) => {
      const [a, b] = [call.operand('a'), call.operand('b')];
      if (a.array.shape.join() !== b.array.shape.join()) return false;
      return !compare('==', a, b)
        .flat()
        .includes(0 as never);
    }),
  ],
  [
    'meshgrid',
    fn('x, y, indexing=', (call) => {
      const [x, y] = [call.array('x'), call.array('y')];
      const across = call.value('indexing') !== 'ij';
      const shape = across ? [y.size, x.size] : [x.size, y.size];
      call.ctx.budget.charge(countOf(shape) / 8);
      const along = (a: Nd, isFirst: boolean): Value =>
        new ArrayValue(
          (isFirst === across ? a.reshape([1, a.size]) : a.reshape([a.size, 1]))
            .broadcast(shape)!
            .copy(),
        );
      return new List([along(x, true), along(y, false)]);
    }),
  ],
]);

function quantile(whole: number): ArrayFunction {
  return fn('a, q, axis=, out=, overwrite_input=, method=, keepdims=', (call) => {
    const array = call.array();
    const q = call.array('q');
    if (q.ndim > 1 || call.has('method')) {
      throw new LibraryLimitError('numpy.percentile with these arguments is not supported');
    }
    const part = (at: number): Nd =>
      reduce.quantile(array, call.axes(), call.bool('keepdims'), at / whole);
    return call.run(3 * array.size * q.size, () =>
      q.ndim === 0 ? part(q.first) : shapes.stack(Array.from(q.flat(), part), 0),
    );
  });
}
