import { bind, signature } from '../../../python/arguments.js';
import type { Context, Names } from '../../../python/context.js';
import { TYPES } from '../../../python/types.js';
import {
  Builtin,
  ClassValue,
  Instance,
  List,
  NO_KWARGS,
  Tuple,
  type Kwargs,
  type Native,
  type Value,
} from '../../../python/values.js';
import { TensorValue } from '../../../onnx/torch-ops/tensor-value.js';
import { PilImage } from '../pil/image-value.js';
import { boundTo, MethodNames, methodFor, Overloads } from './method-for.js';

const method = (name: string, call: Native): readonly [string, Value] => [
  name,
  new Builtin(name, call, true),
];

/** fastcore's `_is_tuple`: named tuples are items, other subclasses of tuple are tuples. */
const isTuple = (value: Value): value is Tuple =>
  value instanceof Tuple && value.cls?.lookup('_fields') === undefined;

/** `retain_type(made, given, returns)`: the class of the input, if it is more specific. */
function retained(made: Value, given: Value, returns: ClassValue | null | undefined): Value {
  if (made instanceof TensorValue && returns && !returns.native) made.subclass ??= returns;
  if (returns === null || !(made instanceof PilImage)) return made;
  if (returns) return made.cls.isSubclassOf(returns) ? made : made.as(returns);
  if (!(given instanceof PilImage) || !given.cls.isSubclassOf(made.cls)) return made;
  return given.cls === made.cls ? made : made.as(given.cls);
}

/** `Transform._do_call`: each item of a tuple separately. */
function applied(
  ctx: Context,
  callable: Value,
  item: Value,
  rest: readonly Value[],
  kwargs: Kwargs,
): Value {
  ctx.budget.step();
  if (isTuple(item)) {
    const made = item.items.map((one) => applied(ctx, callable, one, rest, kwargs));
    return new Tuple(made, item.cls);
  }
  const chosen = methodFor(ctx, callable, item);
  if (!chosen) return item;
  const made = ctx.call(chosen.func, [...chosen.first, item, ...rest], kwargs);
  return made === null ? null : retained(made, item, chosen.returns);
}

const without = (kwargs: Kwargs, name: string): Kwargs =>
  new Map([...kwargs].filter(([key]) => key !== name));

const delegate =
  (name: 'encodes' | 'decodes'): Native =>
  (ctx, [self = null, ...args], kwargs) =>
    ctx.call(ctx.getAttr(self, '_call'), [name, ...args], kwargs);

/** `_call(name, item, split_idx=...)`. */
const call: Native = (ctx, [self = null, name = '', item = null, ...rest], kwargs) => {
  const own = ctx.getAttr(self, 'split_idx');
  if (own !== null && !ctx.equal(own, kwargs.get('split_idx') ?? null)) return item;
  const found = ctx.findAttr(self, String(name));
  if (found === undefined || found === null) return item;
  const callable = boundTo(self, String(name), found);
  return applied(ctx, callable, item, rest, without(kwargs, 'split_idx'));
};

/** `Transform(enc, dec, split_idx, order)`: makes a transform of functions. */
const construct: Native = (ctx, [self = null, ...args], kwargs) => {
  const { bound } = bind(
    ctx,
    'Transform',
    signature('enc=, dec=, split_idx=, order='),
    args,
    kwargs,
  );
  const given = (name: string): Value =>
    bound[name] ?? ctx.findAttr(self, name) ?? (name === 'order' ? 0n : null);
  ctx.setAttr(self, 'split_idx', given('split_idx'));
  ctx.setAttr(self, 'order', given('order'));
  for (const [name, func] of [
    ['encodes', bound['enc']],
    ['decodes', bound['dec']],
  ] as const) {
    if (func === undefined || func === null) continue;
    if (func instanceof List)
      throw ctx.unsupported('Transform() of several functions is not supported');
    ctx.setAttr(self, name, func);
  }
  return null;
};

