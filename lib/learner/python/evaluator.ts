import type { BudgetLimits } from './budget.js';
import type { Budget } from './budget.js';
import type { Context, Names } from './context.js';
import { RaisedInCodeError } from './errors.js';
import { originOf, PyException } from './exceptions.js';
import type { BinaryOp, CompareOp, UnaryOp } from './host.js';
import { Machine } from './machine.js';
import { Modules, type Importer } from './modules.js';
import { NO_KWARGS, type ClassValue, type Key, type Kwargs, type Value } from './values.js';

export interface EvaluatorOptions {
  /** The closed tables of names; the first table that has a name wins. */
  readonly names: readonly Names[];
  readonly budget?: BudgetLimits;
  /** Resolves modules that no table has. */
  readonly importer?: Importer;
}

/**
 * Traces code of a file, which can reach only its own values and the closed tables of names. It
 * throws UnsupportedCodeError, RaisedInCodeError, CodeBudgetError, UnreadableCodeError, and the
 * errors of the tables' functions.
 */
export class Evaluator implements Context {
  readonly #machine: Machine;
  #depth = 0;

  constructor({ names, budget, importer }: EvaluatorOptions) {
    this.#machine = new Machine(new Modules(names, importer), budget);
  }

  get budget(): Budget {
    return this.#machine.budget;
  }

  /** A fresh budget, for the next evaluation. */
  renew(): void {
    if (this.#depth === 0) this.#machine.renew();
  }

  /** The code cannot catch an exception that arrives here. */
  #edge<T>(run: () => T): T {
    if (this.#depth > 0) return run();
    this.#depth++;
    const { depth } = this.budget;
    try {
      return run();
    } catch (error) {
      this.budget.backTo(depth);
      throw this.#outside(error);
    } finally {
      this.#depth--;
    }
  }

  #outside(error: unknown): unknown {
    if (!(error instanceof PyException)) return error;
    const { instance } = error;
    const where = originOf(instance) ?? this.#machine.where();
    let detail: string;
    try {
      detail = this.#machine.str(instance).slice(0, 1000);
    } catch {
      // Its own `__str__` failed; the class says enough.
      detail = '';
    }
    return new RaisedInCodeError(where, instance.cls.name, detail);
  }

  call(callable: Value, args: readonly Value[], kwargs: Kwargs = NO_KWARGS): Value {
    return this.#edge(() => this.#machine.call(callable, args, kwargs));
  }

  getAttr(object: Value, name: string): Value {
    return this.#edge(() => this.#machine.getAttr(object, name));
  }

  findAttr(object: Value, name: string): Value | undefined {
    return this.#edge(() => this.#machine.findAttr(object, name));
  }

  setAttr(object: Value, name: string, value: Value): void {
    this.#edge(() => this.#machine.setAttr(object, name, value));
  }

  delAttr(object: Value, name: string): void {
    this.#edge(() => this.#machine.delAttr(object, name));
  }

  special(value: Value, name: string): Value | undefined {
    return this.#edge(() => this.#machine.special(value, name));
  }

  getItem(object: Value, key: Value): Value {
    return this.#edge(() => this.#machine.getItem(object, key));
  }

  setItem(object: Value, key: Value, value: Value): void {
    this.#edge(() => this.#machine.setItem(object, key, value));
  }

  delItem(object: Value, key: Value): void {
    this.#edge(() => this.#machine.delItem(object, key));
  }

  contains(container: Value, item: Value): boolean {
    return this.#edge(() => this.#machine.contains(container, item));
  }

  binary(op: BinaryOp, left: Value, right: Value, inPlace = false): Value {
    return this.#edge(() => this.#machine.binary(op, left, right, inPlace));
  }

  unary(op: UnaryOp, value: Value): Value {
    return this.#edge(() => this.#machine.unary(op, value));
  }

  compare(op: CompareOp, left: Value, right: Value): Value {
    return this.#edge(() => this.#machine.compare(op, left, right));
  }

  truth(value: Value): boolean {
    return this.#edge(() => this.#machine.truth(value));
  }

  equal(left: Value, right: Value): boolean {
    return this.#edge(() => this.#machine.equal(left, right));
  }

  *iterate(value: Value): IterableIterator<Value> {
    const items = this.#machine.iterate(value);
    for (;;) {
      const { done, value: item } = this.#edge(() => items.next());
      if (done) return;
      yield item;
    }
  }

  iter(value: Value): Value {
    return this.#edge(() => this.#machine.iter(value));
  }

  next(iterator: Value): Value | undefined {
    return this.#edge(() => this.#machine.next(iterator));
  }

  length(value: Value): Value {
    return this.#edge(() => this.#machine.length(value));
  }

  index(value: Value): bigint {
    return this.#edge(() => this.#machine.index(value));
  }

  repr(value: Value): string {
    return this.#edge(() => this.#machine.repr(value));
  }

  str(value: Value): string {
    return this.#edge(() => this.#machine.str(value));
  }

  typeOf(value: Value): ClassValue {
    return this.#machine.typeOf(value);
  }

  isInstance(value: Value, cls: Value): boolean {
    return this.#edge(() => this.#machine.isInstance(value, cls));
  }

  keyOf(value: Value): Key {
    return this.#edge(() => this.#machine.keyOf(value));
  }

  resolve(qualifiedName: string): Value | undefined {
    return this.#machine.resolve(qualifiedName);
  }

  star(module: string, name: string): Value | undefined {
    return this.#machine.star(module, name);
  }

  where(): string {
    return this.#machine.where();
  }

  raise(className: string, message: string): Error {
    return this.#machine.raise(className, message);
  }

  raiseWith(className: string, args: readonly Value[]): Error {
    return this.#machine.raiseWith(className, args);
  }

  unknown(expression: string): Error {
    return this.#machine.unknown(expression);
  }

  unsupported(fact: string): Error {
    return this.#machine.unsupported(fact);
  }
}
