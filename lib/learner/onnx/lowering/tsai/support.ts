import { qualifiedNameOf, type PyValue } from '../../../torch/python.js';
import { Value } from '../../graph.js';
import { SizeNeededError } from '../../torch-ops/size-needed.js';
import { malformed } from '../attributes.js';
import type { Lowering } from '../context.js';
import type { Expression } from '../expression.js';
import { Scope } from '../scope.js';
import { lengthsOf } from './signature.js';

/**
 * A module for series [rows, variables, steps]. If it needs a fixed length, each length gets its
 * own graph.
 */
export class SeriesScope extends Scope {
  protected override unknownSize({ shape = [] }: Value): Error {
    const open = shape.filter((size) => typeof size === 'string');
    return new SizeNeededError(new Set(open), this.ctx.root ? lengthsOf(this.ctx.root) : []);
  }

  /** Calls children in turn; each may be fastai's `noop` or None. */
  maybe(x: Expression, names: string): Expression {
    return names.split(' ').reduce((value, name) => {
      if (this.has(name)) return this.run(value, name);
      // None is an attribute, or a child of that name.
      const held = this.attr(name);
      if (held === null || this.module.child(name) === null || isNoop(held)) return value;
      throw malformed(this.module, `it has no child module ${name}`);
    }, x);
  }

  /** Whether a child is of a class of this last name. */
  isOf(child: string, className: string): boolean {
    return this.module.child(child)?.className.endsWith(`.${className}`) ?? false;
  }

  /** All modules of a list with the same input, concatenated along the channels. */
  sideBySide(x: Expression, list: string): Expression[] {
    return this.list(list).map((child) => this.call(child, x));
  }

  /** 1 where a condition is true, else 0. */
  indicator(holds: Expression): Expression {
    return holds.of(this.ctx.graph.op('Cast', [holds.value], { to: 'float32' }));
  }

  /** 1 where a number is positive, else 0. */
  positive(x: Expression): Expression {
    return this.indicator(x.op('Greater', {}, this.constant([0], [])));
  }

  /** `value` at positions where the mask is true. */
  fill(x: Expression, mask: Expression, value: number): Expression {
    return x.of(this.ctx.graph.op('Where', [mask.value, this.ctx.graph.scalar(value), x.value]));
  }
}

const isNoop = (value: PyValue | undefined): boolean =>
  /(^|\.)noop$/.test(qualifiedNameOf(value) ?? '');

/** The forward of a module that takes one tensor. */
export function series(compute: (m: SeriesScope, x: Expression) => Expression): Lowering {
  return (module, ctx, inputs) => {
    const m = new SeriesScope(module, ctx);
    return compute(m, m.expression(ctx.value(module, inputs))).value;
  };
}

/** The forward of a module that takes several, separately or as a tuple that was passed on. */
export function seriesMany(
  compute: (m: SeriesScope, ...inputs: readonly Expression[]) => Expression,
): Lowering {
  return (module, ctx, inputs) => {
    const m = new SeriesScope(module, ctx);
    const [first] = inputs;
    const flows = inputs.length === 1 && first && !(first instanceof Value) ? first : inputs;
    const values = flows.flatMap((flow) =>
      flow instanceof Value ? [m.expression(flow)] : m.expressions(flow, 'it receives lists'),
    );
    return compute(m, ...values).value;
  };
}

/** A model that later versions split into a backbone and a head. */
export const backboned = (earlier: (m: SeriesScope, x: Expression) => Expression): Lowering =>
  series((m, x) => (m.has('backbone') ? m.run(x, 'backbone head') : earlier(m, x)));

/** `nn.Linear` and attention see [rows, steps, variables]. */
export const transposed = (x: Expression): Expression => x.permute(0, 2, 1);

export const chained = (names: string): Lowering => series((m, x) => m.run(x, names));

/** A class that computes the same as one of torch's, with the same attributes. */
export const as =
  (className: string): Lowering =>
  (module, ctx, inputs) => {
    const lowering = ctx.lowerings.get(className);
    if (!lowering) throw ctx.unsupported(module, `${className} is unknown`);
    return lowering(module, ctx, inputs);
  };
