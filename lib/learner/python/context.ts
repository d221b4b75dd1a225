import type { Budget } from './budget.js';
import type { BinaryOp, CompareOp, UnaryOp } from './host.js';
import type { ClassValue, Key, Kwargs, Value } from './values.js';

/** What functions in TypeScript may use of the evaluator that calls them. */
export interface Context {
  readonly budget: Budget;
  call(callable: Value, args: readonly Value[], kwargs?: Kwargs): Value;
  /** `obj.name`. @throws an AttributeError of Python */
  getAttr(object: Value, name: string): Value;
  /** Like `getAttr`; undefined if it has none. */
  findAttr(object: Value, name: string): Value | undefined;
  setAttr(object: Value, name: string, value: Value): void;
  delAttr(object: Value, name: string): void;
  /** A method such as `__enter__`, looked up in the class of a value and bound to the value. */
  special(value: Value, name: string): Value | undefined;
  getItem(object: Value, key: Value): Value;
  setItem(object: Value, key: Value, value: Value): void;
  delItem(object: Value, key: Value): void;
  /** `item in container`. */
  contains(container: Value, item: Value): boolean;
  unary(op: UnaryOp, value: Value): Value;
  binary(op: BinaryOp, left: Value, right: Value, inPlace?: boolean): Value;
  compare(op: CompareOp, left: Value, right: Value): Value;
  /** `bool(value)`. */
  truth(value: Value): boolean;
  /** The truth of `left is right or left == right`. */
  equal(left: Value, right: Value): boolean;
  /** The items of any iterable; each step is charged. */
  iterate(value: Value): IterableIterator<Value>;
  /** `iter(value)`: a PyIterator, or an instance with `__next__`. */
  iter(value: Value): Value;
  /** The next item of an iterator; undefined at its end. */
  next(iterator: Value): Value | undefined;
  /** `len(value)`: a bigint, or an unknown size. */
  length(value: Value): Value;
  /** `operator.index(value)`. @throws a TypeError of Python */
  index(value: Value): bigint;
  repr(value: Value): string;
  str(value: Value): string;
  typeOf(value: Value): ClassValue;
  isInstance(value: Value, cls: Value): boolean;
  /** The value by which keys are compared. @throws a TypeError of Python: unhashable */
  keyOf(value: Value): Key;
  /** A name of the closed table, such as `torch.nn.functional.relu`; undefined if it is unknown. */
  resolve(qualifiedName: string): Value | undefined;
  /** The value that `from module import *` of a known module defines under that name. */
  star(module: string, name: string): Value | undefined;
  /** The position of the code: `forward of __main__.Net, line 14`. */
  where(): string;
  /** An exception of Python, which the code may catch: `throw ctx.raise('ValueError', '...')`. */
  raise(className: string, message: string): Error;
  /** Like `raise`, with other arguments: the key of a KeyError. */
  raiseWith(className: string, args: readonly Value[]): Error;
  /** An error that the code cannot catch: `unknown('torch.fft.rfft')` says "... is not supported". */
  unknown(expression: string): Error;
  /** Like `unknown`, for a known name used in an unsupported way: "{fact}". */
  unsupported(fact: string): Error;
}

/** A closed table of names. */
export interface Names {
  /** The value of a qualified name, such as `math.sqrt` or `torch.nn.functional.relu`. */
  resolve(qualifiedName: string): Value | undefined;
  /** Whether names below `path` may exist: `torch.nn` is a module. */
  isModule(path: string): boolean;
  /** `from module import *`, if it defines other names than those below `module`. */
  star?(module: string, name: string): Value | undefined;
}
