import { THIS } from '../package.js';
import type { Program } from '../program.js';
import type { Outcome } from './loops.js';

/** The request that a load repeats. */
export interface LoadRequest {
  readonly port: number;
  readonly path: string;
  readonly type: string;
  /** The body, or the file that contains it. */
  readonly body: string | { readonly file: string };
}

export type LoadQuestion = LoadRequest &
  (
    | { readonly connections: number; readonly ms: number; readonly requests?: number }
    | { readonly perSecond: number; readonly ms: number }
  );

export interface LoadAnswer extends Outcome {
  /** Failures other than refusals, and how often they occurred. */
  readonly others: Readonly<Record<string, number>>;
}

/** Sends requests from a separate process, so that its cost is the same for all. */
export class LoadGenerator {
  #program: Program | undefined;

  /**
   * Keeps a number of connections busy: each sends the next request after an answer, for a time or
   * until a number of answers.
   *
   * @throws when a request is refused or fails.
   */
  async closed(
    request: LoadRequest,
    connections: number,
    ms: number,
    requests?: number,
  ): Promise<Outcome> {
    const outcome = await this.ask({ ...request, connections, ms, ...(requests && { requests }) });
    if (outcome.refused + outcome.otherwise > 0) {
      throw new Error(
        `${request.path}: ${outcome.refused} requests were refused, ${outcome.otherwise} failed: ${JSON.stringify(outcome.others)}`,
      );
    }
    return outcome;
  }

  /** Any load, with its outcome. */
  ask(question: LoadQuestion): Promise<LoadAnswer> {
    this.#program ??= THIS.program('programs/load.js');
    return this.#program.ask(question);
  }

  async stop(): Promise<void> {
    await this.#program?.stop();
  }
}
