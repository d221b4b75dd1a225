import { append, WholeFloat, type Travelling } from '../float-lists.js';
import { checkLimit, type ReadLimits } from '../limits.js';
import { PyTuple, type PyValue } from '../python.js';
import type { Cursor } from './cursor.js';

/**
 * The machine's stack with its marks. Its size is limited, and it is never read below the last
 * mark.
 */
export class PickleStack {
  /** Values above the size are not cleared: the stack lives only as long as one pickle is read. */
  readonly #values: Travelling[] = [];
  #size = 0;
  readonly #marks: number[] = [];
  /** The last mark. */
  #floor = 0;
  readonly #most: number;

  constructor(
    private readonly cursor: Cursor,
    private readonly limits: Readonly<ReadLimits>,
  ) {
    this.#most = limits.maxStack;
  }

  mark(): void {
    this.#floor = this.#size;
    if (this.#marks.push(this.#size) > this.#most) this.#refuse(this.#marks.length, 'open marks');
  }

  push(value: Travelling): void {
    this.#values[this.#size++] = value;
    if (this.#size > this.#most) this.#refuse(this.#size, 'values on the stack');
  }

  top(): Travelling {
    this.#demand(1);
    return this.#values[this.#size - 1]!;
  }

  pop(): PyValue {
    return plain(this.popTravelling());
  }

  popTravelling(): Travelling {
    this.#demand(1);
    return this.#values[--this.#size]!;
  }

  /** POP removes the mark if no value is above it. */
  drop(): void {
    if (this.#size > this.#floor) this.#size--;
    else this.popMarked();
  }

  popTuple(length: number): PyTuple {
    this.#demand(length);
    this.#size -= length;
    return this.#appendFrom(new PyTuple(), this.#size, this.#size + length);
  }

  popMarkedTuple(): PyTuple {
    const end = this.#size;
    return this.#appendFrom(new PyTuple(), this.popMarked(), end);
  }

  popMarkedList(): PyValue[] {
    const end = this.#size;
    return this.#appendFrom([], this.popMarked(), end);
  }

  /** Moves the values above the last mark into the list below it. */
  appendMarked(listOf: (below: PyValue) => PyValue[]): void {
    const end = this.#size;
    const start = this.popMarked();
    this.#appendFrom(listOf(plain(this.top())), start, end);
  }

  /** Removes the values above the last mark; returns the index where they begin. */
  popMarked(): number {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.cursor.corrupt('a mark is missing');
    this.#size = mark;
    this.#floor = this.#marks.at(-1) ?? 0;
    return mark;
  }

  #appendFrom<L extends PyValue[]>(list: L, start: number, end: number): L {
    for (let i = start; i < end; i++) append(list, this.#values[i]!);
    return list;
  }

  #demand(count: number): void {
    if (this.#size - count < this.#floor) throw this.cursor.corrupt('its stack is empty');
  }

  #refuse(count: number, what: string): void {
    checkLimit(this.cursor.file, this.limits, 'maxStack', count, `at least ${count} ${what}`);
  }
}

export function plain(value: Travelling): PyValue {
  return value instanceof WholeFloat ? value.value : value;
}
