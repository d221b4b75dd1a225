import { Op } from '../pickle/opcodes.js';
import { pickleOps, type PickleOp } from './pickle-ops.js';

/** The opcodes `first` up to `end` that make a value, with its items and state. */
export interface PickledValue {
  /** Index of its first opcode. */
  readonly first: number;
  /** Index after its last opcode; set when the value is used. */
  end: number;
  readonly text: string | undefined;
  /** The memo index that this opcode fetches, if it is a GET. */
  readonly got: number | undefined;
  /** The memo index under which it was stored. */
  memo?: number;
  /** The entries of a dictionary. */
  readonly entries: (readonly [key: PickledValue, value: PickledValue])[];
  /** The state of its BUILD. */
  readonly states: PickledValue[];
}

const TO_MARK = -1;
/** How many values an opcode pops; TO_MARK for all above the mark. */
const TAKES: ReadonlyMap<number, number> = new Map(
  (
    [
      [1, [Op.TUPLE1, Op.BINPERSID, Op.READONLY_BUFFER, Op.APPEND, Op.BUILD]],
      [2, [Op.TUPLE2, Op.REDUCE, Op.NEWOBJ, Op.STACK_GLOBAL, Op.SETITEM]],
      [3, [Op.TUPLE3, Op.NEWOBJ_EX]],
      [TO_MARK, [Op.TUPLE, Op.LIST, Op.DICT, Op.OBJ, Op.INST, Op.FROZENSET]],
      [TO_MARK, [Op.APPENDS, Op.SETITEMS, Op.ADDITEMS]],
    ] as const
  ).flatMap(([count, codes]) => codes.map((code) => [code, count] as const)),
);
/** Opcodes that add the popped values to the value below; the others push a new value. */
const ADDS: ReadonlySet<number> = new Set([
  Op.APPEND,
  Op.APPENDS,
  Op.SETITEM,
  Op.SETITEMS,
  Op.ADDITEMS,
  Op.BUILD,
]);
const SETS_ENTRIES: ReadonlySet<number> = new Set([Op.DICT, Op.SETITEM, Op.SETITEMS]);
const GETS: ReadonlySet<number> = new Set([Op.GET, Op.BINGET, Op.LONG_BINGET]);
const PUTS: ReadonlySet<number> = new Set([Op.PUT, Op.BINPUT, Op.LONG_BINPUT, Op.MEMOIZE]);
/** Opcodes that picklers do not write. */
const REFUSED: ReadonlySet<number> = new Set([Op.DUP, Op.NEXT_BUFFER]);

/** The values of a pickle, and the opcodes that make each of them. */
export class PickleOutline {
  protocol = 2;
  /** By memo index. */
  readonly memo = new Map<number, PickledValue>();
  /** Values in the memo, by their first opcode; enclosing values come first. */
  readonly memoized = new Map<number, PickledValue[]>();
  /** The memo index to which each opcode stores, including MEMOIZE, which has no argument. */
  readonly puts = new Map<number, number>();
  /** Values, and marks as the index of their opcode. */
  readonly #stack: (PickledValue | number)[] = [];
  /** The first opcode of the last dropped value, if the next value stands for it. */
  #dropped: number | undefined;

  private constructor(readonly ops: readonly PickleOp[]) {}

  /**
   * Undefined for pickles that picklers do not write, for example with overwritten memo entries.
   */
  static of(bytes: Uint8Array): PickleOutline | undefined {
    const outline = new PickleOutline([...pickleOps(bytes)]);
    const known = outline.ops.every((op, at) => outline.#step(op, at));
    if (!known || outline.#stack.length !== 1 || typeof outline.#stack[0] !== 'object') return;
    for (const value of outline.memo.values()) {
      const beside = outline.memoized.get(value.first);
      if (beside) beside.push(value);
      else outline.memoized.set(value.first, [value]);
    }
    for (const values of outline.memoized.values()) values.sort((a, b) => b.end - a.end);
    return outline;
  }

  get root(): PickledValue {
    return this.#stack[0] as PickledValue;
  }

  #step(op: PickleOp, at: number): boolean {
    const { code } = op;
    if (REFUSED.has(code)) return false;
    if (code === Op.PROTO) this.protocol = op.number ?? 2;
    if (code === Op.PROTO || code === Op.FRAME) return true;
    if (code === Op.STOP) {
      this.#use(1, at);
      this.#stack.length = 1;
      return true;
    }
    if (code === Op.MARK) {
      this.#stack.push(at);
      return true;
    }
    if (PUTS.has(code)) return this.#put(op, at);
    if (code === Op.POP || code === Op.POP_MARK) return this.#drop(op, at);
    const count = TAKES.get(code);
    if (count === undefined) {
      this.#push(at, op);
      return true;
    }
    const { first, values } = this.#take(count, at);
    const target = ADDS.has(code) ? this.#stack.at(-1) : this.#push(first);
    if (typeof target !== 'object') return false;
    if (code === Op.BUILD) target.states.push(...values);
    if (SETS_ENTRIES.has(code)) {
      for (let i = 0; i + 1 < values.length; i += 2) {
        target.entries.push([values[i]!, values[i + 1]!]);
      }
    }
    return true;
  }

  /**
   * Picklers drop the result of a call that sets an object's state, which is part of that object.
   * They also drop the items of a tuple that holds itself, and fetch the tuple from the memo next.
   */
  #drop({ code }: PickleOp, at: number): boolean {
    const isCall = this.ops[at - 1]?.code === Op.REDUCE;
    const top = this.#stack.at(-1);
    if (top === undefined || (code === Op.POP && typeof top === 'number')) return false;
    const { first } = this.#take(code === Op.POP_MARK ? TO_MARK : 1, at);
    if (!isCall) this.#dropped = Math.min(first, this.#dropped ?? first);
    return true;
  }

  #put(op: PickleOp, at: number): boolean {
    const index = op.number ?? this.memo.size;
    const value = this.#stack.at(-1);
    if (typeof value !== 'object' || this.memo.has(index) || value.memo !== undefined) return false;
    value.memo = index;
    this.memo.set(index, value);
    this.puts.set(at, index);
    return true;
  }

  #push(at: number, op?: PickleOp): PickledValue {
    const got = op && GETS.has(op.code) ? op.number : undefined;
    const first = this.#dropped ?? at;
    this.#dropped = undefined;
    const value = { first, end: -1, text: op?.text, got, entries: [], states: [] };
    this.#stack.push(value);
    return value;
  }

  /** The top values, whose ends are known now. */
  #use(count: number, at: number): PickledValue[] {
    const start = this.#stack.length - count;
    return this.#stack.slice(start).map((slot, i) => {
      const next = this.#stack[start + i + 1];
      const value = slot as PickledValue;
      value.end = next === undefined ? at : typeof next === 'number' ? next : next.first;
      return value;
    });
  }

  /** Pops the top values, or all values above the mark and the mark itself. */
  #take(count: number, at: number): { first: number; values: PickledValue[] } {
    const length = this.#stack.length;
    const marked = count === TO_MARK;
    const from = marked
      ? this.#stack.findLastIndex((slot) => typeof slot === 'number')
      : length - count;
    const values = this.#use(marked ? length - from - 1 : count, at);
    const bottom = this.#stack[from]!;
    this.#stack.length = from;
    return { first: typeof bottom === 'number' ? bottom : bottom.first, values };
  }
}
