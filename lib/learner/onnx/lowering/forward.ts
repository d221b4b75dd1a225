import { Value } from '../graph.js';
import type { Expression } from './expression.js';
import type { Lowering } from './lowering.js';
import { Scope } from './scope.js';

/** The forward of a module that takes one tensor. */
export function forward(compute: (m: Scope, x: Expression) => Expression): Lowering {
  return (module, ctx, inputs) => {
    const scope = new Scope(module, ctx);
    return compute(scope, scope.expression(ctx.value(module, inputs))).value;
  };
}

/** The forward of a module that takes several. */
export function forwardMany(
  compute: (m: Scope, inputs: readonly Expression[]) => Expression,
): Lowering {
  return (module, ctx, inputs) => {
    const scope = new Scope(module, ctx);
    const values = inputs.map((input) => {
      if (!(input instanceof Value)) throw scope.refusal('it is given a tuple');
      return scope.expression(input);
    });
    return compute(scope, values).value;
  };
}

/** The forward of a module that takes one list of tensors and gives another. */
export function forwardList(
  compute: (m: Scope, inputs: readonly Expression[]) => readonly Expression[],
): Lowering {
  return (module, ctx, inputs) => {
    const scope = new Scope(module, ctx);
    const [list] = inputs;
    const values = list instanceof Value ? [list] : (list ?? []);
    const expressions = values.map((value) => {
      if (!(value instanceof Value)) throw scope.refusal('it is given a list of lists');
      return scope.expression(value);
    });
    return compute(scope, expressions).map(({ value }) => value);
  };
}

/** main(x) + shortcut(x), and then perhaps an activation. */
export function residual(
  main: readonly string[],
  act?: string,
  shortcut = 'downsample?',
): Lowering {
  return forward((m, x) => {
    const sum = m.run(x, ...main).add(m.run(x, shortcut));
    return act ? m.run(sum, act) : sum;
  });
}

/** Results of several chains over one input, side by side in the channels. */
export function sideBySide(
  m: Scope,
  x: Expression,
  ...chains: readonly (readonly string[])[]
): Expression {
  const [first, ...others] = chains.map((names) => m.run(x, ...names));
  return first!.concat(1, ...others);
}

/** The sum of some tensors. */
export function total(parts: readonly Expression[]): Expression {
  return parts.slice(1).reduce((sum, part) => sum.add(part), parts[0]!);
}

/** x + children(x), for the blocks that are made of such steps. */
export function plus(m: Scope, x: Expression, ...names: readonly string[]): Expression {
  return x.add(m.run(x, ...names));
}
