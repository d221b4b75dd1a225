import { THIS } from '../package.js';
import type { Program } from '../program.js';
import type { Outcome } from './loops.js';

/** The request that a load consists of. */
export interface LoadRequest {
  readonly port: number;
  readonly path: string;
  readonly type: string;
  /** The body, or the file that has it. */
  readonly body: string | { readonly file: string };
}

export type LoadQuestion = LoadRequest &
  (
    | { readonly connections: number; readonly ms: number; readonly requests?: number }
    | { readonly perSecond: number; readonly ms: number }
  );

export interface LoadAnswer extends Outcome {
  /** What was neither answered nor refused, and how often. */
  readonly others: Readonly<Record<string, number>>;
}

/** Sends requests from a process of its own, so that what it costs is the same for all. */
export class LoadGenerator {
  #program: Program | undefined;

  /**
   * So many connections that each send the next request when the last is answered, for so long or
   * until so many are answered.
   *
   * @throws when one is refused or fails.
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

  /** Any load, with what became of it. */
  ask(question: LoadQuestion): Promise<LoadAnswer> {
    this.#program ??= THIS.program('programs/load.js');
    return this.#program.ask(question);
  }

  async stop(): Promise<void> {
    await this.#program?.stop();
  }
}
