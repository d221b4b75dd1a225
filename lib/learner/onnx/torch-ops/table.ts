import { bind, signature, type Bound, type Signature } from '../../python/arguments.js';
import { plainOf } from '../../python/builtins/unwrap.js';
import { Instance, List, Tuple, type Kwargs, type Value } from '../../python/values.js';
import { dtypeOf } from './dtypes.js';
import type { TorchEnv } from './env.js';
import { SymSize, type Size } from './size.js';
import { TensorValue, type TorchDType } from './tensor-value.js';

type Run = (env: TorchEnv, args: Args) => Value;

/** One operation: its parameters, as torch names them, and a function that adds it to the graph. */
export interface TorchFunction {
  readonly signature: string;
  readonly run: Run;
}

/**
 * Operations by name: `torch.relu|F.relu|Tensor.relu`, where F stands for torch.nn.functional. The
 * first parameter of a method is the tensor. `Tensor.relu_` follows from `Tensor.relu`.
 */
export type TorchTable = Readonly<Record<string, TorchFunction>>;

export const fn = (parameters: string, run: Run): TorchFunction => ({ signature: parameters, run });

/** The arguments of one call. */
export class Args {
  constructor(
    private readonly env: TorchEnv,
    readonly name: string,
    private readonly bound: Bound,
    /** The arguments that `*args` took. */
    readonly rest: readonly Value[],
    /** All keywords, if the signature takes any. */
    readonly kwargs: Kwargs,
  ) {}

  /** Undefined if it was omitted. */
  raw(name: string): Value | undefined {
    return this.bound[name];
  }

  /** Whether it was given and is not None. */
  has(name: string): boolean {
    const value = this.bound[name];
    return value !== undefined && value !== null;
  }

  tensor(name: string): TensorValue {
    const value = this.bound[name];
    if (value instanceof TensorValue) return value;
    throw this.#type(name, 'a Tensor', value);
  }

  maybeTensor(name: string): TensorValue | undefined {
    return this.has(name) ? this.tensor(name) : undefined;
  }

  /** The tensors of a list or tuple. */
  tensors(name: string): TensorValue[] {
    return this.tensorsOf(this.items(name), name);
  }

  /** The same for given values, such as those of `*tensors`, or for a single list of them. */
  tensorsOf(values: readonly Value[], name = 'tensors'): TensorValue[] {
    const [first] = values;
    const items =
      values.length === 1 && (first instanceof Tuple || first instanceof List)
        ? first.items
        : values;
    return items.map((item) => {
      if (item instanceof TensorValue) return item;
      throw this.#type(name, 'a list of Tensors', item);
    });
  }

  items(name: string): readonly Value[] {
    const value = this.bound[name];
    if (value === undefined) throw this.#type(name, 'a sequence', value);
    return [...this.env.ctx.iterate(value)];
  }

  /** A number that must be known. @throws SizeNeededError for an unknown size */
  int(name: string, absent?: number): number {
    if (!this.has(name) && absent !== undefined) return absent;
    return Number(this.env.ctx.index(this.bound[name] ?? null));
  }

  maybeInt(name: string): number | undefined {
    return this.has(name) ? this.int(name) : undefined;
  }

  float(name: string, absent?: number): number {
    const value = this.bound[name];
    if ((value === undefined || value === null) && absent !== undefined) return absent;
    if (typeof value === 'number') return value;
    if (typeof value === 'boolean') return Number(value);
    return this.int(name, absent);
  }

  bool(name: string, absent: boolean): boolean {
    const value = this.bound[name];
    return value === undefined || value === null ? absent : this.env.ctx.truth(value);
  }

  string(name: string, absent?: string): string {
    const value = this.bound[name] ?? absent;
    if (typeof value === 'string') return value;
    throw this.#type(name, 'a string', value);
  }

  /** One int or several, all known; undefined if omitted or None. */
  ints(name: string): number[] | undefined {
    const value = this.bound[name];
    if (value === undefined || value === null) return undefined;
    const items = value instanceof Tuple || value instanceof List ? value.items : [value];
    return items.map((item) => Number(this.env.ctx.index(item)));
  }

  /** One size or several: `x.view(2, -1)` passes several arguments, and `x.view((2, -1))` one. */
  static sizes(env: TorchEnv, values: readonly Value[]): Size[] {
    const [first] = values;
    const items =
      values.length === 1 && (first instanceof Tuple || first instanceof List)
        ? first.items
        : values;
    return items.map((item) => (item instanceof SymSize ? item : Number(env.ctx.index(item))));
  }

  /** Undefined if omitted or None. Half precision is float32 here. */
  dtype(name: string): TorchDType | undefined {
    const value = this.bound[name];
    if (value === undefined || value === null) return undefined;
    const dtype = dtypeOf(value);
    if (dtype) return dtype;
    throw this.#type(name, 'a dtype', value);
  }

  #type(name: string, wanted: string, value: Value | undefined): Error {
    const { ctx } = this.env;
    const given = value === undefined ? 'nothing' : ctx.typeOf(value).name;
    return ctx.raise(
      'TypeError',
      `${this.name}(): argument '${name}' must be ${wanted}, not ${given}`,
    );
  }
}

/** Calls an operation. @throws a TypeError of Python if the arguments do not fit */
export function run(
  env: TorchEnv,
  name: string,
  func: TorchFunction,
  args: readonly Value[],
  kwargs: Kwargs,
): Value {
  const parsed = signature(func.signature);
  // A member of an IntEnum is a number, and a subclass of list is a list.
  const given = args.some(isWrapped) ? args.map(plainOf) : args;
  const named: Kwargs = new Map([...kwargs].map(([key, value]) => [key, plainOf(value)]));
  const { bound, rest } = bind(env.ctx, name, parsed, given, renamed(parsed, named));
  return func.run(env, new Args(env, name, bound, rest, named));
}

const isWrapped = (value: Value): boolean => value instanceof Instance;

/** numpy's names for parameters, which torch also accepts. */
const aliases = new Map([
  ['axis', 'dim'],
  ['keepdims', 'keepdim'],
  ['x', 'input'],
  ['self', 'input'],
  ['a', 'input'],
]);

function renamed({ parameters }: Signature, kwargs: Kwargs): Kwargs {
  if (kwargs.size === 0) return kwargs;
  const takes = (name: string): boolean => parameters.some((parameter) => parameter.name === name);
  const named = [...kwargs].map(([name, value]): [string, Value] => {
    const other = aliases.get(name);
    return [other !== undefined && !takes(name) && takes(other) ? other : name, value];
  });
  // `out=None` says nothing.
  return new Map(named.filter(([name, value]) => name !== 'out' || value !== null || takes(name)));
}
