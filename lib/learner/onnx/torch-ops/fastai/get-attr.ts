import { Builtin, ClassValue, List, Tuple, type Value } from '../../../python/values.js';

/** fastcore's `GetAttr`: a missing attribute comes from the object under the name in `_default`. */
export const delegating = new ClassValue(
  'GetAttr',
  'fastcore.basics.GetAttr',
  [],
  [
    ['_default', 'default'],
    [
      '__getattr__',
      new Builtin(
        '__getattr__',
        (ctx, [self = null, key = null]) => {
          const name = typeof key === 'string' ? key : '';
          const missing = (): Error => ctx.raise('AttributeError', name);
          const from = ctx.findAttr(self, '_default') ?? null;
          if (name.startsWith('__') || name === '_xtra' || name === from) throw missing();
          const allowed: Value | undefined = ctx.findAttr(self, '_xtra');
          const names =
            allowed instanceof List || allowed instanceof Tuple ? allowed.items : undefined;
          if (names && !names.includes(name)) throw missing();
          const target = typeof from === 'string' ? ctx.findAttr(self, from) : undefined;
          const value =
            target === undefined || target === null ? undefined : ctx.findAttr(target, name);
          if (value === undefined) throw missing();
          return value;
        },
        true,
      ),
    ],
  ],
);
