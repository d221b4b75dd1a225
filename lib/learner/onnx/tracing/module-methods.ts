import type { Context } from '../../python/context.js';
import {
  Builtin,
  Dict,
  Instance,
  List,
  PyIterator,
  Slice,
  Tuple,
  type Kwargs,
  type Value,
} from '../../python/values.js';
import type { Module } from '../../torch/module.js';
import type { ModuleHost } from './module-host.js';

type Method = (ctx: Context, self: Instance, args: readonly Value[], kwargs: Kwargs) => Value;

function methods(entries: Readonly<Record<string, Method>>): [string, Value][] {
  return Object.entries(entries).flatMap(([names, run]) =>
    names.split('|').map((name): [string, Value] => [
      name,
      new Builtin(
        name,
        (ctx, [self, ...args], kwargs) => {
          if (self instanceof Instance) return run(ctx, self, args, kwargs);
          throw ctx.raise('TypeError', `${name}() needs a module`);
        },
        true,
      ),
    ]),
  );
}

function* walk(module: Module, prefix = '', seen = new Set<object>()): Iterable<[string, Module]> {
  if (seen.has(module.record)) return;
  seen.add(module.record);
  yield [prefix, module];
  for (const [name, child] of module.children) {
    if (child) yield* walk(child, prefix === '' ? name : `${prefix}.${name}`, seen);
  }
}

/** An iterator that reads its items on demand. */
function lazily<T>(kind: string, items: Iterable<T>, value: (item: T) => Value): PyIterator {
  const iterator = items[Symbol.iterator]();
  return new PyIterator(kind, () => {
    const next = iterator.next();
    return next.done === true ? undefined : value(next.value);
  });
}

/** Methods of every module. */
export function moduleMethods(host: ModuleHost): [string, Value][] {
  const tensors =
    (group: 'parameters' | 'buffers', named: boolean): Method =>
    (ctx, self, args, kwargs) => {
      const module = host.moduleOf(ctx, self);
      const recurse = named
        ? (args[1] ?? kwargs.get('recurse'))
        : (args[0] ?? kwargs.get('recurse'));
      const prefix = named ? (args[0] ?? kwargs.get('prefix') ?? '') : '';
      const found = function* (): Iterable<[string, Module, string]> {
        const seen = new Set<object>();
        for (const [path, each] of walk(module, typeof prefix === 'string' ? prefix : '')) {
          for (const [name, tensor] of each[group]) {
            if (!tensor || seen.has(tensor)) continue;
            seen.add(tensor);
            yield [path === '' ? name : `${path}.${name}`, each, name];
          }
          if (recurse === false) return;
        }
      };
      return lazily('generator', found(), ([path, owner, name]) => {
        ctx.budget.step();
        const value = host.tensorOf(owner, name);
        return named ? new Tuple([path, value]) : value;
      });
    };
  const modules =
    (named: boolean): Method =>
    (ctx, self) =>
      lazily('generator', walk(host.moduleOf(ctx, self)), ([path, module]) => {
        ctx.budget.step();
        const instance = host.instanceOf(module);
        return named ? new Tuple([path, instance]) : instance;
      });
  const children =
    (named: boolean): Method =>
    (ctx, self) =>
      lazily('generator', childrenOf(host, ctx, self), ([name, child]) =>
        named ? new Tuple([name, child]) : child,
      );
  const itself: Method = (_, self) => self;
  return methods({
    __call__: (ctx, self, args, kwargs) => host.call(ctx, self, args, kwargs),
    forward: (ctx, self) => {
      throw ctx.raise(
        'NotImplementedError',
        `Module [${self.cls.name}] is missing the required "forward" function`,
      );
    },
    __setattr__: (ctx, self, [name, value]) => {
      if (typeof name === 'string') host.write(ctx, self, name, value ?? null);
      return null;
    },
    'register_buffer|register_parameter|add_module|register_module': (ctx, self, args, kwargs) => {
      const name = args[0] ?? kwargs.get('name');
      const value = args[1] ?? kwargs.get('tensor') ?? kwargs.get('param') ?? kwargs.get('module');
      if (typeof name === 'string') host.write(ctx, self, name, value ?? null);
      return null;
    },
    parameters: tensors('parameters', false),
    named_parameters: tensors('parameters', true),
    buffers: tensors('buffers', false),
    named_buffers: tensors('buffers', true),
    modules: modules(false),
    named_modules: modules(true),
    children: children(false),
    named_children: children(true),
    // In evaluation, on one device, and with the file's own types.
    'eval|to|cpu|cuda|float|requires_grad_|compile|share_memory|type|to_empty': itself,
    train: (ctx, self, [mode]) => {
      if (mode === false) return self;
      throw ctx.unsupported('train() within a forward');
    },
    'zero_grad|__init__|reset_parameters': () => null,
    get_submodule: (ctx, self, [target]) => {
      if (typeof target !== 'string') throw ctx.raise('TypeError', 'a path is needed');
      let value: Value = self;
      for (const name of target === '' ? [] : target.split('.')) value = ctx.getAttr(value, name);
      return value;
    },
    _get_name: (_, self) => self.cls.name,
  });
}

