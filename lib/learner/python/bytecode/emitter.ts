import type { Code, Instruction } from '../instructions.js';
import { Tuple, type Value } from '../values.js';
import type { Minor } from './opcodes.js';
import { RawCode } from './raw-code.js';
import type { Unit } from './units.js';

/** An instruction that jumps, without its target. */
export type Jump = Jumping<Instruction>;
type Jumping<I> = I extends { readonly target: number } ? Omit<I, 'target'> : never;

/** The ops of the instruction kind that contains `O`. */
export type OpsBeside<O extends string, I = Instruction> = I extends { readonly op: infer P }
  ? O extends P
    ? P
    : never
  : never;

/** The translation of an opcode. */
export type Emit = (to: Emitter, arg: number, unit: Unit) => void;

/** Collects the instructions that the units of a code object become. */
export class Emitter {
  readonly instructions: Instruction[] = [];
  /** In 3.11 and 3.12: the names of the next call's last arguments. */
  keywordNames: readonly string[] = [];
  readonly #jumps: { readonly index: number; readonly offset: number }[] = [];
  readonly #indexOf = new Map<number, number>();
  readonly #units = new Map<number, Unit>();
  /** The slot of each variable of enclosing functions, and of each that inner functions use. */
  readonly #cellSlots: readonly number[];
  readonly #slotCount: number;

  constructor(
    readonly raw: RawCode,
    readonly minor: Minor,
    units: readonly Unit[],
    slotNames: readonly string[],
    private readonly decode: (raw: RawCode) => Code,
  ) {
    for (const unit of units) this.#units.set(unit.start, unit);
    const { varNames, cellVars, freeVars } = raw;
    const firstFree = slotNames.length - freeVars.length;
    this.#cellSlots = [
      ...cellVars.map((name) => {
        const parameter = varNames.indexOf(name);
        return parameter >= 0 ? parameter : slotNames.indexOf(name, varNames.length);
      }),
      ...freeVars.map((_, index) => firstFree + index),
    ];
    this.#slotCount = slotNames.length;
  }

  /** The instructions that follow belong to this unit. */
  begin(unit: Unit): void {
    this.#indexOf.set(unit.start, this.instructions.length);
  }

  emit(...instructions: readonly Instruction[]): void {
    this.instructions.push(...instructions);
  }

  /** A jump to the instruction at that offset of the bytecode. */
  jump(instruction: Jump, offset: number): void {
    this.#jumps.push({ index: this.instructions.length, offset });
    this.instructions.push({ ...instruction, target: 0 } as Instruction);
  }

  /** The unit that begins at an offset, if one does. */
  unitAt(offset: number): Unit | undefined {
    return this.#units.get(offset);
  }

  /** The target of a jump by `arg`: 3.10 and later count in units of two bytes. */
  forward(arg: number, unit: Unit): number {
    return unit.end + this.distance(arg);
  }

  backward(arg: number, unit: Unit): number {
    return unit.end - this.distance(arg);
  }

  distance(arg: number): number {
    return this.minor < 10 ? arg : 2 * arg;
  }

  name(arg: number): string {
    return this.#item(this.raw.names, arg, 'a name');
  }

  slot(arg: number): number {
    if (arg >= this.#slotCount)
      throw this.raw.error(`it uses variable ${arg}, which does not exist`);
    return arg;
  }

  /** The slot of a variable that functions share: before 3.11 these have their own numbers. */
  cellSlot(arg: number): number {
    return this.minor < 11 ? this.#item(this.#cellSlots, arg, 'a cell') : this.slot(arg);
  }

  /** Checks a number of values that are on the stack, or will be. */
  count(arg: number): number {
    if (arg > this.raw.stackSize + 1) {
      throw this.raw.error(`it takes ${arg} values from a stack of ${this.raw.stackSize}`);
    }
    return arg;
  }

  constant(arg: number): Value | RawCode {
    const { consts } = this.raw;
    if (arg >= consts.length) throw this.raw.error(`it uses constant ${arg}, which does not exist`);
    return consts[arg]!;
  }

  pushConstant(arg: number): void {
    const value = this.constant(arg);
    if (value instanceof RawCode) this.emit({ op: 'code', code: this.decode(value) });
    else this.emit({ op: 'const', value });
  }

  texts(arg: number): readonly string[] {
    const value = this.constant(arg);
    if (value instanceof Tuple) {
      const { items } = value;
      if (items.every((item) => typeof item === 'string')) return items;
    }
    throw this.raw.error('the names of keyword arguments are not texts');
  }

  unsupported(name: string): void {
    this.emit({ op: 'unsupported', name });
  }

  /** Makes every cell at the start, as later versions do. */
  makeCells(): void {
    this.raw.cellVars.forEach((_, index) =>
      this.emit({ op: 'make_cell', slot: this.#cellSlots[index]! }),
    );
  }

  /** The index of the instruction at an offset. @throws UnreadableCodeError */
  indexAt(offset: number): number {
    const index = this.#indexOf.get(offset);
    if (index === undefined) {
      throw this.raw.error(`a jump leads to ${offset}, where no instruction begins`);
    }
    return index;
  }

  /** Resolves the targets of the jumps. */
  finish(): readonly Instruction[] {
    for (const { index, offset } of this.#jumps) {
      const instruction = this.instructions[index]!;
      this.instructions[index] = { ...instruction, target: this.indexAt(offset) } as Instruction;
    }
    return this.instructions;
  }

  #item<T>(items: readonly T[], arg: number, what: string): T {
    const item = items[arg];
    if (item === undefined) throw this.raw.error(`it uses ${what} (${arg}), which does not exist`);
    return item;
  }
}
