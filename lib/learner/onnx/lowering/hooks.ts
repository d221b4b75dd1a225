import type { Module } from '../../torch/module.js';
import { PyDict, PyObject, type PyValue } from '../../torch/python.js';
import { Tensor } from '../../torch/tensor.js';
import { UnsupportedModuleError } from '../errors.js';
import { hasEntries, malformed } from './attributes.js';

/** The parts of a module that a hook reads and changes. */
export interface HookTarget {
  requiredTensor(module: Module, name: string): Tensor;
  /** Makes `module` compute with this tensor instead of its own. */
  override(module: Module, name: string, tensor: Tensor): void;
}

const preHooks = new Map([
  ['torch.nn.utils.weight_norm.WeightNorm', applyWeightNorm],
  ['torch.nn.utils.spectral_norm.SpectralNorm', applySpectralNorm],
]);

/** Methods that the constructor of a class sets as its forward; its lowering does the same. */
const chosenForwards: ReadonlyMap<string, readonly string[]> = new Map([
  ['timm.models.fasternet.Partial_conv3', ['forward_split_cat', 'forward_slicing']],
]);

/** Whether an instance has a different forward from its class, or an unknown one. */
function hasOtherForward(module: Module): boolean {
  const forward = module.attr('forward');
  if (forward === undefined) return false;
  if (
    !(forward instanceof PyObject) ||
    !/^(__builtin__|builtins)\.getattr$/.test(forward.className)
  )
    return true;
  const [owner, name] = forward.args;
  const known = chosenForwards.get(module.className);
  return owner !== module.record || typeof name !== 'string' || !known?.includes(name);
}

/**
 * Hooks run on every forward, so they are part of the model. Known hooks are applied, and others
 * are refused.
 *
 * @throws UnsupportedModuleError
 */
export function resolveHooks(module: Module, ctx: HookTarget): void {
  if (hasOtherForward(module)) {
    throw refusal(module, 'its forward has been replaced on the instance');
  }
  if (storingHooks(module) === undefined) throw refusal(module, 'it has a forward hook');
  const hooks = module.attr('_forward_pre_hooks');
  if (!(hooks instanceof PyDict)) {
    if (hasEntries(hooks)) throw refusal(module, 'it has a forward pre-hook');
    return;
  }
  for (const hook of hooks.values()) applyPreHook(module, hook, ctx);
}

/** Whether a forward pre-hook is one of torch's own that change a weight. */
export function isKnownPreHook(hook: PyValue): boolean {
  return hook instanceof PyObject && preHooks.has(hook.className);
}

/** The known pre-hooks of a module; others are traced. */
export function applyKnownPreHooks(module: Module, ctx: HookTarget): void {
  const hooks = module.attr('_forward_pre_hooks');
  if (!(hooks instanceof PyDict)) return;
  for (const hook of hooks.values()) if (isKnownPreHook(hook)) applyPreHook(module, hook, ctx);
}

/** Whether code of the file is involved in a call: its own hook, or another forward. */
export function hasOwnHooks(module: Module): boolean {
  if (hasOtherForward(module) || storingHooks(module) === undefined) return true;
  const hooks = module.attr('_forward_pre_hooks');
  if (!(hooks instanceof PyDict)) return hasEntries(hooks);
  return !hooks.values().every(isKnownPreHook);
}

const NO_HOOKS: readonly PyObject[] = [];

/**
 * The fastai `Hook` objects that a module's forward hooks belong to: they keep its output for other
 * modules and change nothing. Undefined when the module has a forward hook of another kind.
 */
export function storingHooks(module: Module): readonly PyObject[] | undefined {
  const hooks = module.attr('_forward_hooks');
  if (!hasEntries(hooks)) return NO_HOOKS;
  const entries = hooks instanceof PyDict ? hooks : (hooks as PyObject).entries;
  const owners = entries.values().map(hookOwner);
  return owners.every((owner) => owner !== undefined) ? owners : undefined;
}

/** The object of a bound `Hook.hook_fn`, which pickle and cloudpickle write differently. */
export function hookOwner(hook: PyValue): PyObject | undefined {
  if (!(hook instanceof PyObject)) return undefined;
  return hook.args.find(
    (arg): arg is PyObject =>
      arg instanceof PyObject && arg.className === 'fastai.callback.hook.Hook',
  );
}

function applyPreHook(module: Module, hook: PyValue, ctx: HookTarget): void {
  const apply = hook instanceof PyObject ? preHooks.get(hook.className) : undefined;
  if (!apply) throw refusal(module, 'it has a forward pre-hook of an unknown kind');
  apply(module, hook as PyObject, ctx);
}

function refusal(module: Module, reason: string): UnsupportedModuleError {
  return new UnsupportedModuleError(module.path, module.className, reason);
}

/**
 * `torch.nn.utils.weight_norm`: weight = g * v / |v|, the norm over all dimensions except `dim`.
 */
function applyWeightNorm(module: Module, hook: PyObject, ctx: HookTarget): void {
  const name = hookName(module, hook);
  const g = ctx.requiredTensor(module, `${name}_g`).toFloat32();
  const direction = ctx.requiredTensor(module, `${name}_v`);
  const v = direction.toFloat32();
  const { shape } = direction;
  const dim = hook.attr('dim');
  // dim None is one norm over the whole tensor; WeightNorm keeps it as -1.
  const slice = typeof dim === 'number' && dim >= 0 ? dim : undefined;
  const groups = slice === undefined ? 1 : (shape[slice] ?? 1);
  const inner = slice === undefined ? v.length : shape.slice(slice + 1).reduce((a, b) => a * b, 1);
  const groupOf = (index: number): number => Math.floor(index / inner) % groups;
  const squares = new Float64Array(groups);
  v.forEach((value, i) => (squares[groupOf(i)]! += value * value));
  const weight = v.map((value, i) => {
    const group = groupOf(i);
    return (value * g[group]!) / Math.sqrt(squares[group]!);
  });
  ctx.override(module, name, Tensor.fromArray(weight, shape));
}

/** `torch.nn.utils.spectral_norm` in evaluation: weight / (u . W v), with the stored u and v. */
function applySpectralNorm(module: Module, hook: PyObject, ctx: HookTarget): void {
  const name = hookName(module, hook);
  const original = ctx.requiredTensor(module, `${name}_orig`);
  const u = ctx.requiredTensor(module, `${name}_u`).toFloat32();
  const v = ctx.requiredTensor(module, `${name}_v`).toFloat32();
  const values = original.toFloat32();
  const { shape } = original;
  const dim = Number(hook.attr('dim') ?? 0);
  const rows = shape[dim] ?? 1;
  const inner = shape.slice(dim + 1).reduce((a, b) => a * b, 1);
  // W is the weight with `dim` moved to the front and the rest flattened.
  let sigma = 0;
  values.forEach((value, i) => {
    const row = Math.floor(i / inner) % rows;
    const column = Math.floor(i / (inner * rows)) * inner + (i % inner);
    sigma += value * u[row]! * v[column]!;
  });
  const weight = values.map((value) => value / sigma);
  ctx.override(module, name, Tensor.fromArray(weight, shape));
}

function hookName(module: Module, hook: PyObject): string {
  const name = hook.attr('name');
  if (typeof name !== 'string') throw malformed(module, 'its normalization hook has no name');
  return name;
}
