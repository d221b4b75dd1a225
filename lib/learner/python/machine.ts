import * as attributes from './attributes.js';
import { Budget, DEFAULT_BUDGET, type BudgetLimits } from './budget.js';
import { reprOf } from './builtins/repr.js';
import { plainOf } from './builtins/unwrap.js';
import { bindArguments } from './calls.js';
import { buildClass, callClass, isInstance } from './classes.js';
import { UnreadableCodeError, UnsupportedCodeError } from './errors.js';
import { EXCEPTIONS, makeException, PyException, raised } from './exceptions.js';
import { Frame, placeOf } from './frame.js';
import { generatorOf } from './generators.js';
import { toBlock } from './handlers/blocks.js';
import { HostObject, type BinaryOp, type CompareOp, type UnaryOp } from './host.js';
import type { Interpreter } from './interpreter.js';
import { iterate, iteratorOf, next } from './iteration.js';
import { Keys } from './keys.js';
import { Modules } from './modules.js';
import { binary, unary } from './operators/binary.js';
import { compare } from './operators/compare.js';
import { identical } from './operators/identity.js';
import { contains, delItem, getItem, length, setItem } from './operators/items.js';
import { prepare } from './prepare.js';
import { lookupSpecial, specialOf } from './special.js';
import { TYPES, typeOf } from './types.js';
import {
  BoundMethod,
  Builtin,
  ClassValue,
  Func,
  Instance,
  MethodWrapper,
  NO_KWARGS,
  type Key,
  type Kwargs,
  type Value,
} from './values.js';

/** Traces code: the evaluator without its interface to the rest of the program. */
export class Machine implements Interpreter {
  budget: Budget;
  frame: Frame | undefined;
  handling: Instance | null = null;
  readonly #keys = new Keys();
  readonly #builtins = new Map<string, Value | undefined>();

