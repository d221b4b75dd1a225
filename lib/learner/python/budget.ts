import { CodeBudgetError } from './errors.js';

/** What code of a file may use. */
export interface BudgetLimits {
  /** Instructions, and items that builtins go through. Default 2 million. */
  readonly steps: number;
  /** Calls within calls. Default 200. */
  readonly depth: number;
  /** Items and characters of all values that it makes. Default 16 million. */
  readonly memory: number;
  /** Milliseconds that regular expressions may take which may backtrack long. Default 500. */
  readonly matching: number;
}

export const DEFAULT_BUDGET: BudgetLimits = {
  steps: 2_000_000,
  depth: 200,
  memory: 16_000_000,
  matching: 500,
};

/** What an entry of a dictionary or set takes, as so many items of a list. */
export const ENTRY = 32;

/** What a tuple takes beside its items while builtins make many, with the garbage on the way. */
export const TUPLE = 32;

/** What a function or generator takes: it holds its scope. */
export const SCOPE = 96;

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

  /** Items or characters that are about to be made. @throws CodeBudgetError */
  charge(count: number): void {
    if ((this.#memory += count) > this.limits.memory) throw this.#exceeded('memory');
  }

  /** How many milliseconds a regular expression may take now, at least one. */
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

  /** Calls within calls, now. */
  get depth(): number {
    return this.#depth;
  }

  /** Whoever catches an exception is as deep as before it was thrown. */
  backTo(depth: number): void {
    this.#depth = depth;
  }

  #exceeded(name: keyof BudgetLimits): CodeBudgetError {
    return new CodeBudgetError(name, this.limits[name]);
  }
}
