import { recordPhases, stopPhases } from '../../../learner/runtime/phases.js';
import { stopRows, watchRows } from '../../../learner/runtime/rows-done.js';
import { NotAStreamError, StreamResultError } from '../errors.js';
import type { CallTiming } from '../../runtime/call-trace.js';
import type { CallContext, FromWorker, RunMessage, ServedMethod } from './protocol.js';
import { streamedValues } from './streamed-values.js';
import { decode, encodeOwn, type Encoded } from './transfer.js';
import { wireError } from './wire-error.js';

/** Progress is reported at most this often. */
const TOLD_EVERY_MS = 100;

/** Sends an answer; throws if the answer cannot be sent. */
export type Send = (message: FromWorker, transfer?: ArrayBuffer[]) => void;

/** A call in a worker, from its start to its answer. */
export class ServedCall {
  #controller: AbortController | undefined;
  #left = false;
  #credit: number;
  #wake: (() => void) | undefined;
  #values: AsyncIterator<unknown> | undefined;

  constructor(
    private readonly message: RunMessage,
    private readonly send: Send,
    private readonly pack: (value: unknown, buffers: Set<ArrayBuffer>) => Encoded = encodeOwn,
  ) {
    this.#credit = message.ahead ?? 0;
  }

  pull(count: number): void {
    this.#credit += count;
    this.#wake?.();
  }

  /** The caller has left: its stream ends here. */
  leave(): void {
    this.#left = true;
    this.#controller?.abort();
    this.#wake?.();
    // A stream that waits for its next value may be able to stop now. The reading code waits for
    // its end.
    void this.#values?.return?.().catch(() => undefined);
  }

  /** Runs the method and sends its answer, whatever the outcome. */
  async run(method: ServedMethod | undefined): Promise<void> {
    const { slot, ahead } = this.message;
    const start = performance.now();
    const phases = this.message.traced ? recordPhases() : undefined;
    if (this.message.watched) this.#watch();
    const timing = (): CallTiming => {
      const startedAt = performance.timeOrigin + start;
      const runMs = performance.now() - start;
      return phases === undefined ? { startedAt, runMs } : { startedAt, runMs, phases };
    };
    try {
      if (method === undefined) {
        throw new TypeError(`The model has no method "${this.message.method}".`);
      }
      const value: unknown = await method(decode(this.message.item), this.#context());
      const values = streamedValues(value);
      if (ahead !== undefined) await this.#stream(values);
      else if (values !== undefined) await this.#refuse(values);
      const buffers = new Set<ArrayBuffer>();
      const encoded = this.pack(ahead === undefined ? value : undefined, buffers);
      this.send({ type: 'result', slot, value: encoded, ...timing() }, [...buffers]);
    } catch (error) {
      this.send({ type: 'error', slot, error: wireError(error), ...timing() });
    } finally {
      if (phases !== undefined) stopPhases();
      if (this.message.watched) stopRows();
    }
  }

  #watch(): void {
    const { slot } = this.message;
    let last = 0;
    watchRows((share) => {
      const now = performance.now();
      if (now - last < TOLD_EVERY_MS) return;
      last = now;
      this.send({ type: 'progress', slot, share });
    });
  }

  async #stream(values: AsyncIterator<unknown> | undefined): Promise<void> {
    const { slot, method } = this.message;
    if (values === undefined) throw new NotAStreamError(method);
    this.#values = values;
    let done = false;
    try {
      while (!this.#left) {
        const next = await values.next();
        done = next.done === true;
        if (done) return;
        // The pause also lets messages arrive. A generator that only computes would block them
        // forever.
        while (this.#credit === 0 && !this.#left) {
          await new Promise<void>((resolve) => (this.#wake = resolve));
        }
        if (this.#left) break;
        this.#credit--;
        const buffers = new Set<ArrayBuffer>();
        const value = this.pack(next.value, buffers);
        this.send({ type: 'value', slot, value }, [...buffers]);
      }
    } finally {
      this.#values = undefined;
      if (!done) await values.return?.();
    }
  }

  async #refuse(values: AsyncIterator<unknown>): Promise<never> {
    await values.return?.();
    throw new StreamResultError(this.message.method);
  }

  #context(): CallContext {
    const signal = (): AbortSignal => this.#signal;
    return {
      get signal() {
        return signal();
      },
    };
  }

  /** Most methods never use it. */
  get #signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#left) this.#controller.abort();
    }
    return this.#controller.signal;
  }
}
