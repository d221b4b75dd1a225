import {
  Builtin,
  ClassValue,
  Func,
  Instance,
  type NativeClass,
  type Value,
} from '../../python/values.js';

/** A decorated function does not change. */
const same = (args: readonly Value[]): Value => args.find((arg) => arg instanceof Func) ?? null;

const native: NativeClass = {
  // `@torch.no_grad` decorates a function, and `torch.no_grad()` makes an object for `with` or a
  // decorator.
  construct: (_, cls, args) => (args[0] instanceof Func ? args[0] : new Instance(cls)),
};

const inertContext = (qualifiedName: string): ClassValue =>
  new ClassValue(
    qualifiedName.slice(qualifiedName.lastIndexOf('.') + 1),
    qualifiedName,
    [],
    [
      ['__enter__', new Builtin('__enter__', (_, [self]) => self!, true)],
      ['__exit__', new Builtin('__exit__', () => null, true)],
      // A decorated function of the file makes a new context in each call.
      ['clone', new Builtin('clone', (_, [self]) => self!, true)],
      ['__call__', new Builtin('__call__', (_, args) => same(args), true)],
    ],
    native,
  );

/** Contexts for `with` and decorators that do not change predictions. */
export const inertContexts: ReadonlyMap<string, ClassValue> = new Map(
  [
    'torch.no_grad',
    'torch.enable_grad',
    'torch.inference_mode',
    'torch.set_grad_enabled',
    'torch.autograd.no_grad',
    'torch.autograd.grad_mode.no_grad',
    'torch.autograd.grad_mode.inference_mode',
    'torch.autograd.grad_mode.enable_grad',
    'torch.autograd.grad_mode.set_grad_enabled',
    'torch.autograd.grad_mode._DecoratorContextManager',
    'torch.autograd.set_detect_anomaly',
    'torch.autograd.profiler.record_function',
    'torch.profiler.record_function',
    'torch.random.fork_rng',
    'torch.autocast',
    'torch.amp.autocast',
    'torch.amp.autocast_mode.autocast',
    'torch.cuda.amp.autocast',
    'torch.cuda.amp.autocast_mode.autocast',
    'torch.jit.ignore',
    'torch.jit.export',
    'torch.jit.unused',
    'torch.jit.script',
    'torch.jit.script_if_tracing',
    'torch.compile',
    'torch.utils._contextlib.no_grad',
    'torch.utils._contextlib._DecoratorContextManager',
  ].map((name) => [name, inertContext(name)]),
);
