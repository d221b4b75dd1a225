import type { Context } from '../../python/context.js';
import { HostObject, type BinaryOp, type CompareOp, type UnaryOp } from '../../python/host.js';
import { Builtin, type ClassValue, type Value } from '../../python/values.js';
import type { Value as GraphValue } from '../graph.js';
import { dtypeValue } from './dtypes.js';
import type { TorchEnv } from './env.js';
import { knownElements } from './known-elements.js';
import { valueOf } from './size.js';

/** torch's element types; half precision is float32 here. */
export type TorchDType =
  'float32' | 'float64' | 'int64' | 'int32' | 'int16' | 'int8' | 'uint8' | 'bool';

/** How a view and its base learn about each other's writes. */
export interface View {
  readonly base: TensorValue;
  /** The operation that made it, for errors. */
  readonly made: string;
  /** Computes it again from the current base; undefined if torch may have made a copy. */
  read?(): GraphValue;
  /** The base with the view's elements replaced; undefined if that is not supported. */
  write?(value: GraphValue): GraphValue;
}

const BINARY: Readonly<Record<BinaryOp, string>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '//': 'floor_divide',
  '%': 'remainder',
  '**': 'pow',
  '@': 'matmul',
  '<<': 'bitwise_left_shift',
  '>>': 'bitwise_right_shift',
  '&': 'bitwise_and',
  '|': 'bitwise_or',
  '^': 'bitwise_xor',
};

const COMPARE: Readonly<Record<CompareOp, string>> = {
  '<': 'lt',
  '<=': 'le',
  '==': 'eq',
  '!=': 'ne',
  '>': 'gt',
  '>=': 'ge',
};

/** A tensor in traced code: a value of the graph in progress. `TorchEnv.tensor` makes it. */
export class TensorValue extends HostObject {
  override readonly typeName = 'Tensor';
  #value: GraphValue | undefined;
  /** Counts the writes. */
  #version = 0;
  /** The base's version that this view was read from. */
  #seen = 0;
  #view: View | undefined;
  /** Why code may not write to it: it is a weight of the file. */
  frozen: string | undefined;
  /** Whether its elements are stored row by row in torch; false if that is not certain. */
  contiguous = true;
  /** Attributes that the code set: `x.orig = ...`. */
  readonly attrs = new Map<string, Value>();
  /** The subclass of Tensor, defined by code, that it was made as. */
  subclass: ClassValue | undefined;
  /** Whether it is an `nn.Parameter`. */
  isParameter = false;
  readonly #env: () => TorchEnv;
  /** For a tensor of the file, in the graph in progress. */
  readonly #held: (() => GraphValue) | undefined;

  constructor(
    value: GraphValue | (() => GraphValue),
    readonly dtype: TorchDType,
    env: TorchEnv | (() => TorchEnv),
  ) {
    super();
    if (typeof value === 'function') this.#held = value;
    else this.#value = value;
    this.#env = typeof env === 'function' ? env : () => env;
  }

  private get env(): TorchEnv {
    return this.#env();
  }

  /** In the element type that represents `dtype`: int16 is int32 in the graph. */
  get value(): GraphValue {
    const view = this.#view;
    if (view) {
      const now = view.base.version;
      if (now !== this.#seen) {
        if (!view.read) throw this.#unknownView(view, 'is used after that was written to');
        this.#value = view.read();
        this.#seen = now;
      }
    }
    return this.#current;
  }

