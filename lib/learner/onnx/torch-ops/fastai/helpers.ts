import { fn, type Given } from '../../../python/builtins/define.js';
import type { Context } from '../../../python/context.js';
import {
  Builtin,
  Dict,
  Instance,
  List,
  PyIterator,
  Range,
  SetValue,
  Slice,
  Tuple,
  type Value,
} from '../../../python/values.js';
import type { TorchEnv } from '../env.js';
import { isFloating } from '../promotion.js';
import { TensorValue } from '../tensor-value.js';
import { PyException } from '../../../python/exceptions.js';

type Env = () => TorchEnv;
type Run = (ctx: Context, given: Given, env: Env) => Value;

/** fastcore's `is_listy`. */
const isListy = (value: Value): boolean =>
  value instanceof List ||
  value instanceof Tuple ||
  value instanceof Slice ||
  (value instanceof PyIterator && value.kind === 'generator') ||
  (value instanceof Instance && value.payload instanceof List);

/** fastcore's `listify`: None becomes an empty list, and a text or a tensor is one item. */
export function listified(ctx: Context, value: Value): Value[] {
  if (value === null) return [];
  const many =
    value instanceof List ||
    value instanceof Tuple ||
    value instanceof Dict ||
    value instanceof SetValue ||
    value instanceof Range ||
    value instanceof PyIterator ||
    (value instanceof Instance && value.payload instanceof List);
  return many ? [...ctx.iterate(value)] : [value];
}

/** A decorator with arguments that does not affect the computation. */
const decorator: Run = () => new Builtin('decorator', (_, args) => args[0] ?? null);

/** Applies a function to each tensor in nested lists and dictionaries. */
function mapped(ctx: Context, value: Value, change: (value: Value) => Value): Value {
  ctx.budget.step();
  if (value instanceof List) return new List(value.items.map((item) => mapped(ctx, item, change)));
  if (value instanceof Tuple) {
    return new Tuple(
      value.items.map((item) => mapped(ctx, item, change)),
      value.cls,
    );
  }
  if (value instanceof Dict) {
    const result = new Dict();
    for (const [key, [name, item]] of value.entries) {
      result.entries.set(key, [name, mapped(ctx, item, change)]);
    }
    return result;
  }
  return change(value);
}

const toType =
  (method: string, when: (value: TensorValue) => boolean): Run =>
  (ctx, given, env) =>
    mapped(ctx, given.get('b'), (value) =>
      value instanceof TensorValue && when(value)
        ? env().apply(`Tensor.${method}`, [value])
        : value,
    );

const first: Run = (ctx, given) => {
  const func = given.get('f');
  const negate = given.truth('negate', false);
  for (const item of ctx.iterate(given.get('x'))) {
    if (func === null || ctx.truth(ctx.call(func, [item])) !== negate) return item;
  }
  return null;
};

const tensor: Run = (_, given, env) => {
  const all = given.rest.length > 0 ? new Tuple([given.get('x'), ...given.rest]) : given.get('x');
  if (all instanceof TensorValue) return all;
  const made = env().tensorOf('torch.tensor', [
    all instanceof Tuple ? new List([...all.items]) : all,
  ]);
  return made.dtype === 'float64' ? env().apply('Tensor.float', [made]) : made;
};

const sigmoidRange: Run = (_, given, env) => {
  const [low, high] = [given.get('low'), given.get('high')];
  const { ctx } = env();
  const part = env().apply('torch.sigmoid', [given.get('x')]);
  return ctx.binary('+', ctx.binary('*', part, ctx.binary('-', high, low)), low);
};

/** Submodules without submodules of their own. */
function leaves(ctx: Context, module: Value): Value[] {
  ctx.budget.step();
  const children = [...ctx.iterate(ctx.call(ctx.getAttr(module, 'children'), []))];
  return children.length === 0 ? [module] : children.flatMap((child) => leaves(ctx, child));
}

const inChannels: Run = (ctx, given) => {
  for (const parameter of ctx.iterate(ctx.call(ctx.getAttr(given.get('m'), 'parameters'), []))) {
    if (parameter instanceof TensorValue && parameter.rank === 4) {
      return ctx.getItem(ctx.getAttr(parameter, 'shape'), 1n);
    }
  }
  throw ctx.raise('Exception', 'No weight layer');
};

const parameters = (ctx: Context, module: Value): Value[] => [
  ...ctx.iterate(ctx.call(ctx.getAttr(module, 'parameters'), [])),
];

const getattrs: Run = (ctx, given) => {
  const absent = given.raw('default') ?? null;
  return new List(
    given.rest.map((name) => {
      try {
        return ctx.getAttr(given.get('o'), typeof name === 'string' ? name : '');
      } catch (error) {
        if (error instanceof PyException) return absent;
        throw error;
      }
    }),
  );
};

const refused =
  (why: string): Run =>
  (ctx) => {
    throw ctx.unsupported(why);
  };

/**
 * fastcore's and fastai's helpers by name, whatever their module: a parameter list and an
 * implementation.
 */
