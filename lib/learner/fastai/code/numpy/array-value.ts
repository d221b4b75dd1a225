import { LibraryError, LibraryLimitError, asLibrary } from '../library-error.js';
import { bind, signature } from '../../../python/arguments.js';
import type { Context } from '../../../python/context.js';
import { HostObject, type BinaryOp, type CompareOp, type UnaryOp } from '../../../python/host.js';
import { TYPES } from '../../../python/types.js';
import {
  Builtin,
  ClassValue,
  ELLIPSIS,
  List,
  Slice,
  Tuple,
  type Kwargs,
  type Value,
} from '../../../python/values.js';
import {
  bitsOf,
  DEFAULT_TYPES,
  isFloat,
  isNpDType,
  promoted,
  type NpDType,
  type Weak,
} from './dtypes.js';
import { binary, compare, inverted, negated, type Operand } from './elementwise.js';
import { getItem, setItem, type IndexPart } from './indexing.js';
import { countOf, Nd } from './nd-array.js';

/** A host object that numpy accepts as an array, such as an image. */
export abstract class ArraySource extends HostObject {
  abstract array(ctx: Context): Nd;
}

/** Bytes that count as one item of the budget. */
const BYTES_PER_ITEM = 128;

/** Counts memory before it is allocated. @throws CodeBudgetError */
export function chargeBytes(ctx: Context, bytes: number): void {
  ctx.budget.charge(Math.ceil(bytes / BYTES_PER_ITEM));
}

/** Runs an operation of arrays; numpy's refusals become Python exceptions. */
function guarded<T>(ctx: Context, elements: number, run: () => T): T {
  chargeBytes(ctx, 8 * elements);
  return asLibrary(ctx, run);
}

/** `np.uint8`: a callable class, and the dtype of an array. */
export class DTypeValue extends HostObject {
  override readonly typeName = 'dtype';

  private constructor(readonly dtype: NpDType) {
    super();
  }

  static readonly #all = new Map<NpDType, DTypeValue>();

  static of(dtype: NpDType): DTypeValue {
    let value = this.#all.get(dtype);
    if (!value) this.#all.set(dtype, (value = new DTypeValue(dtype)));
    return value;
  }

  override call(args: readonly Value[], _kwargs: Kwargs, ctx: Context): Value {
    const array = args.length === 0 ? Nd.scalar(this.dtype, 0) : arrayOf(ctx, args[0]!);
    return new ArrayValue(guarded(ctx, array.size, () => array.astype(this.dtype)));
  }

  override compare(op: CompareOp, other: Value, ctx: Context): Value | undefined {
    if (op !== '==' && op !== '!=') return undefined;
    return (dtypeOf(ctx, other) === this.dtype) === (op === '==');
  }

  override getAttr(name: string): Value | undefined {
    if (name === 'name' || name === '__name__') return this.dtype;
    if (name === 'itemsize') return BigInt(bitsOf(this.dtype) / 8);
    if (name === 'kind') return this.dtype === 'bool' ? 'b' : this.dtype[0]!;
    return undefined;
  }

  override str(): string {
    return this.dtype;
  }

  override repr(): string {
    return `dtype('${this.dtype}')`;
  }
}

const NAMES_OF_PYTHON: ReadonlyMap<ClassValue, NpDType> = new Map([
  [TYPES.int as ClassValue, 'int64'],
  [TYPES.float as ClassValue, 'float64'],
  [TYPES.bool as ClassValue, 'bool'],
]);

const SHORT_NAMES: ReadonlyMap<string, NpDType> = new Map([
  ['u1', 'uint8'],
  ['i4', 'int32'],
  ['i8', 'int64'],
  ['f4', 'float32'],
  ['f8', 'float64'],
  ['f', 'float32'],
  ['d', 'float64'],
  ['B', 'uint8'],
  ['int', 'int64'],
  ['float', 'float64'],
]);

/**
 * The dtype named by `dtype=`: `np.float32`, `'float32'`, `float`. Undefined for an unknown dtype.
 */
export function dtypeOf(_ctx: Context, value: Value): NpDType | undefined {
  if (value instanceof DTypeValue) return value.dtype;
  if (value instanceof ClassValue) return NAMES_OF_PYTHON.get(value);
  if (typeof value !== 'string') return undefined;
  return isNpDType(value) ? value : SHORT_NAMES.get(value);
}

function dtypeArgument(ctx: Context, value: Value | undefined): NpDType | undefined {
  if (value === undefined || value === null) return undefined;
  const dtype = dtypeOf(ctx, value);
  if (dtype === undefined)
    throw ctx.unsupported(`numpy's element type ${ctx.repr(value)} is not supported`);
  return dtype;
}

