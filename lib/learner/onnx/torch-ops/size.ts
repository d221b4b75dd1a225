import { HostObject, type BinaryOp, type CompareOp, type UnaryOp } from '../../python/host.js';
import type { Value } from '../../python/values.js';
import type { GraphBuilder } from '../graph-builder.js';
import type { Value as GraphValue } from '../graph.js';
import { SizeNeededError } from './size-needed.js';

/** A size of a tensor: known, or computed by the graph. */
export type Size = number | SymSize;

/** A number that is unknown while the graph is built. The graph computes it once. */
export interface SizeAtom {
  /** Equal keys are equal sizes. */
  readonly key: string;
  readonly dims: ReadonlySet<string>;
  /** Its lower bound. */
  readonly least: number;
  /** An int64 vector of one element. */
  emit(): GraphValue;
}

interface Term {
  readonly factor: number;
  /** Sorted by key; a squared one occurs twice. */
  readonly atoms: readonly SizeAtom[];
}

const keyOfTerm = (atoms: readonly SizeAtom[]): string => atoms.map(({ key }) => key).join('*');

/**
 * A size that is unknown while the graph is built: a polynomial of numbers that the graph computes.
 * Code can calculate with it. An operation that needs its value throws a {@link SizeNeededError}.
 */
export class SymSize extends HostObject {
  override readonly typeName = 'int';
  #emitted: GraphValue | undefined;

  private constructor(
    private readonly graph: GraphBuilder,
    private readonly terms: ReadonlyMap<string, Term>,
  ) {
    super();
  }

  static of(graph: GraphBuilder, atom: SizeAtom): SymSize {
    return new SymSize(graph, new Map([[atom.key, { factor: 1, atoms: [atom] }]]));
  }

