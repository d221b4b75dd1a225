import { Dict, Instance, List, Tuple, type Value } from '../../python/values.js';
import { Value as GraphValue } from '../graph.js';
import type { Flow, LoweringContext } from '../lowering/context.js';
import type { TorchEnv } from '../torch-ops/env.js';
import { torchDType } from '../torch-ops/promotion.js';
import { TensorValue } from '../torch-ops/tensor-value.js';

/** Converts values of code to module results and back: the same tensor, the same list. */
export class Flows {
  readonly #tensors = new WeakMap<GraphValue, TensorValue>();
  readonly #lists = new WeakMap<readonly Flow[], Value>();

  constructor(
    private readonly env: TorchEnv,
    private readonly lowering: LoweringContext,
  ) {}

  valueOf(flow: Flow): Value {
    if (!(flow instanceof GraphValue)) {
      const known = this.#lists.get(flow);
      if (known !== undefined) return known;
      const torch = this.lowering.asTorch.get(flow);
      if (torch) return this.valueOf(torch());
      const made = new Tuple(flow.map((item) => this.valueOf(item)));
      this.#lists.set(flow, made);
      return made;
    }
    const known = this.#tensors.get(flow);
    if (known && known.value === flow) return known;
    // In torch, ids are int64; graphs may take them as int32.
    const dtype = flow.dtype === 'int32' ? 'int64' : torchDType(flow.dtype);
    const made = this.env.tensor(flow, dtype);
    this.#tensors.set(flow, made);
    this.#tensors.set(made.value, made);
    return made;
  }

  flowOf(value: Value): Flow {
    if (value instanceof TensorValue) {
      const { value: held } = value;
      this.#tensors.set(held, value);
      return held;
    }
    const items =
      value instanceof Tuple || value instanceof List
        ? value.items
        : value instanceof Dict
          ? [...value.entries.values()].map(([, item]) => item)
          : value instanceof Instance && value.payload !== undefined
            ? [value.payload]
            : undefined;
    if (!items) {
      throw this.env.ctx.unsupported(
        `a ${this.env.ctx.typeOf(value).name} instead of a tensor, or a tuple, list or dict ` +
          'of tensors',
      );
    }
    const flow = items.map((item) => this.flowOf(item));
    this.#lists.set(flow, value);
    const { ctx } = this.env;
    if (value instanceof List) this.lowering.containers.set(flow, 'list');
    if (value instanceof Dict) {
      this.lowering.containers.set(
        flow,
        [...value.entries.values()].map(([key]) => ctx.str(key)),
      );
    }
    return flow;
  }
}
