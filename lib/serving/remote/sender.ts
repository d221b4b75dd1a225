import type { InferenceCallOptions, InferenceTransport } from '../../client/contract.js';
import { InferenceError } from '../../client/errors.js';
import type { Parameters } from '../../client/protocol/messages.js';
import { traceSent } from '../runtime/call-trace.js';
import { tellObservers } from '../runtime/runner-observer.js';
import type { Clock } from './clock.js';
import type { Target } from './target.js';
import type { Targets } from './targets.js';

/** A call in progress. */
export interface SentCall {
  readonly method: string;
  /** Aborted when nobody is waiting for it any more. */
  readonly signal: AbortSignal;
  /** Its deadline, on the clock; Infinity for none. */
  readonly limitAt: number;
}

export interface SenderOptions {
  readonly runner: string;
  readonly targets: Targets;
  readonly retries: number;
  readonly waitMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
}

/** The data that goes with an attempt. */
export interface Attempt {
  readonly transport: InferenceTransport;
  readonly options: InferenceCallOptions;
  /** The request parameters for the remaining time, if headers cannot carry it. */
  readonly parameters: Parameters | undefined;
}

/**
 * Sends calls to the targets in turn. If a target ran nothing, it sends the call once more,
 * preferably to another target.
 */
export class Sender {
  /** Calls that wait for a target. */
  waiting = 0;

  constructor(private readonly options: SenderOptions) {}

  /** Gets one answer. @throws InferenceError */
  async send<T extends { readonly modelVersion: string }>(
    call: SentCall,
    work: (attempt: Attempt) => Promise<T>,
  ): Promise<T> {
    return this.#tries(call, async (target, sent, end) => {
      const answer = await target.call((transport) => work({ transport, ...sent }));
      end();
      return answer;
    });
  }

  /**
   * Streams several answers. After the first one, the call is not sent again. @throws
   * InferenceError
   */
  async *stream<T extends { readonly modelVersion: string }>(
    call: SentCall,
    work: (attempt: Attempt) => AsyncIterable<T>,
  ): AsyncGenerator<T, void, undefined> {
    let finish: (error?: unknown) => void = () => undefined;
    let leave: () => void = () => undefined;
    const begun = await this.#tries(call, async (target, sent, end) => {
      // The call occupies the target until the last answer, or until the reader leaves.
      const left = new Promise<void>((resolve) => (leave = resolve));
      let answers: AsyncIterator<T> | undefined;
      const first = new Promise<IteratorResult<T>>((resolve, reject) => {
        const failed = new Promise<never>((_, fail) => (finish = fail));
        failed.catch(() => undefined);
        target
          .call(async (transport) => {
            answers = work({ transport, ...sent })[Symbol.asyncIterator]();
            resolve(await answers.next());
            await Promise.race([left, failed]);
          })
          .then(
            () => end(),
            (error: unknown) => {
              end(error);
              reject(error as Error);
            },
          );
      });
      return { first: await first, answers: answers as unknown as AsyncIterator<T> };
    });
    try {
      for (let next = begun.first; next.done !== true; next = await begun.answers.next()) {
        yield next.value;
      }
    } catch (error) {
      finish(error);
      throw error;
    } finally {
      leave();
      await begun.answers.return?.();
    }
  }

  /** Waits for a target. @throws InferenceError if none becomes ready in time */
  async ready(call: SentCall): Promise<void> {
    await this.#next(call, new Set(), undefined);
  }

  async #tries<T>(
    call: SentCall,
    work: (
      target: Target,
      sent: Omit<Attempt, 'transport'>,
      end: (error?: unknown) => void,
    ) => Promise<T>,
  ): Promise<T> {
    const tried = new Set<Target>();
    let refusal: InferenceError | undefined;
    for (let attempt = 0; ; attempt++) {
      const target = await this.#next(call, tried, refusal);
      const sent = this.#begin(call, target);
      try {
        return await work(target, sent, sent.end);
      } catch (error) {
        sent.end(error);
        if (!(error instanceof InferenceError) || attempt >= this.options.retries) throw error;
        tried.add(target);
        if (!this.#mayRepeat(error, tried)) throw error;
        refusal = error;
      }
    }
  }

  /** A server that refuses because of load, or lacks the model, would refuse again. */
  #mayRepeat({ status, mayHaveRun, retryAfterMs }: InferenceError, tried: ReadonlySet<Target>) {
    if (mayHaveRun) return false;
    if (status === 'UNAVAILABLE' && retryAfterMs === undefined) return true;
    if (!['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'NOT_FOUND'].includes(status)) return false;
    return this.options.targets.all.some((target) => target.ready && !tried.has(target));
  }

  async #next(
    call: SentCall,
    tried: ReadonlySet<Target>,
    refusal: InferenceError | undefined,
  ): Promise<Target> {
    const { targets, waitMs, clock } = this.options;
    const found = targets.pick(tried);
    if (found !== undefined) return found;
    this.waiting++;
    const stop = new AbortController();
    const onAbort = (): void => stop.abort();
    call.signal.addEventListener('abort', onAbort, { once: true });
    const cancel = clock.after(Math.min(waitMs, call.limitAt - clock.now()), onAbort);
    try {
      while (!stop.signal.aborted) {
        await targets.nextReady(stop.signal);
        const target = targets.pick(tried);
        if (target !== undefined) return target;
      }
    } finally {
      this.waiting--;
      cancel();
      call.signal.removeEventListener('abort', onAbort);
    }
    if (refusal !== undefined) throw refusal;
    throw new InferenceError(targets.obstacle, { status: 'UNAVAILABLE', mayHaveRun: false });
  }

  #begin(
    { method, signal, limitAt }: SentCall,
    { url, address, rest }: Target,
  ): Omit<Attempt, 'transport'> & { end: (error?: unknown) => void } {
    const { runner, headers, clock } = this.options;
    const left = limitAt - clock.now();
    if (left <= 0) {
      throw new InferenceError('its deadline has passed', {
        status: 'DEADLINE_EXCEEDED',
        mayHaveRun: false,
      });
    }
    const trace = traceSent({ runner, method, url, address });
    const begun = clock.now();
    let ended = false;
    const end = (error?: unknown): void => {
      if (ended) return;
      ended = true;
      const status =
        error === undefined ? 'OK' : error instanceof InferenceError ? error.status : 'INTERNAL';
      tellObservers('sent', { runner, remote: url, status, ms: clock.now() - begun });
      trace?.end(error);
    };
    const timeoutMs = left === Infinity ? 0 : Math.max(1, Math.floor(left));
    return {
      options: { signal, headers: { ...headers, ...trace?.headers }, timeoutMs },
      // In microseconds, as in Triton.
      parameters: rest && timeoutMs > 0 ? { timeout: timeoutMs * 1000 } : undefined,
      end,
    };
  }
}
