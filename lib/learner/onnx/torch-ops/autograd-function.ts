import {
  Builtin,
  ClassValue,
  Instance,
  MethodWrapper,
  type NativeClass,
  type Value,
} from '../../python/values.js';

const ignored = (name: string): [string, Value] => [name, new Builtin(name, () => null, true)];

/** The context object, in which a function saves values for its gradient. */
const Saved = new ClassValue(
  'FunctionCtx',
  'torch.autograd.function.FunctionCtx',
  [],
  [
    ignored('save_for_backward'),
    ignored('save_for_forward'),
    ignored('mark_dirty'),
    ignored('mark_non_differentiable'),
    ignored('set_materialize_grads'),
  ],
);

/** Runs only the forward, because nothing here computes gradients. */
const apply = new Builtin('apply', (ctx, [cls, ...args], kwargs) => {
  if (!(cls instanceof ClassValue)) throw ctx.raise('TypeError', 'apply() needs a class');
  const given = cls.lookup('setup_context') ? args : [new Instance(Saved), ...args];
  return ctx.call(ctx.getAttr(cls, 'forward'), given, kwargs);
});

const native: NativeClass = { opaque: true };

/** `torch.autograd.Function`: a formula that defines its own gradient. */
export const autogradFunction = new ClassValue(
  'Function',
  'torch.autograd.function.Function',
  [],
  [['apply', new MethodWrapper('class', apply)]],
  native,
);
