import { Value } from '../graph.js';
import type { Lowering } from './context.js';
import type { Expression } from './expression.js';
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
      if (!(input instanceof Value)) throw scope.refusal('it receives a tuple');
      return scope.expression(input);
    });
    return compute(scope, values).value;
  };
}

/** The forward of a module that takes one list of tensors and returns another. */
export function forwardList(
  compute: (m: Scope, inputs: readonly Expression[]) => readonly Expression[],
): Lowering {
  return (module, ctx, inputs) => {
    const scope = new Scope(module, ctx);
    const expressions = scope.expressions(inputs[0] ?? [], 'it receives a list of lists');
    return compute(scope, expressions).map(({ value }) => value);
  };
}

/** A module whose forward calls its children in turn. */
export const chained = (names: string): Lowering => forward((m, x) => m.run(x, names));

/** main(x) + shortcut(x), then an optional activation. */
export function residual(main: string, act?: string, shortcut = 'downsample?'): Lowering {
  return forward((m, x) => {
    const sum = m.run(x, main).add(m.run(x, shortcut));
    return act ? m.run(sum, act) : sum;
  });
}

/** x + children(x), for several chains in turn. */
export const plus = (m: Scope, x: Expression, ...chains: readonly string[]): Expression =>
  chains.reduce((y, names) => y.add(m.run(y, names)), x);

/** A module that consists only of such steps. */
export const residuals = (...chains: readonly string[]): Lowering =>
  forward((m, x) => plus(m, x, ...chains));

/** An attention and an MLP, each after a norm. */
export const preNormBlock = residuals('norm1 attn', 'norm2 mlp');

/** Concatenates tensors along a dimension, by default the channels of images. */
export function joined(parts: readonly Expression[], axis = 1): Expression {
  const [first, ...others] = parts;
  return first!.concat(axis, ...others);
}

/** The results of several chains with the same input, concatenated along the channels. */
export const sideBySide = (m: Scope, x: Expression, ...chains: readonly string[]): Expression =>
  joined(chains.map((names) => m.run(x, names)));

export const total = (parts: readonly Expression[]): Expression =>
  parts.reduce((sum, part) => sum.add(part));
