import type { Module } from '../../torch/module.js';
import { PyDict, PyObject, type PyValue } from '../../torch/python.js';
import { UnsupportedModuleError } from '../errors.js';
import { hasEntries } from './attributes.js';
import { applySpectralNorm, applyWeightNorm, type HookTarget } from './weight-hooks.js';

const preHooks = new Map([
  ['torch.nn.utils.weight_norm.WeightNorm', applyWeightNorm],
  ['torch.nn.utils.spectral_norm.SpectralNorm', applySpectralNorm],
]);

/**
 * Hooks run on every forward, so what they change is part of the model: known ones are applied, any
 * other is refused.
 *
 * @throws UnsupportedModuleError
 */
export function resolveHooks(module: Module, ctx: HookTarget): void {
  if (module.attr('forward') !== undefined) {
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
function hookOwner(hook: PyValue): PyObject | undefined {
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