  static #from(graph: GraphBuilder, terms: Map<string, Term>): Size {
    for (const [key, { factor }] of terms) if (factor === 0) terms.delete(key);
    if (terms.size === 0) return 0;
    const constant = terms.get('');
    if (terms.size === 1 && constant) return constant.factor;
    return new SymSize(graph, terms);
  }

  /** The graph's inputs and axes that it depends on: `image.2`. */
  get dims(): ReadonlySet<string> {
    return new Set(
      [...this.terms.values()].flatMap(({ atoms }) => atoms.flatMap(({ dims }) => [...dims])),
    );
  }

  /** Its formula in one form, so that equal texts are equal sizes. */
  get expression(): string {
    return [...this.terms]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, { factor }]) =>
        key === '' ? String(factor) : factor === 1 ? key : `${factor}*${key}`,
      )
      .join('+');
  }

  /** An int64 vector of one element. */
  emit(): GraphValue {
    return (this.#emitted ??= this.#compute());
  }

  #compute(): GraphValue {
    const { graph } = this;
    const emitTerm = ({ factor, atoms }: Term): GraphValue =>
      atoms
        .map((atom) => atom.emit())
        .reduce(
          (product: GraphValue | undefined, value) =>
            product ? graph.op('Mul', [product, value]) : value,
          factor === 1 && atoms.length > 0 ? undefined : graph.axes(factor),
        )!;
    return [...this.terms.values()]
      .map(emitTerm)
      .reduce((sum, value) => graph.op('Add', [sum, value]));
  }

  static add(a: Size, b: Size, sign: 1 | -1 = 1): Size {
    if (typeof a === 'number' && typeof b === 'number') return a + sign * b;
    const graph = graphOf(a, b);
    const terms = new Map(termsOf(a));
    for (const [key, { factor, atoms }] of termsOf(b)) {
      terms.set(key, { factor: (terms.get(key)?.factor ?? 0) + sign * factor, atoms });
    }
    return SymSize.#from(graph, terms);
  }

  static mul(a: Size, b: Size): Size {
    if (typeof a === 'number' && typeof b === 'number') return a * b;
    const graph = graphOf(a, b);
    const terms = new Map<string, Term>();
    for (const [, left] of termsOf(a)) {
      for (const [, right] of termsOf(b)) {
        const atoms = [...left.atoms, ...right.atoms].sort((x, y) => (x.key < y.key ? -1 : 1));
        const key = keyOfTerm(atoms);
        const factor = left.factor * right.factor + (terms.get(key)?.factor ?? 0);
        terms.set(key, { factor, atoms });
      }
    }
    if (terms.size > MOST_TERMS) throw neededOf(a, b);
    return SymSize.#from(graph, terms);
  }

  /** `a // b` as Python rounds it; b is not 0. */
  static floorDiv(a: Size, b: Size): Size {
    if (typeof a === 'number' && typeof b === 'number') return Math.floor(a / b);
    const graph = graphOf(a, b);
    const exact = divided(graph, a, b);
    if (exact !== undefined) return exact;
    if (boundsOf(b)[0] <= 0) throw neededOf(a, b);
    return SymSize.of(graph, {
      key: `(${textOf(a)})//(${textOf(b)})`,
      dims: neededOf(a, b).dims,
      least: boundsOf(a)[0] >= 0 ? 0 : -Infinity,
      emit: () => {
        const [x, y] = [vectorOf(graph, a), vectorOf(graph, b)];
        const quotient = graph.op('Div', [x, y]);
        if (boundsOf(a)[0] >= 0) return quotient;
        // The operator rounds towards zero.
        const rest = graph.op('Sub', [x, graph.op('Mul', [quotient, y])]);
        const below = graph.op('Cast', [graph.op('Less', [rest, graph.axes(0)])], { to: 'int64' });
        return graph.op('Sub', [quotient, below]);
      },
    });
  }

  static mod(a: Size, b: Size): Size {
    return SymSize.add(a, SymSize.mul(SymSize.floorDiv(a, b), b), -1);
  }

  static extreme(op: 'Min' | 'Max', a: Size, b: Size): Size {
    if (typeof a === 'number' && typeof b === 'number') {
      return op === 'Min' ? Math.min(a, b) : Math.max(a, b);
    }
    const [least, most] = boundsOf(SymSize.add(a, b, -1));
    if (least >= 0) return op === 'Max' ? a : b;
    if (most <= 0) return op === 'Max' ? b : a;
    const graph = graphOf(a, b);
    const [x, y] = [a, b].sort((p, q) => (textOf(p) < textOf(q) ? -1 : 1)) as [Size, Size];
    const both = [boundsOf(a)[0], boundsOf(b)[0]];
    return SymSize.of(graph, {
      key: `${op.toLowerCase()}(${textOf(x)},${textOf(y)})`,
      dims: neededOf(a, b).dims,
      least: op === 'Min' ? Math.min(...both) : Math.max(...both),
      emit: () => graph.op(op, [vectorOf(graph, x), vectorOf(graph, y)]),
    });
  }

  static product(sizes: readonly Size[]): Size {
    return sizes.reduce<Size>((product, size) => SymSize.mul(product, size), 1);
  }

  static equal(a: Size, b: Size): boolean | undefined {
    const difference = SymSize.add(a, b, -1);
    if (typeof difference === 'number') return difference === 0;
    const [least, most] = boundsOf(difference);
    return least > 0 || most < 0 ? false : undefined;
  }

  /** Its known lower and upper bounds. */
  get bounds(): readonly [number, number] {
    let least = 0;
    let most = 0;
    for (const { factor, atoms } of this.terms.values()) {
      if (atoms.length === 0) {
        least += factor;
        most += factor;
        continue;
      }
      const smallest = atoms.reduce((product, atom) => product * Math.max(atom.least, 0), factor);
      const open = atoms.some((atom) => atom.least < 0);
      if (factor > 0) {
        least += open ? -Infinity : smallest;
        most = Infinity;
      } else {
        least = -Infinity;
        most += open ? Infinity : smallest;
      }
    }
    return [least, most];
  }

  /** Terms for `divided`. */
  get parts(): ReadonlyMap<string, Term> {
    return this.terms;
  }

  get owner(): GraphBuilder {
    return this.graph;
  }

  static build(graph: GraphBuilder, terms: Map<string, Term>): Size {
    return SymSize.#from(graph, terms);
  }

  needed(): SizeNeededError {
    return new SizeNeededError(this.dims);
  }

  override unary(op: UnaryOp): Value {
    if (op === '~') throw this.needed();
    return op === '+' ? this : valueOf(SymSize.mul(this, -1));
  }

  override binary(
    op: BinaryOp,
    other: Value,
    { reflected }: { readonly reflected: boolean },
  ): Value | undefined {
    if (typeof other === 'number' || other instanceof SymFloat) {
      return SymFloat.binary(op, this, other, reflected);
    }
    const size = sizeOperand(other);
    if (size === undefined) return undefined;
    const [a, b]: [Size, Size] = reflected ? [size, this] : [this, size];
    switch (op) {
      case '+':
        return valueOf(SymSize.add(a, b));
      case '-':
        return valueOf(SymSize.add(a, b, -1));
      case '*':
        return valueOf(SymSize.mul(a, b));
      case '//':
        if (b === 0) break;
        return valueOf(SymSize.floorDiv(a, b));
      case '%':
        if (b === 0) break;
        return valueOf(SymSize.mod(a, b));
      case '/':
        if (b === 0) break;
        return SymFloat.binary('/', this, other, reflected);
      case '**':
        if (typeof b === 'number' && b >= 0 && b <= 4) {
          return valueOf(SymSize.product(Array.from({ length: b }, () => a)));
        }
        break;
      default:
    }
    throw this.needed();
  }

  override compare(op: CompareOp, other: Value): Value | undefined {
    if (typeof other === 'number' && Number.isInteger(other)) other = BigInt(other);
    const size = sizeOperand(other);
    if (size === undefined) {
      if (typeof other === 'number' || other instanceof SymFloat) throw this.needed();
      return undefined;
    }
    const difference = SymSize.add(this, size, -1);
    const [least, most] = boundsOf(difference);
    const decided = decide(op, least, most);
    if (decided === undefined) throw neededOf(this, size);
    return decided;
  }

  override truth(): boolean {
    const [least, most] = this.bounds;
    if (least > 0 || most < 0) return true;
    throw this.needed();
  }

  override index(): bigint {
    throw this.needed();
  }

  override toInt(): Value {
    return this;
  }

  override toFloat(): Value {
    throw this.needed();
  }

  override getAttr(name: string): Value | undefined {
    if (name === 'real' || name === 'numerator') return this;
    return undefined;
  }

  override repr(): string {
    throw this.needed();
  }

  override str(): string {
    throw this.needed();
  }
}

