import type { Attribute, Dim, Shape, Value, ValueType } from '../graph.js';
import type { OnnxDType } from '../dtype.js';

/** How an attribute is given and written; 'dtype' is given by name and written as a code. */
export type AttributeKind = Attribute['kind'] | 'dtype';

/** An attribute as given by a lowering. */
export type AttributeInput = number | string | boolean | readonly number[] | readonly string[];

/** The definition of an operator: its operands, its attributes, and the types of its results. */
export interface OpSchema {
  /** The minimum and maximum number of operands. */
  readonly inputs: readonly [number, number];
  readonly attributes?: Readonly<Record<string, AttributeKind>>;
  /** Its name in ONNX, if that differs. */
  readonly type?: string;
  /** '' for the operators of ONNX itself. */
  readonly domain?: string;
  /** The type of each output; calls `fail` if the operands do not match. */
  infer(call: OpCall): readonly ValueType[];
}

/** One use of an operator, for its schema. */
export class OpCall {
  constructor(
    readonly op: string,
    readonly inputs: readonly (Value | undefined)[],
    readonly attributes: Readonly<Record<string, AttributeInput | undefined>>,
    readonly fail: (reason: string) => never,
  ) {}

  /** A required operand. */
  input(index: number): Value {
    return this.inputs[index] ?? this.fail(`${this.op} lacks operand ${index}`);
  }

  int(name: string, absent: number): number {
    const value = this.attributes[name];
    return typeof value === 'number' ? value : absent;
  }

  ints(name: string): readonly number[] | undefined {
    const value = this.attributes[name];
    return Array.isArray(value) ? (value as readonly number[]) : undefined;
  }

  /** All given operands have one of these types. */
  expect(index: number, ...dtypes: readonly OnnxDType[]): Value {
    const value = this.input(index);
    if (!dtypes.includes(value.dtype)) {
      this.fail(
        `${this.op} takes ${dtypes.join(' or ')} as operand ${index}, not ${describe(value)}`,
      );
    }
    return value;
  }

  /** All given operands have the same type. */
  expectSame(): OnnxDType {
    const { dtype } = this.input(0);
    for (const value of this.inputs) {
      if (value && value.dtype !== dtype) {
        this.fail(`${this.op} takes operands of one type, not ${this.#list()}`);
      }
    }
    return dtype;
  }

  expectRank(index: number, ...ranks: readonly number[]): Value {
    const value = this.input(index);
    if (value.rank !== undefined && !ranks.includes(value.rank)) {
      this.fail(
        `${this.op} takes rank ${ranks.join(' or ')} as operand ${index}, not ${describe(value)}`,
      );
    }
    return value;
  }

  /** `axis` counted from the front; undefined if it is negative and the rank is unknown. */
  axis(axis: number, rank: number | undefined): number | undefined {
    if (rank === undefined) return axis < 0 ? undefined : axis;
    if (axis < -rank || axis >= rank)
      this.fail(`${this.op}: axis ${axis} of a value of rank ${rank}`);
    return axis < 0 ? axis + rank : axis;
  }

  /** numpy's broadcasting; unknown sizes stay unknown. */
  broadcast(...shapes: readonly Shape[]): Shape {
    let result: Shape = [];
    for (const shape of shapes) {
      if (shape === undefined) return undefined;
      result = this.#broadcastPair(result ?? [], shape);
    }
    return result;
  }

  #broadcastPair(left: readonly Dim[], right: readonly Dim[]): Dim[] {
    const rank = Math.max(left.length, right.length);
    return Array.from({ length: rank }, (_, i) => {
      const a = at(left, i - rank + left.length);
      const b = at(right, i - rank + right.length);
      if (a === 1) return b;
      if (b === 1 || a === b) return a;
      if (typeof a === 'number' && typeof b === 'number') {
        this.fail(`${this.op} cannot broadcast ${showShape(left)} with ${showShape(right)}`);
      }
      return typeof a === 'number' ? a : typeof b === 'number' ? b : null;
    });
  }

  /** Fails unless the two sizes may be equal; returns the better known one. */
  unify(a: Dim, b: Dim, what: string): Dim {
    if (typeof a === 'number' && typeof b === 'number' && a !== b) {
      this.fail(`${this.op}: ${what} are ${a} and ${b}`);
    }
    return typeof a === 'number' ? a : (b ?? a);
  }

  #list(): string {
    return this.inputs.map((value) => (value ? describe(value) : 'none')).join(' and ');
  }
}

/** A dimension by index; 1 before the front, as in broadcasting. */
function at(shape: readonly Dim[], index: number): Dim {
  return index < 0 ? 1 : (shape[index] ?? null);
}

function showShape(shape: Shape): string {
  return shape === undefined ? '[...]' : `[${shape.map((dim) => dim ?? '?').join(', ')}]`;
}

/** `float32[batch, 3]`. */
function describe(type: ValueType): string {
  return `${type.dtype}${showShape(type.shape)}`;
}
