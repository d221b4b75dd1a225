import { isException, matches } from '../exceptions.js';
import { TYPES } from '../types.js';
import { Builtin, ClassValue, Instance, PyIterator, Tuple, type Value } from '../values.js';
import { fn, nativeClass } from '../builtins/define.js';
import { nextItem } from '../builtins/iterators.js';
import { namesOf } from './module-names.js';

const own = (name: string, run: Builtin['call']): [string, Value] => [
  name,
  new Builtin(name, run, true),
];

const attr = (self: Value | undefined, name: string): Value =>
  self instanceof Instance ? (self.attrs.get(name) ?? null) : null;

function holding(cls: ClassValue, attrs: Readonly<Record<string, Value>>): Instance {
  const made = new Instance(cls);
  for (const [name, value] of Object.entries(attrs)) made.attrs.set(name, value);
  return made;
}

const NULL_CONTEXT: ClassValue = nativeClass(
  'contextlib.nullcontext',
  [TYPES.object],
  (_ctx, cls, [result = null], kwargs) =>
    holding(cls, { enter_result: kwargs.get('enter_result') ?? result }),
  [own('__enter__', (_ctx, [self]) => attr(self, 'enter_result')), own('__exit__', () => null)],
);

const SUPPRESS: ClassValue = nativeClass(
  'contextlib.suppress',
  [TYPES.object],
  (_ctx, cls, classes) => holding(cls, { classes: new Tuple(classes) }),
  [
    own('__enter__', () => null),
    own('__exit__', (ctx, [self, , error = null]) =>
      isException(error) ? matches(ctx, error, attr(self, 'classes')) : false,
    ),
  ],
);

const GENERATOR_MANAGER = new ClassValue(
  '_GeneratorContextManager',
  'contextlib._GeneratorContextManager',
  [TYPES.object],
  [
    own('__enter__', (ctx, [self]) => {
      const value = nextItem(ctx, attr(self, 'gen'));
      if (value === undefined) throw ctx.raise('RuntimeError', "generator didn't yield");
      return value;
    }),
    own('__exit__', (ctx, [self, , error = null]) => {
      const generator = attr(self, 'gen');
      if (error === null) {
        if (nextItem(ctx, generator) === undefined) return false;
        throw ctx.raise('RuntimeError', "generator didn't stop");
      }
      if (!(generator instanceof PyIterator) || !generator.methods.throw) return false;
      // An exception of the generator propagates; if the generator ends, the exception is caught.
      const value = generator.methods.throw(error) as Value | undefined;
      if (value === undefined) return true;
      throw ctx.raise('RuntimeError', "generator didn't stop after throw()");
    }),
  ],
  {},
);

const CLOSING: ClassValue = nativeClass(
  'contextlib.closing',
  [TYPES.object],
  (_ctx, cls, [thing = null]) => holding(cls, { thing }),
  [
    own('__enter__', (_ctx, [self]) => attr(self, 'thing')),
    own('__exit__', (ctx, [self]) => {
      ctx.call(ctx.getAttr(attr(self, 'thing'), 'close'), []);
      return null;
    }),
  ],
);

export const CONTEXTLIB = namesOf(
  [
    fn('contextmanager', 'func', (_ctx, given) => {
      const func = given.get('func');
      return new Builtin(
        'contextmanager',
        (ctx, args, kwargs) => holding(GENERATOR_MANAGER, { gen: ctx.call(func, args, kwargs) }),
        true,
      );
    }),
  ],
  { nullcontext: NULL_CONTEXT, suppress: SUPPRESS, closing: CLOSING },
);
