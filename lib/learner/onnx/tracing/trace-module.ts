import type { Module } from '../../torch/module.js';
import type { Flow, LoweringContext } from '../lowering/context.js';
import { callsUnknownFunction } from '../lowering/functions.js';
import { hasOwnHooks } from '../lowering/hooks.js';
import type { OwnCode, OwnSources } from '../lowering/own-code.js';
import type { Flows } from './flows.js';
import { Program } from './program.js';

/** The code of a model's own classes, traced into one graph. */
export class TracedModules implements OwnCode {
  readonly #program: Program;
  readonly #flows: Flows;
  followed = false;

  constructor(
    root: Module,
    private readonly lowering: LoweringContext,
    /** The model's own inputs if it has several: its forward takes them one by one. */
    private readonly rootInputs: Flow | undefined,
    sources: OwnSources | undefined,
  ) {
    const { lowerings } = lowering;
    this.#program = Program.of({ model: root, lowerings, sources });
    this.#flows = this.#program.modules.on(lowering);
  }

  reset(module: Module): void {
    this.#program.modules.reset(module);
  }

  lower(module: Module, inputs: readonly Flow[]): Flow | undefined {
    const { modules, evaluator } = this.#program;
    const known = this.lowering.lowerings.has(module.className);
    if (known && !hasOwnHooks(module) && !callsUnknownFunction(module)) return undefined;
    if (!known && !modules.hasCode(module)) return undefined;
    this.followed = true;
    const [only] = inputs;
    const given =
      inputs.length === 1 && only === this.rootInputs && Array.isArray(only)
        ? (only as readonly Flow[])
        : inputs;
    const args = given.map((flow) => this.#flows.valueOf(flow));
    return this.lowering.graph.scoped(module.path, () =>
      this.#flows.flowOf(evaluator.call(modules.instanceOf(module), args)),
    );
  }
}