/**
 * A Python number, an array, or a value that numpy turns into an array. Undefined for anything
 * else.
 */
function operandOf(ctx: Context, value: Value): Operand | undefined {
  const weak = weakOf(value);
  if (weak) return { array: Nd.scalar(DEFAULT_TYPES[weak], Number(value)), weak };
  if (value instanceof ArrayValue) return { array: value.array };
  if (value instanceof ArraySource) return { array: value.array(ctx) };
  if (value instanceof List || value instanceof Tuple) return { array: nested(ctx, value) };
  return undefined;
}

function weakOf(value: Value): Weak | undefined {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  return typeof value === 'number' ? 'float' : undefined;
}

/** @throws a TypeError of Python */
export function arrayOf(ctx: Context, value: Value): Nd {
  const operand = operandOf(ctx, value);
  if (operand) return operand.array;
  throw ctx.raise('TypeError', `cannot make a numpy array of '${ctx.typeOf(value).name}'`);
}

/** `np.array` of nested lists. */
function nested(ctx: Context, value: List | Tuple): Nd {
  const parts = value.items.map((item) => arrayOf(ctx, item));
  ctx.budget.step(parts.length);
  const shape = parts[0]?.shape ?? [];
  if (parts.some((part) => part.shape.join() !== shape.join())) {
    throw ctx.raise(
      'ValueError',
      'setting an array element with a sequence. The requested array has an inhomogeneous shape',
    );
  }
  const dtype = parts.map((part) => part.dtype).reduce(promoted, parts[0]?.dtype ?? 'float64');
  const size = countOf(shape);
  return guarded(ctx, size * parts.length, () => {
    const out = Nd.of(dtype, [parts.length, ...shape]);
    parts.forEach((part, i) => out.data.set(part.astype(dtype).data, i * size));
    return out;
  });
}

/** A size, index or axis. */
export function intOf(ctx: Context, value: Value): number {
  return Number(ctx.index(value));
}

export function shapeOf(ctx: Context, value: Value): number[] {
  return value instanceof Tuple || value instanceof List
    ? value.items.map((item) => intOf(ctx, item))
    : [intOf(ctx, value)];
}

/** The arguments of a method or function of numpy. */
export class ArrayCall {
  constructor(
    readonly ctx: Context,
    private readonly bound: Record<string, Value | undefined>,
    readonly rest: readonly Value[],
  ) {}

  value(name: string): Value | undefined {
    return this.bound[name] ?? undefined;
  }

  has(name: string): boolean {
    return this.value(name) !== undefined;
  }

  array(name = 'a'): Nd {
    return arrayOf(this.ctx, this.bound[name] ?? null);
  }

  operand(name: string): Operand {
    const value = this.bound[name] ?? null;
    return operandOf(this.ctx, value) ?? { array: arrayOf(this.ctx, value) };
  }

  int(name: string, absent: number): number {
    const value = this.value(name);
    return value === undefined ? absent : intOf(this.ctx, value);
  }

  maybeInt(name: string): number | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : intOf(this.ctx, value);
  }

  float(name: string, absent: number): number {
    return this.has(name) ? this.array(name).first : absent;
  }

  bool(name: string): boolean {
    const value = this.value(name);
    return value !== undefined && this.ctx.truth(value);
  }

  axes(name = 'axis'): number[] | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : shapeOf(this.ctx, value);
  }

  dtype(name = 'dtype'): NpDType | undefined {
    return dtypeArgument(this.ctx, this.value(name));
  }

  /** Charges an operation on that many elements. */
  run(elements: number, work: () => Nd): Value {
    return new ArrayValue(guarded(this.ctx, elements, work));
  }
}

/** A numpy function: its parameters and its result. */
export interface ArrayFunction {
  readonly parameters: string;
  readonly run: (call: ArrayCall) => Value;
}

export function callArrayFunction(
  ctx: Context,
  name: string,
  { parameters, run }: ArrayFunction,
  args: readonly Value[],
  kwargs: Kwargs,
): Value {
  const { bound, rest } = bind(ctx, name, signature(parameters), args, kwargs);
  return run(new ArrayCall(ctx, bound, rest));
}

/** Methods of arrays, whose first parameter is the array; `methods.ts` fills it. */
export const arrayMethods = new Map<string, ArrayFunction>();

/** numpy's ndarray, and its scalars, which have no axes. */
export class ArrayValue extends HostObject {
  override readonly typeName = 'ndarray';
  static type: ClassValue = new ClassValue('ndarray', 'numpy.ndarray', [TYPES.object], [], {
    has: (value) => value instanceof ArrayValue,
  });
  override readonly cls = ArrayValue.type;

