import type { Attributes, GraphBuilder, Step } from '../graph-builder.js';
import type { Dim, Value } from '../graph.js';

/** The gradient by one operand of an operator. */
export type Gradient = (derivation: Derivation) => Value;

/** The backward pass does not support the operator in this form. */
export class NoGradientError extends Error {
  constructor(
    readonly op: string,
    readonly reason = 'its gradient is not supported',
  ) {
    super(`${op}: ${reason}`);
  }
}

/** One operator in the backward pass, and the helpers to write its gradient. */
export class Derivation {
  constructor(
    readonly graph: GraphBuilder,
    readonly step: Step,
    /** The gradient by the operator's result. */
    readonly dy: Value,
    /** The index of the operand of the derivative. */
    readonly index: number,
  ) {}

  /** The operand of the derivative. */
  get x(): Value {
    return this.operand(this.index);
  }

  /** The operator's result. */
  get y(): Value {
    return this.step.outputs[0]!;
  }

  operand(index: number): Value {
    return this.step.inputs[index] ?? this.refuse(`it lacks operand ${index}`);
  }

  number(name: string, absent: number): number {
    const value = this.step.attributes[name];
    return typeof value === 'number' ? value : absent;
  }

  numbers(name: string): readonly number[] | undefined {
    const value = this.step.attributes[name];
    return Array.isArray(value) ? (value as readonly number[]) : undefined;
  }

  op(name: string, inputs: readonly (Value | number)[], attributes?: Attributes): Value {
    const values = inputs.map((input) =>
      typeof input === 'number' ? this.graph.scalar(input) : input,
    );
    return this.graph.op(name, values, attributes);
  }

  mul(a: Value | number, b: Value | number): Value {
    return this.op('Mul', [a, b]);
  }

  /** 1 if the condition holds, else 0. */
  mask(condition: Value): Value {
    return this.graph.op('Cast', [condition], { to: 'float32' });
  }

  rank(value: Value): number {
    return value.rank ?? this.refuse('the rank of an operand is not known');
  }

  /** The same elements with the sizes of another value. */
  shapedLike(value: Value, like: Value): Value {
    return this.graph.op('Reshape', [value, this.graph.op('Shape', [like])]);
  }

  /** Repeats along the dimensions with one element. */
  spread(value: Value, like: Value): Value {
    const spread = this.graph.op('Expand', [value, this.graph.op('Shape', [like])]);
    return like.shape ? this.graph.assume(spread, like.shape) : spread;
  }

  /** The sum over the dimensions that numpy's broadcasting repeated in `like`. */
  gathered(value: Value, like: Value): Value {
    const [shape, wanted] = [this.shape(value), this.shape(like)];
    const added = shape.length - wanted.length;
    const axes = shape.flatMap((dim, axis) =>
      axis < added || (wanted[axis - added] === 1 && dim !== 1) ? [axis] : [],
    );
    if (axes.length === 0) return value;
    const sum = this.graph.op('ReduceSum', [value, this.graph.axes(...axes)], { keepdims: 1 });
    return this.shapedLike(sum, like);
  }

  shape(value: Value): readonly Dim[] {
    return value.shape ?? this.refuse('the rank of an operand is not known');
  }

  /** The number of elements in these dimensions, as a float. */
  count(value: Value, axes: readonly number[]): Value {
    const shape = this.shape(value);
    const sizes = axes.map((axis) => shape.at(axis));
    if (sizes.every((size) => typeof size === 'number')) {
      return this.graph.scalar(sizes.reduce((product, size) => product * size, 1));
    }
    const all = this.graph.op('Cast', [this.graph.op('Shape', [value])], { to: 'float32' });
    return axes
      .map((axis) => this.graph.op('Gather', [all, this.graph.scalar(axis, 'int64')]))
      .reduce((product, size) => this.graph.op('Mul', [product, size]));
  }

  refuse(reason: string): never {
    throw new NoGradientError(this.step.op, reason);
  }
}
