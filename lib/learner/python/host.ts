import type { Context } from './context.js';
import type { ClassValue, Kwargs, Value } from './values.js';

export type BinaryOp =
  '+' | '-' | '*' | '/' | '//' | '%' | '**' | '@' | '<<' | '>>' | '&' | '|' | '^';
export type UnaryOp = '-' | '+' | '~';
export type CompareOp = '<' | '<=' | '==' | '!=' | '>' | '>=';

/**
 * A value that the host implements: a tensor that is a node of a graph, an unknown size, a table,
 * an image. The evaluator calls its methods; a missing method is a TypeError of Python. All methods
 * may throw `ctx.raise(...)` or any VtsError.
 */
export abstract class HostObject {
  /** `Tensor`, for `type(x).__name__` and messages. */
  abstract readonly typeName: string;
  /** Its class, for `type(x)` and `isinstance`: `torch.Tensor`. Without it no class matches. */
  readonly cls?: ClassValue;

  /** Undefined if it does not exist. Methods are `Builtin`s. */
  getAttr?(name: string, ctx: Context): Value | undefined;
  setAttr?(name: string, value: Value, ctx: Context): void;
  call?(args: readonly Value[], kwargs: Kwargs, ctx: Context): Value;
  unary?(op: UnaryOp, ctx: Context): Value;
  /**
   * `this op other`, or `other op this` if `reflected`. Undefined stands for NotImplemented. If
   * `inPlace`, it is `this op= other`; the result is the variable's new value.
   */
  binary?(
    op: BinaryOp,
    other: Value,
    how: { readonly reflected: boolean; readonly inPlace: boolean },
    ctx: Context,
  ): Value | undefined;
  /** Like `binary`; reflected comparisons are mirrored (`a < host` as `host > a`). */
  compare?(op: CompareOp, other: Value, ctx: Context): Value | undefined;
  getItem?(key: Value, ctx: Context): Value;
  setItem?(key: Value, value: Value, ctx: Context): void;
  delItem?(key: Value, ctx: Context): void;
  contains?(item: Value, ctx: Context): boolean;
  iterate?(ctx: Context): Iterator<Value>;
  /** `bool(x)`. Default: true. */
  truth?(ctx: Context): boolean;
  /** `len(x)`: an int, or an unknown size. */
  length?(ctx: Context): Value;
  /** `operator.index(x)`, where an int is needed: `range(x)`, `items[x]`. */
  index?(ctx: Context): bigint;
  toInt?(ctx: Context): Value;
  toFloat?(ctx: Context): Value;
  repr?(ctx: Context): string;
  str?(ctx: Context): string;
}
