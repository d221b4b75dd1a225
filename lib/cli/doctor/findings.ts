import { VtsError } from '../../learner/errors/index.js';
import { describeFailure } from '../errors.js';

/** The part of a file that a check looks at. */
export type Part =
  | 'file'
  | 'learner'
  | 'kind'
  | 'inputs'
  | 'transforms'
  | 'tokenizer'
  | 'columns'
  | 'target'
  | 'loss'
  | 'model'
  | 'prediction';

/** A problem that prevents serving a file. */
export interface Finding {
  readonly part: Part;
  /** The code of the error with which serving would fail. */
  readonly code: string;
  /** The problem, and what to do about it. */
  readonly message: string;
}

/** Collects what checks find, each fact once. */
export class Findings {
  readonly all: Finding[] = [];
  /** The checked parts, in order. */
  readonly checked = new Set<Part>();

  get none(): boolean {
    return this.all.length === 0;
  }

  add(part: Part, code: string, message: string): void {
    this.checked.add(part);
    if (this.all.some((finding) => finding.message === message)) return;
    this.all.push({ part, code, message });
  }

  /** Returns the result of a check; undefined if it fails, which becomes a finding. */
  attempt<T>(part: Part, check: () => T): T | undefined {
    this.checked.add(part);
    try {
      return check();
    } catch (error) {
      this.report(part, error);
      return undefined;
    }
  }

  async attemptLater<T>(part: Part, check: () => Promise<T>): Promise<T | undefined> {
    this.checked.add(part);
    try {
      return await check();
    } catch (error) {
      this.report(part, error);
      return undefined;
    }
  }

  report(part: Part, error: unknown): void {
    this.add(part, codeOf(error), describeFailure(error));
  }
}

function codeOf(error: unknown): string {
  return error instanceof VtsError ? error.code : 'VTS_UNEXPECTED';
}