const HELPERS: Readonly<Record<string, readonly [parameters: string, run: Run]>> = {
  noop: ['x=, *args, **', (_, given) => given.get('x')],
  noops: ['self, x=, *args, **', (_, given) => given.get('x')],
  ifnone: ['a, b', (_, given) => given.raw('a') ?? given.get('b')],
  is_listy: ['x', (_, given) => isListy(given.get('x'))],
  listify: [
    'o=, *rest, use_list=, match=',
    (ctx, given) => new List(listified(ctx, withRest(given))),
  ],
  tuplify: ['o=, use_list=, match=', (ctx, given) => new Tuple(listified(ctx, given.get('o')))],
  first: ['x, f=, negate=, **', first],
  last: [
    'x',
    (ctx, given) => {
      const items = [...ctx.iterate(given.get('x'))];
      if (items.length === 0) throw ctx.raise('IndexError', 'list index out of range');
      return items.at(-1)!;
    },
  ],
  range_of: [
    'a, b=, step=',
    (ctx, given) => {
      const count = Number(ctx.index(ctx.length(given.get('a'))));
      ctx.budget.charge(count);
      return new List(Array.from({ length: count }, (_, i) => BigInt(i)));
    },
  ],
  getattrs: ['o, *attrs, default=', getattrs],
  nested_attr: [
    'o, attr, default=',
    (ctx, given) => {
      let value: Value | undefined = given.get('o');
      for (const name of given.str('attr').split('.')) {
        value = ctx.findAttr(value, name);
        if (value === undefined) return given.get('default');
      }
      return value;
    },
  ],
  tensor: ['x, *rest, **', tensor],
  sigmoid: ['input, eps=', (_, given, env) => clampedSigmoid(env(), given)],
  sigmoid_range: ['x, low, high', sigmoidRange],
  swish: ['x, inplace=', (_, given, env) => env().apply('F.silu', [given.get('x')])],
  unsqueeze: ['x, dim=, n=', unsqueeze],
  to_device: ['b, device=, non_blocking=', (_, given) => given.get('b')],
  to_cpu: ['b', (_, given) => given.get('b')],
  to_detach: ['b, cpu=, gather=', (_, given) => given.get('b')],
  to_float: ['b', toType('float', ({ dtype }) => isFloating(dtype))],
  to_half: ['b', toType('half', ({ dtype }) => isFloating(dtype))],
  to_concat: [
    'xs, dim=',
    (_, given, env) => env().apply('torch.cat', [given.get('xs'), given.raw('dim') ?? 0n]),
  ],
  apply: [
    'func, x, *args, **',
    (ctx, given) =>
      mapped(ctx, given.get('x'), (value) => ctx.call(given.get('func'), [value, ...given.rest])),
  ],
  default_device: ['use=', (_, __, env) => env().device],
  retain_type: ['new, old=, typ=, as_copy=', (_, given) => given.get('new')],
  retain_types: ['new, old=, typs=', (_, given) => given.get('new')],
  retain_meta: ['x, res, as_copy=', (_, given) => given.get('res')],
  one_param: ['m', (ctx, given) => parameters(ctx, given.get('m'))[0] ?? null],
  params: ['m', (ctx, given) => new List(parameters(ctx, given.get('m')))],
  flatten_model: ['m', (ctx, given) => new List(leaves(ctx, given.get('m')))],
  in_channels: ['m', inChannels],
  store_attr: ['*args, **', () => null],
  delegates: ['*args, **', decorator],
  use_kwargs: ['*args, **', decorator],
  use_kwargs_dict: ['*args, **', decorator],
  funcs_kwargs: [
    '*args, **',
    (_, given) => given.rest[0] ?? new Builtin('decorator', (__, args) => args[0] ?? null),
  ],
  module: [
    '*args, **',
    refused('fastai.layers.module makes classes from functions, which is not supported'),
  ],
  patch_to: ['*args, **', decorator],
  typedispatch: ['f', refused('typedispatch, which chooses by types, is not supported')],
  num_features_model: ['m', refused('num_features_model runs a model, which is not supported')],
  trunc_normal_: [
    '*args, **',
    refused('trunc_normal_ draws random numbers, so answers differ each time'),
  ],
};

function withRest(given: Given): Value {
  return given.rest.length > 0 ? new Tuple([given.get('o'), ...given.rest]) : given.get('o');
}

/** fastai's own sigmoid stays away from 0 and 1. */
function clampedSigmoid(env: TorchEnv, given: Given): Value {
  const part = env.apply('torch.sigmoid', [given.get('input')]);
  const eps = given.raw('eps') ?? 1e-7;
  return env.apply('torch.clamp', [part, eps, env.ctx.binary('-', 1, eps)]);
}

function unsqueeze(ctx: Context, given: Given, env: Env): Value {
  let value = given.get('x');
  const times = given.count('n', 1);
  for (let i = 0; i < times; i++) {
    ctx.budget.step();
    value = env().apply('torch.unsqueeze', [value, given.raw('dim') ?? -1n]);
  }
  return value;
}

/**
 * Functions of `fastai.*` and `fastcore.*`. Between versions they moved to other modules, but kept
 * their names.
 */
export function helperNames(env: Env): ReadonlyMap<string, Value> {
  return new Map(
    Object.entries(HELPERS).map(([name, [parameters, run]]) => [
      name,
      fn(name, parameters, (ctx, given) => run(ctx, given, env)),
    ]),
  );
}