  constructor(public array: Nd) {
    super();
  }

  override getAttr(name: string, ctx: Context): Value | undefined {
    const { array } = this;
    switch (name) {
      case 'shape':
        return new Tuple(array.shape.map(BigInt));
      case 'ndim':
        return BigInt(array.ndim);
      case 'size':
        return BigInt(array.size);
      case 'dtype':
        return DTypeValue.of(array.dtype);
      case 'nbytes':
        return BigInt((array.size * bitsOf(array.dtype)) / 8);
      case 'T':
        return new ArrayValue(array.transpose(array.shape.map((_, i) => array.ndim - 1 - i)));
      default: {
        const method = arrayMethods.get(name);
        if (!method) return undefined;
        return new Builtin(name, (inner, args, kwargs) =>
          callArrayFunction(inner ?? ctx, name, method, [this, ...args], kwargs),
        );
      }
    }
  }

  override unary(op: UnaryOp, ctx: Context): Value {
    const { array } = this;
    return new ArrayValue(
      guarded(ctx, array.size, () =>
        op === '-' ? negated(array) : op === '~' ? inverted(array) : array.copy(),
      ),
    );
  }

  override binary(
    op: BinaryOp,
    other: Value,
    { reflected, inPlace }: { readonly reflected: boolean; readonly inPlace: boolean },
    ctx: Context,
  ): Value | undefined {
    const operand = operandOf(ctx, other);
    if (!operand) return undefined;
    const own = { array: this.array };
    if (op === '@')
      return new ArrayValue(
        guarded(ctx, 0, () =>
          matmul(ctx, reflected ? operand.array : own.array, reflected ? own.array : operand.array),
        ),
      );
    const size = Math.max(own.array.size, operand.array.size) * 2;
    const made = guarded(ctx, size, () =>
      reflected ? binary(op, operand, own) : binary(op, own, operand),
    );
    if (!made) return undefined;
    if (!inPlace || this.array.ndim === 0) return new ArrayValue(made);
    return this.#written(made, op, ctx);
  }

  /** `a += b`: refuses values that do not fit the dtype of `a` safely. */
  #written(made: Nd, op: BinaryOp, ctx: Context): Value {
    const { array } = this;
    const safe = isFloat(array.dtype) || !isFloat(made.dtype);
    if (!safe || (array.dtype === 'bool' && made.dtype !== 'bool')) {
      throw ctx.raise(
        'TypeError',
        `Cannot cast ufunc '${op}' output from dtype('${made.dtype}') to dtype('${array.dtype}') with casting rule 'same_kind'`,
      );
    }
    const wide = made.broadcast(array.shape);
    if (!wide) throw ctx.raise('ValueError', 'non-broadcastable output operand');
    array.assign(wide);
    return this;
  }

  override compare(op: CompareOp, other: Value, ctx: Context): Value | undefined {
    const operand = operandOf(ctx, other);
    if (!operand) return undefined;
    const size = Math.max(this.array.size, operand.array.size);
    return new ArrayValue(guarded(ctx, size, () => compare(op, { array: this.array }, operand)));
  }

  override getItem(key: Value, ctx: Context): Value {
    const parts = indexParts(ctx, key);
    return new ArrayValue(
      guarded(ctx, costOf(this.array, parts), () => getItem(this.array, parts)),
    );
  }

  override setItem(key: Value, value: Value, ctx: Context): void {
    const parts = indexParts(ctx, key);
    const values = arrayOf(ctx, value);
    guarded(ctx, this.array.size, () => setItem(this.array, parts, values));
  }

  override *iterate(ctx: Context): Iterator<Value> {
    const { array } = this;
    if (array.ndim === 0) throw ctx.raise('TypeError', 'iteration over a 0-d array');
    for (let at = 0; at < array.shape[0]!; at++) {
      yield new ArrayValue(getItem(array, [{ kind: 'int', at }]));
    }
  }

  override contains(item: Value, ctx: Context): boolean {
    const operand = operandOf(ctx, item);
    if (!operand) return false;
    return guarded(ctx, this.array.size, () =>
      compare('==', { array: this.array }, operand)
        .flat()
        .includes(1 as never),
    );
  }

  override truth(ctx: Context): boolean {
    if (this.array.size === 1) return this.array.first !== 0;
    throw ctx.raise(
      'ValueError',
      'The truth value of an array with more than one element is ambiguous. Use a.any() or a.all()',
    );
  }

  override length(ctx: Context): Value {
    const [length] = this.array.shape;
    if (length === undefined) throw ctx.raise('TypeError', 'len() of unsized object');
    return BigInt(length);
  }

  override index(ctx: Context): bigint {
    if (this.array.size === 1 && !isFloat(this.array.dtype)) return BigInt(this.array.first);
    throw ctx.raise('TypeError', 'only integer scalar arrays can be converted to a scalar index');
  }

  override toInt(ctx: Context): Value {
    const value = this.#only(ctx);
    if (!Number.isFinite(value)) {
      throw ctx.raise('ValueError', `cannot convert float ${value} to integer`);
    }
    return BigInt(Math.trunc(value));
  }

  override toFloat(ctx: Context): Value {
    return this.#only(ctx);
  }

  override str(ctx: Context): string {
    if (this.array.ndim === 0) return ctx.str(itemOf(this.array));
    throw ctx.unsupported('The text of a numpy array is not supported');
  }

  override repr(ctx: Context): string {
    return this.str(ctx);
  }

  #only(ctx: Context): number {
    if (this.array.size === 1) return this.array.first;
    throw ctx.raise('TypeError', 'only 0-dimensional arrays can be converted to Python scalars');
  }
}