/** Children, including those that the code has set. */
function* childrenOf(host: ModuleHost, ctx: Context, self: Instance): Iterable<[string, Instance]> {
  for (const [name, child] of host.moduleOf(ctx, self).children) {
    ctx.budget.step();
    if (child) yield [name, host.instanceOf(child)];
  }
}

/** Methods of the containers. */
export function containerMethods(host: ModuleHost, name: string): [string, Value][] {
  const items = (ctx: Context, self: Instance): Value[] => {
    const module = host.moduleOf(ctx, self);
    if (!name.startsWith('Parameter')) {
      return [...module.children.values()].map((child) => child && host.instanceOf(child));
    }
    return [...module.parameters.keys()].map((key) => host.tensorOf(module, key));
  };
  const keys = (ctx: Context, self: Instance): string[] => {
    const module = host.moduleOf(ctx, self);
    return [...(name.startsWith('Parameter') ? module.parameters : module.children).keys()];
  };
  if (name.endsWith('Dict')) {
    const get: Method = (ctx, self, [key]) => {
      const at = typeof key === 'string' ? keys(ctx, self).indexOf(key) : -1;
      if (at < 0) throw ctx.raise('KeyError', ctx.repr(key ?? null));
      return items(ctx, self)[at]!;
    };
    const dict: Method = (ctx, self) => {
      const result = new Dict();
      const values = items(ctx, self);
      keys(ctx, self).forEach((key, i) => result.entries.set(ctx.keyOf(key), [key, values[i]!]));
      return result;
    };
    return methods({
      __getitem__: get,
      __len__: (ctx, self) => BigInt(keys(ctx, self).length),
      __contains__: (ctx, self, [key]) => typeof key === 'string' && keys(ctx, self).includes(key),
      __iter__: (ctx, self) => lazily('dict_keyiterator', keys(ctx, self), (key) => key),
      keys: (ctx, self) => new List(keys(ctx, self)),
      values: (ctx, self) => new List(items(ctx, self)),
      items: (ctx, self) => {
        const values = items(ctx, self);
        return new List(keys(ctx, self).map((key, i) => new Tuple([key, values[i]!])));
      },
      get: (ctx, self, [key, absent]) =>
        typeof key === 'string' && keys(ctx, self).includes(key)
          ? get(ctx, self, [key], new Map())
          : (absent ?? null),
      _as_dict: dict,
    });
  }
  return methods({
    __getitem__: (ctx, self, [key]) => {
      const all = items(ctx, self);
      if (key instanceof Slice) {
        const list = ctx.getItem(new List(all), key);
        return host.listOf(ctx, `torch.nn.modules.container.${name}`, [...ctx.iterate(list)]);
      }
      const index = Number(ctx.index(key ?? null));
      const at = index < 0 ? index + all.length : index;
      const item = all[at];
      if (at < 0 || item === undefined)
        throw ctx.raise('IndexError', `index ${index} is out of range`);
      return item;
    },
    __len__: (ctx, self) => BigInt(items(ctx, self).length),
    __iter__: (ctx, self) => lazily('list_iterator', items(ctx, self), (item) => item),
    __contains__: (ctx, self, [item]) => items(ctx, self).includes(item ?? null),
  });
}
