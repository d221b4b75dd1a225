import { CodeBudgetError } from './errors.js';

/** Limits on the code of a file. */
export interface BudgetLimits {
  /** The most instructions, plus items that builtins visit. Default 2 million. */
  readonly steps: number;
  /** The most nested calls. Default 200. */
  readonly depth: number;
  /** The most items and characters of all values that the code makes. Default 16 million. */
  readonly memory: number;
  /** The most milliseconds in which regular expressions match. Default 500. */
  readonly matching: number;
}

export const DEFAULT_BUDGET: BudgetLimits = {
  steps: 2_000_000,
  depth: 200,
  memory: 16_000_000,
  matching: 500,
};

/** The cost of an entry of a dictionary or set, in items of a list. */
export const ENTRY = 32;

/** The cost of a tuple besides its items when builtins make many tuples, including garbage. */
export const TUPLE = 64;

/** The cost of an int or a letter that an iterator makes, in items of a list. */
export const SMALL = 12;

/** The cost of a match of a regular expression besides its groups. */
export const MATCH = 64;

/** The cost of a function, generator or iterator: it holds its scope. */
export const SCOPE = 160;

/** Counts what one evaluation uses. */
export class Budget {
  #steps = 0;
  #memory = 0;
  #depth = 0;
  #matching = 0;

  constructor(private readonly limits: BudgetLimits = DEFAULT_BUDGET) {}

  /** @throws CodeBudgetError */
  step(count = 1): void {
    if ((this.#steps += count) > this.limits.steps) throw this.#exceeded('steps');
  }

  /** Charges items or characters before they are made. @throws CodeBudgetError */
  charge(count: number): void {
    if ((this.#memory += count) > this.limits.memory) throw this.#exceeded('memory');
  }

  /** The milliseconds that remain for regular expressions, at least one. */
  matchingTime(): number {
    return Math.max(1, Math.ceil(this.limits.matching - this.#matching));
  }

  /** @throws CodeBudgetError */
  matched(milliseconds: number): void {
    if ((this.#matching += milliseconds) > this.limits.matching) throw this.#exceeded('matching');
  }

  enter(): void {
    if (++this.#depth > this.limits.depth) throw this.#exceeded('depth');
  }

  leave(): void {
    this.#depth--;
  }

  get used(): number {
    return this.#steps;
  }

  /** The current depth of calls. */
  get depth(): number {
    return this.#depth;
  }

  /** Restores the depth for code that catches an exception. */
  backTo(depth: number): void {
    this.#depth = depth;
  }

  #exceeded(name: keyof BudgetLimits): CodeBudgetError {
    return new CodeBudgetError(name, this.limits[name]);
  }
}
