import type { GraphBuilder, Step } from '../graph-builder.js';
import type { Value } from '../graph.js';
import { Derivation, NoGradientError, type Gradient } from './derivation.js';
import { elementwise } from './elementwise.js';
import { layers } from './layers.js';
import { layout } from './layout.js';
import { poolings } from './pooling.js';

/** The supported operators of the backward pass. */
const gradients: ReadonlyMap<string, Gradient> = new Map(
  [elementwise, layout, layers, poolings].flatMap((family) => Object.entries(family)),
);

/**
 * Adds the gradient of a value by an earlier one to a graph: reverse-mode differentiation over the
 * graph's own operators.
 *
 * @param seed The gradient by `of`, with its shape: the weight of each element.
 * @throws NoGradientError if an operator between the two has none.
 */
export function gradient(graph: GraphBuilder, of: Value, by: Value, seed: Value): Value {
  const { steps, reached } = stepsBehind(graph.steps, by);
  const found = new Map<string, Value>([[of.name, seed]]);
  for (const step of steps.toReversed()) {
    const [first, ...others] = step.outputs.map(({ name }) => found.get(name));
    if (others.some((dy) => dy))
      throw new NoGradientError(step.op, 'more than one of its results is used');
    if (!first) continue;
    const rule = gradients.get(step.op);
    for (const [index, input] of step.inputs.entries()) {
      if (!input || !reached.has(input.name)) continue;
      if (!rule) throw new NoGradientError(step.op);
      const dx = rule(new Derivation(graph, step, first, index));
      const sized = input.shape ? graph.assume(dx, input.shape) : dx;
      const other = found.get(input.name);
      found.set(input.name, other ? graph.op('Add', [other, sized]) : sized);
    }
  }
  const result = found.get(by.name);
  if (!result) throw new NoGradientError('the output', 'it does not depend on the features');
  return result;
}

/**
 * The values that depend on a value. Sizes and conditions have no gradient, so only floats count.
 */
export function stepsBehind(
  all: readonly Step[],
  value: Value,
): { steps: readonly Step[]; reached: ReadonlySet<string> } {
  const reached = new Set([value.name]);
  const steps = all.filter(({ inputs, outputs }) => {
    if (!inputs.some((input) => input && reached.has(input.name))) return false;
    const floats = outputs.filter(({ dtype }) => dtype === 'float32');
    for (const { name } of floats) reached.add(name);
    return floats.length > 0;
  });
  return { steps, reached };
}