  get #current(): GraphValue {
    return this.#value ?? this.#held!();
  }

  get version(): number {
    return this.#version + (this.#view?.base.version ?? 0);
  }

  get rank(): number {
    const { rank } = this.#current;
    if (rank === undefined) throw this.env.ctx.unsupported('a tensor of unknown rank');
    return rank;
  }

  /** The elements, if they are few and known. */
  get known(): readonly number[] | undefined {
    return this.value.known;
  }

  /** The elements that code may branch on: known, or computed from known elements. */
  get elements(): readonly number[] | undefined {
    return knownElements(this.env.graph, this.value);
  }

  get isView(): boolean {
    return this.#view !== undefined;
  }

  /** Makes this a view. */
  becomeView(view: View): this {
    this.#view = view;
    this.#seen = view.base.version;
    return this;
  }

  /**
   * Does the work of an in-place operation: every tensor that shares these elements sees the new
   * ones.
   */
  assign(value: GraphValue): this {
    if (this.frozen !== undefined && this.env.mayWrite?.(this) !== true) {
      throw this.env.ctx.unsupported(`a write into ${this.frozen}, which persists in torch`);
    }
    const view = this.#view;
    if (view) {
      if (!view.write) throw this.#unknownView(view, 'is written to');
      view.base.assign(view.write(value));
      this.#seen = view.base.version;
    } else {
      this.#version++;
    }
    this.#value = value;
    return this;
  }

  #unknownView({ made }: View, what: string): Error {
    return this.env.ctx.unsupported(
      `the result of ${made}, which may or may not share the elements of its tensor, ${what}`,
    );
  }

  override getAttr(name: string, ctx: Context): Value | undefined {
    const { env } = this;
    const own = this.attrs.get(name);
    if (own !== undefined) return own;
    switch (name) {
      case 'shape':
        return env.sizeTuple(this);
      case 'dtype':
        return dtypeValue(this.dtype);
      case 'device':
        return env.device;
      case 'layout':
        return env.ctx.resolve('torch.strided') ?? null;
      case 'ndim':
        return BigInt(this.rank);
      case 'data':
        return env.apply('Tensor.detach', [this]);
      case 'T':
        return env.apply('Tensor.permute', [this, ...this.#axes().reverse()]);
      case 'mT':
      case 'mH':
        return env.apply('Tensor.transpose', [this, -2n, -1n]);
      case 'real':
        return this;
      case 'requires_grad':
      case 'is_cuda':
      case 'is_mps':
      case 'is_xpu':
      case 'is_sparse':
      case 'is_quantized':
      case 'is_meta':
      case 'is_mkldnn':
        return false;
      case 'is_leaf':
        return true;
      case 'grad':
      case 'grad_fn':
        return null;
      default:
    }
    const qualified = `Tensor.${name}`;
    if (env.knows(qualified)) {
      return new Builtin(name, (_, args, kwargs) => env.apply(qualified, [this, ...args], kwargs));
    }
    if (name.startsWith('__') || CODE_ATTRIBUTES.has(name)) return undefined;
    throw ctx.unknown(`torch.Tensor.${name}`);
  }

  override setAttr(name: string, value: Value, ctx: Context): void {
    if (name === 'data') {
      if (!(value instanceof TensorValue)) throw ctx.raise('TypeError', 'data must be a Tensor');
      throw ctx.unsupported("an assignment to a tensor's data");
    }
    if (name !== 'requires_grad' && name !== 'grad') this.attrs.set(name, value);
  }

  override unary(op: UnaryOp): Value {
    if (op === '+') return this;
    return this.env.apply(op === '-' ? 'torch.neg' : 'torch.bitwise_not', [this]);
  }

  override binary(
    op: BinaryOp,
    other: Value,
    { reflected, inPlace }: { readonly reflected: boolean; readonly inPlace: boolean },
  ): Value | undefined {
    if (!this.env.isOperand(other)) return undefined;
    // An in-place operation on the right operand is an ordinary operation.
    const name = BINARY[op];
    if (inPlace && !reflected && op !== '@') {
      return this.env.apply(`Tensor.${name}_`, [this, other]);
    }
    return this.env.apply(`torch.${name}`, reflected ? [other, this] : [this, other]);
  }

  override compare(op: CompareOp, other: Value): Value | undefined {
    if (!this.env.isOperand(other)) return undefined;
    return this.env.apply(`torch.${COMPARE[op]}`, [this, other]);
  }

  override getItem(key: Value): Value {
    return this.env.getItem(this, key);
  }

  override setItem(key: Value, value: Value): void {
    this.env.setItem(this, key, value);
  }

  override contains(item: Value, ctx: Context): boolean {
    if (!this.env.isOperand(item)) throw ctx.raise('RuntimeError', 'Tensor.__contains__');
    const equal = this.env.apply('torch.eq', [this, item]);
    return ctx.truth(this.env.apply('Tensor.any', [equal]));
  }

  override *iterate(ctx: Context): Iterator<Value> {
    if (this.rank === 0) throw ctx.raise('TypeError', 'iteration over a 0-d tensor');
    const count = ctx.index(valueOf(this.env.sizeOf(this, 0)));
    for (let i = 0n; i < count; i++) yield this.env.getItem(this, i);
  }

  override length(ctx: Context): Value {
    if (this.rank === 0) throw ctx.raise('TypeError', 'len() of a 0-d tensor');
    return valueOf(this.env.sizeOf(this, 0));
  }

  override truth(ctx: Context): boolean {
    const { elements } = this;
    if (elements?.length === 1) return elements[0] !== 0;
    if (elements) {
      throw ctx.raise(
        'RuntimeError',
        'Boolean value of Tensor with more than one value is ambiguous',
      );
    }
    throw ctx.unsupported('a branch on the values of a tensor cannot be followed');
  }

  override index(ctx: Context): bigint {
    if (this.dtype === 'float32' || this.dtype === 'float64') {
      throw ctx.raise(
        'TypeError',
        'only integer tensors of a single element can be converted to an index',
      );
    }
    return BigInt(this.#number(ctx));
  }

  override toInt(ctx: Context): Value {
    return BigInt(Math.trunc(this.#number(ctx)));
  }

  override toFloat(ctx: Context): Value {
    return this.#number(ctx);
  }

  override repr(ctx: Context): string {
    throw ctx.unsupported('a tensor as text cannot be followed');
  }

  override str(ctx: Context): string {
    return this.repr(ctx);
  }

  #axes(): bigint[] {
    return Array.from({ length: this.rank }, (_, axis) => BigInt(axis));
  }

  #number(ctx: Context): number {
    const { elements } = this;
    if (elements?.length === 1) return elements[0]!;
    throw ctx.unsupported('a number that is computed from the values of a tensor');
  }
}

/** Names that code looks for on tensors, and that torch does not have. */
const CODE_ATTRIBUTES = new Set(['orig', 'img_size', 'tensors', 'mask', 'lengths', '_meta']);