const MOST_TERMS = 64;

function decide(op: CompareOp, least: number, most: number): boolean | undefined {
  switch (op) {
    case '==':
      return least === 0 && most === 0 ? true : least > 0 || most < 0 ? false : undefined;
    case '!=':
      return least === 0 && most === 0 ? false : least > 0 || most < 0 ? true : undefined;
    case '<':
      return most < 0 ? true : least >= 0 ? false : undefined;
    case '<=':
      return most <= 0 ? true : least > 0 ? false : undefined;
    case '>':
      return least > 0 ? true : most <= 0 ? false : undefined;
    case '>=':
      return least >= 0 ? true : most < 0 ? false : undefined;
  }
}

function termsOf(size: Size): ReadonlyMap<string, Term> {
  return typeof size === 'number' ? new Map([['', { factor: size, atoms: [] }]]) : size.parts;
}

function graphOf(a: Size, b: Size): GraphBuilder {
  return (a instanceof SymSize ? a : (b as SymSize)).owner;
}

const textOf = (size: Size): string => (typeof size === 'number' ? String(size) : size.expression);

const boundsOf = (size: Size): readonly [number, number] =>
  typeof size === 'number' ? [size, size] : size.bounds;

function vectorOf(graph: GraphBuilder, size: Size): GraphValue {
  return typeof size === 'number' ? graph.axes(size) : size.emit();
}

function neededOf(...sizes: readonly Size[]): SizeNeededError {
  return new SizeNeededError(
    new Set(sizes.flatMap((size) => (typeof size === 'number' ? [] : [...size.dims]))),
  );
}

