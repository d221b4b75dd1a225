import { appendTo, WholeFloat, type Travelling } from '../float-lists.js';
import { checkLimit, type ReadLimits } from '../limits.js';
import { PyTuple, type PyValue } from '../python.js';
import type { Cursor } from './cursor.js';

/** The machine's stack with its marks: of limited size, and never read below the last mark. */
export class PickleStack {
  readonly #values: Travelling[] = [];
  readonly #marks: number[] = [];

  constructor(
    private readonly cursor: Cursor,
    private readonly limits: Readonly<ReadLimits>,
  ) {}

  mark(): void {
    this.#marks.push(this.#values.length);
    this.#check(this.#marks.length, 'open marks');
  }

  push(value: Travelling): void {
    this.#values.push(value);
    this.#check(this.#values.length, 'values on the stack');
  }

  top(): Travelling {
    this.#demand(1);
    return this.#values[this.#values.length - 1]!;
  }

  pop(): PyValue {
    return plain(this.popTravelling());
  }

  popTravelling(): Travelling {
    this.#demand(1);
    return this.#values.pop()!;
  }

  /** POP takes away the mark where no value stands above it. */
  drop(): void {
    if (this.#values.length > this.#floor()) this.#values.pop();
    else this.popMarked();
  }

  popTuple(length: number): PyTuple {
    this.#demand(length);
    return tupleOf(this.#values.splice(this.#values.length - length));
  }

  popMarkedTuple(): PyTuple {
    return tupleOf(this.popMarked());
  }

  popMarkedList(): PyValue[] {
    const list: PyValue[] = [];
    appendTo(list, this.popMarked());
    return list;
  }

  popMarked(): Travelling[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.cursor.corrupt('a mark is missing');
    return this.#values.splice(mark);
  }

  #floor(): number {
    return this.#marks.at(-1) ?? 0;
  }

  #demand(count: number): void {
    if (this.#values.length - count < this.#floor()) {
      throw this.cursor.corrupt('its stack is empty');
    }
  }

  #check(count: number, what: string): void {
    if (count <= this.limits.maxStack) return;
    checkLimit(this.cursor.file, this.limits, 'maxStack', count, `${count} ${what} or more`);
  }
}

export function plain(value: Travelling): PyValue {
  return value instanceof WholeFloat ? value.value : value;
}

function tupleOf(values: readonly Travelling[]): PyTuple {
  const tuple = new PyTuple();
  appendTo(tuple, values);
  return tuple;
}