function costOf(array: Nd, parts: readonly IndexPart[]): number {
  return parts.some(({ kind }) => kind === 'array') ? 2 * array.size : 0;
}

/** The first element as a Python value. */
export function itemOf({ dtype, first }: Nd): Value {
  if (dtype === 'bool') return first !== 0;
  return isFloat(dtype) ? first : BigInt(first);
}

/** Splits `a[key]` into its parts. @throws an IndexError of Python */
function indexParts(ctx: Context, key: Value): IndexPart[] {
  const items = key instanceof Tuple ? key.items : [key];
  const whole = (value: Value): number | undefined =>
    value === null ? undefined : intOf(ctx, value);
  return items.map((item): IndexPart => {
    if (item === null) return { kind: 'new' };
    if (item instanceof Slice) {
      const [start, stop, step] = [whole(item.start), whole(item.stop), whole(item.step)];
      return {
        kind: 'slice',
        ...(start !== undefined && { start }),
        ...(stop !== undefined && { stop }),
        ...(step !== undefined && { step }),
      };
    }
    if (item === ELLIPSIS) return { kind: 'rest' };
    if (typeof item === 'boolean') return { kind: 'array', array: Nd.scalar('bool', Number(item)) };
    if (
      item instanceof List ||
      (item instanceof ArrayValue && (item.array.ndim > 0 || item.array.dtype === 'bool'))
    ) {
      const array = arrayOf(ctx, item);
      return {
        kind: 'array',
        array: array.size === 0 && item instanceof List ? array.astype('int64') : array,
      };
    }
    return { kind: 'int', at: intOf(ctx, item) };
  });
}

/** `a @ b` of matrices and vectors. */
export function matmul(ctx: Context, a: Nd, b: Nd): Nd {
  if (a.ndim > 2 && b.ndim > 0 && b.ndim < 3) {
    const inner = a.shape.at(-1)!;
    const made = matmul(ctx, a.reshape([a.size / inner, inner]), b);
    return made.reshape([...a.shape.slice(0, -1), ...b.shape.slice(1)]);
  }
  if (a.ndim === 0 || b.ndim === 0 || a.ndim > 2 || b.ndim > 2) {
    throw new LibraryLimitError(
      'Products of arrays other than vectors and matrices are not supported',
    );
  }
  const dtype = promoted(a.dtype, b.dtype);
  const [left, right] = [
    a.ndim === 1 ? a.reshape([1, a.size]) : a,
    b.ndim === 1 ? b.reshape([b.size, 1]) : b,
  ];
  const [rows, inner] = left.shape as [number, number];
  const [other, columns] = right.shape as [number, number];
  if (inner !== other) {
    throw new LibraryError(
      'ValueError',
      `matmul: Input operand 1 has a mismatch in its core dimension 0 (size ${other} is different from ${inner})`,
    );
  }
  ctx.budget.step(Math.ceil((rows * inner * columns) / 16));
  const [x, y] = [left.astype(dtype).data, right.astype(dtype).data];
  const out = Nd.of(dtype, [rows, columns]);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += x[i * inner + k]! * y[k * columns + j]!;
      out.data[i * columns + j] = sum;
    }
  }
  const shape = [...(a.ndim === 1 ? [] : [rows]), ...(b.ndim === 1 ? [] : [columns])];
  return Nd.of(dtype, shape, out.data);
}