/** The quotient if b is one term that divides every term of a. */
function divided(graph: GraphBuilder, a: Size, b: Size): Size | undefined {
  const [by, ...more] = termsOf(b).values();
  if (!by || more.length > 0) {
    return SymSize.add(a, b, -1) === 0 ? 1 : undefined;
  }
  const terms = new Map<string, Term>();
  for (const { factor, atoms } of termsOf(a).values()) {
    const rest = [...atoms];
    for (const { key } of by.atoms) {
      const at = rest.findIndex((atom) => atom.key === key);
      if (at < 0) return undefined;
      rest.splice(at, 1);
    }
    if (factor % by.factor !== 0) return undefined;
    terms.set(keyOfTerm(rest), { factor: factor / by.factor, atoms: rest });
  }
  return SymSize.build(graph, terms);
}

/** A size as a Python value. */
export const valueOf = (size: Size): Value => (typeof size === 'number' ? BigInt(size) : size);

/** A Python int or an unknown size, as a size. */
export function sizeOperand(value: Value | undefined): Size | undefined {
  if (value instanceof SymSize) return value;
  if (typeof value === 'bigint' || typeof value === 'boolean') return Number(value);
  return undefined;
}

/**
 * A float computed from sizes: `h / 2`. Tensors can calculate with it, and `int()` makes a size.
 */
export class SymFloat extends HostObject {
  override readonly typeName = 'float';

  private constructor(
    private readonly graph: GraphBuilder,
    private readonly dims: ReadonlySet<string>,
    private readonly expression: string,
    private readonly compute: () => GraphValue,
  ) {
    super();
  }

  static of(value: SymSize | SymFloat): SymFloat {
    if (value instanceof SymFloat) return value;
    const graph = value.owner;
    return new SymFloat(graph, value.dims, value.expression, () =>
      graph.op('Cast', [value.emit()], { to: 'float64' }),
    );
  }

  /** A float64 vector of one element. */
  emit(): GraphValue {
    return this.compute();
  }

  static binary(
    op: BinaryOp,
    self: SymSize | SymFloat,
    other: Value,
    reflected: boolean,
  ): Value | undefined {
    const left = SymFloat.of(self);
    const { graph } = left;
    const right =
      other instanceof SymSize || other instanceof SymFloat
        ? SymFloat.of(other)
        : typeof other === 'number' || typeof other === 'bigint' || typeof other === 'boolean'
          ? new SymFloat(graph, new Set(), String(other), () =>
              graph.constant([Number(other)], 'float64'),
            )
          : undefined;
    if (!right) return undefined;
    const dims = new Set([...left.dims, ...right.dims]);
    const name = FLOAT_OPS.get(op);
    if (name === undefined) throw new SizeNeededError(dims);
    const [a, b] = reflected ? [right, left] : [left, right];
    return new SymFloat(graph, dims, `(${a.expression})${op}(${b.expression})`, () =>
      graph.op(name, [a.emit(), b.emit()]),
    );
  }

  needed(): SizeNeededError {
    return new SizeNeededError(this.dims);
  }

  override unary(op: UnaryOp): Value {
    if (op === '~') throw this.needed();
    return op === '+' ? this : SymFloat.binary('*', this, -1, false)!;
  }

  override binary(
    op: BinaryOp,
    other: Value,
    { reflected }: { readonly reflected: boolean },
  ): Value | undefined {
    return SymFloat.binary(op, this, other, reflected);
  }

  override compare(): Value | undefined {
    throw this.needed();
  }

  override truth(): boolean {
    throw this.needed();
  }

  override toInt(): Value {
    const { graph } = this;
    return SymSize.of(graph, {
      key: `int(${this.expression})`,
      dims: this.dims,
      least: -Infinity,
      emit: () => graph.op('Cast', [this.emit()], { to: 'int64' }),
    });
  }

  override toFloat(): Value {
    throw this.needed();
  }

  override repr(): string {
    throw this.needed();
  }

  override str(): string {
    throw this.needed();
  }
}

const FLOAT_OPS = new Map<BinaryOp, string>([
  ['+', 'Add'],
  ['-', 'Sub'],
  ['*', 'Mul'],
  ['/', 'Div'],
]);
