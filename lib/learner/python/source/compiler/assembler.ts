import type { Code, Handler, Instruction } from '../../instructions.js';
import { PythonSyntaxError } from '../syntax/error.js';
import type { Scope } from './scope.js';

/** A position among the instructions, which may not be known yet. */
export class Label {
  at = -1;
}

type Jump = Extract<Instruction, { readonly target: number }>;
type Bare<T> = T extends unknown ? Omit<T, 'target'> : never;
/** Instructions that consist of the name of an operation only. */
type Plain = Extract<Instruction, { readonly op: string }>;

/** Instructions whose exceptions lead to a label. */
export interface Guard {
  readonly handler: Label;
  readonly depth: number;
  /** Whether the handler finds the position below the exception. */
  readonly lasti: boolean;
  start: number;
}

/**
 * `finally` blocks are written once for every way out of them, so a few kilobytes could become
 * gigabytes: this limits the instructions of a whole file.
 */
export class Allowance {
  #left = 500_000;

  take(line: number): void {
    if (--this.#left < 0) {
      throw new PythonSyntaxError(line, 'it becomes more than 500000 instructions');
    }
  }
}

/** State that all pieces of code of a file share. */
export interface Origin {
  /** For people: `notebook.ipynb, cell 3`. */
  readonly fileName: string;
  readonly allowance: Allowance;
}

/** The instructions of one piece of code, with labels and guards. */
export abstract class Assembler {
  line = 0;
  readonly #instructions: Instruction[] = [];
  readonly #lines: number[] = [];
  readonly #jumps: { readonly index: number; readonly label: Label }[] = [];
  readonly #guarded: (Guard & { readonly end: number })[] = [];
  readonly #slots: ReadonlyMap<string, number>;

  constructor(
    protected readonly origin: Origin,
    protected readonly scope: Scope,
    protected readonly name: string,
    protected readonly qualname: string,
  ) {
    this.#slots = new Map(scope.slotNames.map((slot, index) => [slot, index]));
  }

  protected emit(instruction: Plain): void {
    this.origin.allowance.take(this.line);
    this.#instructions.push(instruction);
    this.#lines.push(this.line);
  }

  protected constant(value: Extract<Instruction, { readonly op: 'const' }>['value']): void {
    this.emit({ op: 'const', value });
  }

  protected jump(instruction: Bare<Jump>, label: Label): void {
    this.#jumps.push({ index: this.#instructions.length, label });
    this.emit({ ...instruction, target: -1 } as Jump);
  }

  protected place(label: Label): void {
    label.at = this.#instructions.length;
  }

  protected slot(name: string): number {
    return this.#slots.get(name)!;
  }

  protected guard(handler: Label, depth: number, lasti: boolean): Guard {
    return { handler, depth, lasti, start: this.#instructions.length };
  }

  /** Guards the instructions since the guard began or resumed. Inner guards end first. */
  protected endGuard(guard: Guard): void {
    const end = this.#instructions.length;
    if (end > guard.start) this.#guarded.push({ ...guard, end });
  }

  protected resumeGuard(guard: Guard): void {
    guard.start = this.#instructions.length;
  }

  protected assemble(firstLine: number, rest: Partial<Code>): Code {
    const { scope, origin, name, qualname } = this;
    const instructions = [...this.#instructions];
    for (const { index, label } of this.#jumps) {
      instructions[index] = { ...(instructions[index] as Jump), target: label.at };
    }
    return {
      name,
      qualname,
      fileName: origin.fileName,
      firstLine,
      argCount: 0,
      posOnlyCount: 0,
      kwOnlyCount: 0,
      hasVarArgs: false,
      hasVarKwargs: false,
      isGenerator: scope.isGenerator,
      isAsync: false,
      isFunction: scope.kind !== 'class',
      slotNames: scope.slotNames,
      freeCount: scope.free.length,
      instructions,
      lines: this.#lines,
      handlers: this.#handlers(),
      ...rest,
    };
  }

  /** As in an exception table, each instruction has at most one handler, the innermost. */
  #handlers(): Handler[] {
    const owner: (Guard | undefined)[] = [];
    for (const guard of this.#guarded) {
      for (let at = guard.start; at < guard.end; at++) owner[at] ??= guard;
    }
    const handlers: Handler[] = [];
    for (let start = 0; start < owner.length;) {
      const guard = owner[start];
      let end = start + 1;
      while (end < owner.length && owner[end]?.handler === guard?.handler) end++;
      if (guard) {
        const { handler, depth, lasti } = guard;
        handlers.push({ start, end, target: handler.at, depth, lasti });
      }
      start = end;
    }
    return handlers;
  }
}