function makeClasses() {
  const Transform = new ClassValue(
    'Transform',
    'fasttransform.transform.Transform',
    [TYPES.object],
    [
      ['split_idx', null],
      ['init_enc', null],
      ['order', 0n],
      ['train_setup', null],
      method('__init__', construct),
      method('__call__', delegate('encodes')),
      method('decode', delegate('decodes')),
      method('_call', call),
    ],
    {
      prepare: () => new MethodNames(),
      subclassed: (_ctx, cls) => Overloads.inherit(cls),
    },
  );
  const subclass = (
    name: string,
    base: ClassValue,
    attrs: readonly (readonly [string, Value])[],
    module = 'fasttransform.transform',
  ): ClassValue => new ClassValue(name, `${module}.${name}`, [base], attrs);

  const inItems =
    (name: '__call__' | 'decode'): Native =>
    (ctx, [self = null, item = null, ...rest], kwargs) => {
      const base = Transform.attrs.get(name) as Builtin;
      if (!isTuple(item)) return base.call(ctx, [self, item, ...rest], kwargs);
      const made = base.call(ctx, [self, new List([...item.items]), ...rest], kwargs);
      const keeps = ctx.findAttr(self, '_retain');
      if (keeps !== undefined && !ctx.truth(keeps)) return made;
      return made instanceof List ? new Tuple(made.items, item.cls) : made;
    };
  const ItemTransform = subclass('ItemTransform', Transform, [
    ['_retain', true],
    method('__call__', inItems('__call__')),
    method('decode', inItems('decode')),
  ]);
  const InplaceTransform = subclass('InplaceTransform', Transform, [
    method('_call', (ctx, args, kwargs) => {
      call(ctx, args, kwargs);
      return args[2] ?? null;
    }),
  ]);
  const DisplayedTransform = subclass('DisplayedTransform', Transform, []);
  const RandTransform = subclass(
    'RandTransform',
    DisplayedTransform,
    [
      ['split_idx', 0n],
      ['do', true],
      ['nm', null],
      method('__init__', (ctx, [self = null, ...args], kwargs) => {
        const { bound } = bind(
          ctx,
          'RandTransform',
          signature('p=, nm=, before_call=, enc=, dec=, split_idx=, order='),
          args,
          kwargs,
        );
        const rest = new Map<string, Value>();
        for (const name of ['enc', 'dec', 'split_idx', 'order']) {
          if (bound[name] !== undefined) rest.set(name, bound[name]);
        }
        construct(ctx, [self], rest);
        ctx.setAttr(self, 'p', bound['p'] ?? 1);
        if (bound['before_call'] != null) ctx.setAttr(self, 'before_call', bound['before_call']);
        return null;
      }),
      method('before_call', (ctx, [self = null]) => {
        const p = Number(ctx.getAttr(self, 'p'));
        if (p > 0 && p < 1) {
          throw ctx.unsupported(`a transform that runs with probability ${p} at inference`);
        }
        ctx.setAttr(self, 'do', p >= 1);
        return null;
      }),
      method('__call__', (ctx, [self = null, item = null, ...rest], kwargs) => {
        const split = new Map([['split_idx', kwargs.get('split_idx') ?? null]]);
        ctx.call(ctx.getAttr(self, 'before_call'), [item], split);
        if (!ctx.truth(ctx.getAttr(self, 'do'))) return item;
        return delegate('encodes')(ctx, [self, item, ...rest], kwargs);
      }),
    ],
    'fastai.vision.augment',
  );
  const Pipeline = new ClassValue(
    'Pipeline',
    'fasttransform.transform.Pipeline',
    [TYPES.object],
    [
      method('__call__', (ctx, [self = null, item = null]) => {
        const split = new Map([['split_idx', ctx.getAttr(self, 'split_idx')]]);
        let made = item;
        for (const transform of ctx.iterate(ctx.getAttr(self, 'fs'))) {
          made = ctx.call(transform, [made], split);
        }
        return made;
      }),
    ],
  );
  return {
    Transform,
    ItemTransform,
    InplaceTransform,
    DisplayedTransform,
    RandTransform,
    Pipeline,
  };
}

const MODULES = ['fasttransform', 'fasttransform.transform', 'fastcore.transform'];
const PACKAGES = new Set([
  'fastcore',
  'fastai',
  'fastai.vision',
  'fastai.vision.augment',
  ...MODULES,
]);

/** fastai's transform classes, for the notebook's classes that extend them. */
export function transformNames(): Names {
  const { RandTransform, ...rest } = makeClasses();
  const values = new Map<string, Value>([
    ['fastai.vision.augment.RandTransform', RandTransform],
    ...MODULES.flatMap((module) =>
      Object.entries(rest).map(([name, cls]): [string, Value] => [`${module}.${name}`, cls]),
    ),
  ]);
  return { resolve: (name) => values.get(name), isModule: (path) => PACKAGES.has(path) };
}

const VALIDATION = new Map<string, Value>([['split_idx', 1n]]);

/** The effect of a fastai pipeline on an item at inference. */
export function throughTransform(ctx: Context, transform: Value, item: Value): Value {
  return ctx.call(transform, [item], transform instanceof Instance ? VALIDATION : NO_KWARGS);
}

/** Whether it is only for training: `split_idx = 0` on the object or on one of its classes. */
export function isForTraining(ctx: Context, transform: Value): boolean {
  if (!(transform instanceof Instance)) return false;
  return ctx.findAttr(transform, 'split_idx') === 0n;
}
