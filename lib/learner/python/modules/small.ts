import { TYPES } from '../types.js';
import { Builtin, ClassValue, Instance, type Value } from '../values.js';
import { nativeClass } from '../builtins/define.js';
import { namesOf, type ModuleNames } from './module-names.js';

const nothing = (name: string): Builtin => new Builtin(name, () => null);

/** `warnings`: they are meant for the person who trained the learner. */
export const WARNINGS = namesOf(
  ['warn', 'filterwarnings', 'simplefilter', 'resetwarnings', 'warn_explicit'].map(nothing),
  {
    catch_warnings: nativeClass(
      'warnings.catch_warnings',
      [TYPES.object],
      (_ctx, cls) => new Instance(cls),
      ['__enter__', '__exit__'].map((name) => [name, new Builtin(name, () => null, true)] as const),
    ),
  },
);

/** Marks a function as abstract, for the check whether a class is abstract. */
function abstractMethod(name: string): Builtin {
  return new Builtin(name, (ctx, [func = null]) => {
    ctx.setAttr(func, '__isabstractmethod__', true);
    return func;
  });
}

const ABC_META = new ClassValue('ABCMeta', 'abc.ABCMeta', [TYPES.type], [], {});
const ABC = new ClassValue('ABC', 'abc.ABC', [TYPES.object], [], {});
ABC.metaclass = ABC_META;

export const ABC_NAMES: ModuleNames = namesOf([abstractMethod('abstractmethod')], {
  ABC,
  ABCMeta: ABC_META,
});

const NAMESPACE: ClassValue = nativeClass(
  'types.SimpleNamespace',
  [TYPES.object],
  (ctx, cls, _args, kwargs) => {
    const made = new Instance(cls);
    ctx.budget.charge(kwargs.size);
    for (const [name, value] of kwargs) made.attrs.set(name, value);
    return made;
  },
  [
    [
      '__repr__',
      new Builtin(
        '__repr__',
        (ctx, [self]) => {
          const attrs: [string, Value][] = self instanceof Instance ? [...self.attrs] : [];
          return `namespace(${attrs.map(([name, value]) => `${name}=${ctx.repr(value)}`).join(', ')})`;
        },
        true,
      ),
    ],
    [
      '__eq__',
      new Builtin(
        '__eq__',
        (ctx, [self, other]) => {
          if (!(self instanceof Instance) || !(other instanceof Instance)) return false;
          if (self.attrs.size !== other.attrs.size) return false;
          return [...self.attrs].every(([name, value]) => {
            const theirs = other.attrs.get(name);
            return theirs !== undefined && ctx.equal(value, theirs);
          });
        },
        true,
      ),
    ],
  ],
);

export const TYPES_NAMES: ModuleNames = namesOf([], {
  SimpleNamespace: NAMESPACE,
  FunctionType: TYPES.function,
  LambdaType: TYPES.function,
  MethodType: TYPES.method,
  BuiltinFunctionType: TYPES.builtin_function_or_method,
  GeneratorType: TYPES.generator,
  ModuleType: TYPES.module,
  NoneType: TYPES.NoneType,
});
