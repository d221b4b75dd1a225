import type { Code, Instruction } from './instructions.js';
import type { Prepared } from './prepared.js';
import type { Cell, Func, Value } from './values.js';

/** Code on the stack, which must not be mistaken for a value. */
export class CodeOnStack {
  constructor(readonly code: Code) {}
}

/** What the stack may hold. Undefined is CPython's NULL. */
export type Item = Value | Cell | CodeOnStack | undefined;

/** An entry of the block stack of 3.7 to 3.10. */
export interface Block {
  readonly kind: 'loop' | 'except' | 'finally' | 'handler';
  readonly target: number;
  level: number;
}

/** A call of a function that is written in Python, or the body of a class. */
export class Frame {
  /** The index of the next instruction. */
  pc = 0;
  readonly stack: Item[] = [];
  readonly blocks: Block[] = [];
  /** The function that called it. */
  back: Frame | undefined;
  /** Whether it stopped at a `yield`. */
  yielded = false;
  /**
   * For a generator that waits in `yield from`: the inner iterator, and where to resume at its end.
   */
  delegate:
    { readonly iterator: Value; readonly target: number; readonly keeps: boolean } | undefined;

  constructor(
    readonly func: Func,
    readonly prepared: Prepared,
    readonly slots: Item[],
    /** The names of a class body or file. */
    public names: Map<string, Value> | undefined,
  ) {}

  get instruction(): Instruction | undefined {
    return this.prepared.instructions[this.pc - 1];
  }
}

/** `forward of __main__.Net, line 14`. */
export function placeOf({ func, prepared, pc }: Frame): string {
  const module = func.attrs.get('__module__') ?? func.globals.get('__name__') ?? '__main__';
  const path = `${typeof module === 'string' ? module : '__main__'}.${func.qualname}`
    // People call the code of a comprehension by its enclosing function.
    .replace(/(\.<locals>\.<(listcomp|setcomp|dictcomp|genexpr)>)+$/, '')
    .replaceAll('.<locals>', '');
  const dot = path.lastIndexOf('.');
  const line = prepared.lines[Math.max(pc - 1, 0)] ?? 0;
  return `${path.slice(dot + 1)} of ${path.slice(0, dot)}${line > 0 ? `, line ${line}` : ''}`;
}
