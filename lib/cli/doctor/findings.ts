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

/** Something that keeps a file from being served. */
export interface Finding {
  readonly part: Part;
  /** The code of the error that serving would end with. */
  readonly code: string;
  /** What is wrong, and what to do. */
  readonly message: string;
}

/** Collects what checks find, each fact once. */
export class Findings {
  readonly all: Finding[] = [];
  /** Parts that were looked at, in order. */
  readonly checked = new Set<Part>();

  get none(): boolean {
    return this.all.length === 0;
  }

  add(part: Part, code: string, message: string): void {
    this.checked.add(part);
    if (this.all.some((finding) => finding.message === message)) return;
    this.all.push({ part, code, message });
  }

  /** Gives what a check gives; undefined where it fails, which is a finding. */
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
