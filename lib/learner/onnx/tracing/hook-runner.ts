import { Tuple, type Instance, type Value } from '../../python/values.js';
import type { Module } from '../../torch/module.js';
import { PyDict, PyObject, type PyValue } from '../../torch/python.js';
import type { LoweringContext } from '../lowering/context.js';
import { hookOwner, isKnownPreHook } from '../lowering/hooks.js';
import type { Flows } from './flows.js';
import type { Program } from './program.js';

/** Runs the hooks of the user's code on a module. */
export class HookRunner {
  constructor(
    private readonly program: Program,
    private readonly lowering: LoweringContext,
    private readonly flows: Flows,
  ) {}

  before(module: Module, self: Instance, args: readonly Value[]): readonly Value[] {
    const { evaluator } = this.program;
    let given = args;
    this.lowering.applyPreHooks(module);
    for (const hook of entriesOf(module, '_forward_pre_hooks')) {
      if (isKnownPreHook(hook)) continue;
      this.#refuseKeywords(module);
      const result = evaluator.call(this.program.value(hook), [self, new Tuple(given)]);
      if (result === null) continue;
      given = result instanceof Tuple ? result.items : [result];
    }
    return given;
  }

  after(module: Module, self: Instance, args: readonly Value[], output: Value): Value {
    const { evaluator } = this.program;
    let result = output;
    for (const hook of entriesOf(module, '_forward_hooks')) {
      const owner = hookOwner(hook);
      if (owner) {
        this.lowering.store(owner, this.flows.flowOf(result));
        continue;
      }
      this.#refuseKeywords(module);
      const changed = evaluator.call(this.program.value(hook), [self, new Tuple(args), result]);
      if (changed !== null) result = changed;
    }
    return result;
  }

  #refuseKeywords(module: Module): void {
    for (const name of ['_forward_hooks_with_kwargs', '_forward_pre_hooks_with_kwargs']) {
      const flags = module.attr(name);
      if (flags instanceof PyDict && flags.size > 0) {
        throw this.lowering.unsupported(module, 'it has a hook with keyword arguments');
      }
    }
  }
}

function entriesOf(module: Module, name: string): readonly PyValue[] {
  const hooks = module.attr(name);
  if (hooks instanceof PyDict) return hooks.values();
  return hooks instanceof PyObject ? hooks.entries.values() : [];
}
