import type { InferenceSession, OnnxValue } from 'onnxruntime-common';
import { phase } from '../../runtime/phases.js';
import { SessionReleasedError } from '../errors.js';
import type { ModelSession } from './model-session.js';

/**
 * An onnxruntime session that may be released at any time, and more than once.
 *
 * `run` computes on the calling thread and blocks it.
 */
export class OnnxSession implements ModelSession {
  readonly #session: InferenceSession;
  readonly #running = new Set<Promise<unknown>>();
  #released: Promise<void> | undefined;

  constructor(session: InferenceSession) {
    this.#session = session;
  }

  get inputNames(): readonly string[] {
    return this.#session.inputNames;
  }

  get outputNames(): readonly string[] {
    return this.#session.outputNames;
  }

  /** The model's inputs, by name: element type and sizes. */
  get inputMetadata(): readonly InferenceSession.ValueMetadata[] {
    return this.#session.inputMetadata;
  }

  get outputMetadata(): readonly InferenceSession.ValueMetadata[] {
    return this.#session.outputMetadata;
  }

  /** @throws SessionReleasedError after `release()`. */
  async run(
    feeds: InferenceSession.FeedsType,
    fetches?: readonly string[],
  ): Promise<Readonly<Record<string, OnnxValue>>> {
    if (this.#released) throw new SessionReleasedError();
    const run = phase('run', () =>
      fetches ? this.#session.run(feeds, fetches) : this.#session.run(feeds),
    );
    this.#running.add(run);
    try {
      return await run;
    } finally {
      this.#running.delete(run);
    }
  }

  /** Frees the model after the runs in progress. */
  release(): Promise<void> {
    this.#released ??= Promise.allSettled(this.#running).then(() => this.#session.release());
    return this.#released;
  }
}