  constructor(
    private readonly modules: Modules,
    private readonly limits: BudgetLimits = DEFAULT_BUDGET,
  ) {
    this.budget = new Budget(limits);
    this.#builtins.set(
      '__build_class__',
      new Builtin('__build_class__', (_, args, kwargs) => buildClass(this, args, kwargs)),
    );
  }

  /** A fresh budget, for the next evaluation. */
  renew(): void {
    this.budget = new Budget(this.limits);
    this.frame = undefined;
    this.handling = null;
  }

  call(callable: Value, args: readonly Value[], kwargs: Kwargs = NO_KWARGS): Value {
    const { budget } = this;
    const { depth } = budget;
    budget.enter();
    const result = this.#call(callable, args, kwargs);
    budget.backTo(depth);
    return result;
  }

  #call(callable: Value, args: readonly Value[], kwargs: Kwargs): Value {
    if (callable instanceof Func) return this.#callFunction(callable, args, kwargs);
    if (callable instanceof BoundMethod) {
      const { func, self } = callable;
      if (func instanceof Func) return this.#callFunction(func, [self, ...args], kwargs);
      if (func instanceof Builtin) return this.#callBuiltin(func, [self, ...args], kwargs);
      return this.call(func, [self, ...args], kwargs);
    }
    if (callable instanceof Builtin) return this.#callBuiltin(callable, args, kwargs);
    if (callable instanceof ClassValue) return callClass(this, callable, args, kwargs);
    if (callable instanceof MethodWrapper && callable.kind === 'static') {
      return this.call(callable.func, args, kwargs);
    }
    if (callable instanceof HostObject && callable.call) return callable.call(args, kwargs, this);
    const method = lookupSpecial(this, callable, '__call__');
    if (method !== undefined && method !== null) return this.call(method, args, kwargs);
    throw this.raise('TypeError', `'${this.typeOf(callable).name}' object is not callable`);
  }

  #callBuiltin(func: Builtin, args: readonly Value[], kwargs: Kwargs): Value {
    this.budget.step();
    return func.call(this, args, kwargs);
  }

  #callFunction(func: Func, args: readonly Value[], kwargs: Kwargs): Value {
    const frame = this.enter(func, args, kwargs);
    return frame.prepared.isGenerator ? generatorOf(this, frame) : this.run(frame);
  }

  enter(func: Func, args: readonly Value[], kwargs: Kwargs): Frame {
    const prepared = prepare(func.code);
    if (prepared.isAsync) throw this.unsupported(`${func.qualname} is asynchronous`);
    const slots = bindArguments(this, func, prepared, args, kwargs);
    // They live as long as the frame, which a generator may keep alive.
    this.budget.step(slots.length);
    return new Frame(func, prepared, slots, prepared.isFunction ? undefined : new Map());
  }

  run(frame: Frame, thrown?: Instance): Value {
    const { back } = frame;
    frame.back = this.frame;
    this.frame = frame;
    frame.yielded = false;
    try {
      if (thrown !== undefined) this.#unwind(frame, raised(thrown, this.#where));
      this.#loop(frame);
      const result = frame.stack.pop();
      if (result === undefined) throw this.damaged('its stack is empty');
      return result as Value;
    } finally {
      this.frame = frame.back;
      frame.back = back;
    }
  }

  #loop(frame: Frame): void {
    const { handles, instructions } = frame.prepared;
    const { budget } = this;
    const { depth } = budget;
    for (;;) {
      try {
        for (;;) {
          const at = frame.pc++;
          budget.step();
          if (handles[at]!(this, frame, instructions[at]!) === true) return;
        }
      } catch (error) {
        if (!(error instanceof PyException)) throw error;
        this.#unwind(frame, error);
        budget.backTo(depth);
      }
    }
  }

  /** Jumps to the handler of an exception. @throws the exception if it has none */
  #unwind(frame: Frame, error: PyException): void {
    const { stack, prepared } = frame;
    const at = frame.pc - 1;
    for (const { start, end, target, depth, lasti } of prepared.handlers) {
      if (at < start || at >= end) continue;
      if (depth > stack.length) throw this.damaged('its table of exceptions has no valid depth');
      stack.length = depth;
      if (lasti) stack.push(BigInt(at));
      stack.push(error.instance);
      frame.pc = target;
      return;
    }
    if (frame.blocks.length > 0 && toBlock(this, frame, error.instance)) return;
    throw error;
  }

  findAttr(object: Value, name: string): Value | undefined {
    const { depth } = this.budget;
    try {
      return attributes.findAttr(this, object, name);
    } catch (error) {
      this.budget.backTo(depth);
      if (error instanceof PyException && error.isA('AttributeError')) return undefined;
      throw error;
    }
  }

  getAttr(object: Value, name: string): Value {
    const value = attributes.findAttr(this, object, name);
    if (value === undefined) throw attributes.noAttribute(this, object, name);
    return value;
  }

  setAttr(object: Value, name: string, value: Value): void {
    attributes.setAttr(this, object, name, value);
  }

  delAttr(object: Value, name: string): void {
    attributes.delAttr(this, object, name);
  }

  special(value: Value, name: string): Value | undefined {
    return specialOf(this, value, name);
  }

  getItem(object: Value, key: Value): Value {
    return getItem(this, object, key);
  }

  setItem(object: Value, key: Value, value: Value): void {
    setItem(this, object, key, value);
  }

  delItem(object: Value, key: Value): void {
    delItem(this, object, key);
  }

  contains(container: Value, item: Value): boolean {
    return contains(this, container, item);
  }

  binary(op: BinaryOp, left: Value, right: Value, inPlace = false): Value {
    return binary(this, op, left, right, inPlace);
  }

  unary(op: UnaryOp, value: Value): Value {
    return unary(this, op, value);
  }

  compare(op: CompareOp, left: Value, right: Value): Value {
    return compare(this, op, left, right);
  }

  equal(left: Value, right: Value): boolean {
    if (identical(left, right)) return true;
    return this.truth(compare(this, '==', left, right));
  }

  truth(value: Value): boolean {
    switch (typeof value) {
      case 'boolean':
        return value;
      case 'bigint':
        return value !== 0n;
      case 'number':
        // Of all floats, including NaN, only zero is false.
        return value !== 0;
      case 'string':
        return value !== '';
      default:
    }
    if (value === null) return false;
    if (value instanceof HostObject) return value.truth?.(this) ?? true;
    const method = lookupSpecial(this, value, '__bool__');
    if (method !== undefined && method !== null) {
      const result = this.call(method, []);
      if (typeof result === 'boolean') return result;
      const { name } = this.typeOf(result);
      throw this.raise('TypeError', `__bool__ should return bool, returned ${name}`);
    }
    const plain = plainOf(value);
    if (!Object.is(plain, value) && !lookupSpecial(this, value, '__len__'))
      return this.truth(plain);
    return this.#truthOfLength(value);
  }

  #truthOfLength(value: Value): boolean {
    if (value instanceof Instance && !lookupSpecial(this, value, '__len__')) return true;
    if (typeof value === 'object' && value !== null && this.#hasLength(value)) {
      return this.truth(length(this, value));
    }
    return true;
  }

  #hasLength(value: Value): boolean {
    return value instanceof Instance || SIZED.has(this.typeOf(value).mro.at(-2) ?? TYPES.object);
  }

  iterate(value: Value): IterableIterator<Value> {
    return iterate(this, value);
  }

  iter(value: Value): Value {
    return iteratorOf(this, value);
  }

  next(iterator: Value): Value | undefined {
    return next(this, iterator);
  }

  length(value: Value): Value {
    return length(this, value);
  }

  index(value: Value): bigint {
    if (typeof value === 'bigint') return value;
    if (typeof value === 'boolean') return BigInt(value);
    if (value instanceof HostObject && value.index) return value.index(this);
    const method = lookupSpecial(this, value, '__index__');
    if (method !== undefined && method !== null) {
      const result = this.call(method, []);
      if (typeof result === 'bigint') return result;
      const { name } = this.typeOf(result);
      throw this.raise('TypeError', `__index__ returned non-int (type ${name})`);
    }
    const plain = plainOf(value);
    if (!Object.is(plain, value)) return this.index(plain);
    const { name } = this.typeOf(value);
    throw this.raise('TypeError', `'${name}' object cannot be interpreted as an integer`);
  }

  repr(value: Value): string {
    return this.#text(value, '__repr__') ?? reprOf(this, value);
  }

  str(value: Value): string {
    if (typeof value === 'string') return value;
    if (value instanceof HostObject && value.str) return value.str(this);
    const own = this.#text(value, '__str__');
    if (own !== undefined) return own;
    const plain = plainOf(value);
    if (typeof plain === 'string' && this.#text(value, '__repr__') === undefined) return plain;
    return this.repr(value);
  }

  #text(value: Value, name: '__repr__' | '__str__'): string | undefined {
    const method = lookupSpecial(this, value, name);
    if (method === undefined || method === null) return undefined;
    const text = plainOf(this.call(method, []));
    if (typeof text === 'string') return text;
    const type = this.typeOf(text).name;
    throw this.raise('TypeError', `${name} returned non-string (type ${type})`);
  }

  typeOf(value: Value): ClassValue {
    const cls = typeOf(value);
    if (cls === undefined) throw this.damaged('what it uses as a value is not a value');
    return cls;
  }

  isInstance(value: Value, cls: Value): boolean {
    return isInstance(this, value, cls);
  }

  keyOf(value: Value): Key {
    return this.#keys.keyOf(this, value);
  }

  resolve(qualifiedName: string): Value | undefined {
    return this.modules.resolve(qualifiedName);
  }

  star(module: string, name: string): Value | undefined {
    return this.modules.star(module, name);
  }

  nameBelow(path: string, name: string): Value | undefined {
    return this.modules.below(path, name);
  }

  importModule(frame: Frame, name: string, level: number): Value {
    return this.modules.import(this, frame.func.globals, name, level);
  }

  builtin(name: string): Value | undefined {
    let value = this.#builtins.get(name);
    if (value === undefined) {
      value = EXCEPTIONS.get(name) ?? this.modules.resolve(`builtins.${name}`);
      if (value !== undefined) this.#builtins.set(name, value);
    }
    return value;
  }

  readonly #where = (): string => this.where();

  where(): string {
    return this.frame ? placeOf(this.frame) : "The learner's own code";
  }

  raise(className: string, message: string): Error {
    return this.raiseWith(className, [message]);
  }

  raiseWith(className: string, args: readonly Value[]): Error {
    this.budget.step(EXCEPTION);
    return raised(makeException(className, args), this.#where);
  }

  rethrow(exception: Instance): Error {
    this.budget.step(EXCEPTION);
    return raised(exception, this.#where);
  }

  unknown(expression: string): Error {
    return this.unsupported(`${expression} is not supported`);
  }

  unsupported(fact: string): Error {
    return new UnsupportedCodeError(this.where(), fact);
  }

  damaged(reason: string): Error {
    return new UnreadableCodeError(this.where(), reason);
  }
}

/** The cost of an exception, in instructions. */
const EXCEPTION = 10;

const SIZED: ReadonlySet<ClassValue> = new Set([
  TYPES.list,
  TYPES.tuple,
  TYPES.dict,
  TYPES.set,
  TYPES.frozenset,
  TYPES.range,
  TYPES.bytes,
]);
