import type { InferenceCallOptions, InferenceTransport } from '../../client/contract.js';
import { InferenceError } from '../../client/errors.js';
import type { ModelMetadata } from '../../client/protocol/messages.js';
import { backOff, type Clock } from './clock.js';

/** How long an address may take to answer a readiness check. */
const PROBE_TIMEOUT_MS = 5000;

/** The model to find on a server. */
export interface WantedModel {
  readonly name: string;
  /** '' for the latest. */
  readonly version: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The callbacks of a target. */
export interface TargetOwner {
  /** The target has become ready, or is no longer ready. */
  changed(target: Target): void;
  /** Whether calls are waiting for a target. */
  readonly wanted: boolean;
  /** The server has described the model. */
  described(metadata: ModelMetadata): void;
}

export interface TargetOptions {
  /** The configured address. */
  readonly url: string;
  /** The resolved address, if a name stands for several. */
  readonly address: string;
  /** Whether it is REST, where a parameter carries the remaining time. */
  readonly rest: boolean;
  readonly connect: () => Promise<InferenceTransport>;
  readonly model: WantedModel;
  readonly probeMs: number;
  readonly clock: Clock;
  readonly owner: TargetOwner;
}

/**
 * One address of a model. It checks whether the model is ready: now and then while it is, and with
 * growing delays while it is not. An address that is not ready gets no calls.
 */
export class Target {
  readonly url: string;
  readonly address: string;
  readonly rest: boolean;
  /** Why it gets no calls; undefined while it is ready. */
  obstacle: string | undefined = 'it has not answered yet';
  inFlight = 0;
  /** How often the connection was lost. */
  losses = 0;
  readonly #options: TargetOptions;
  #transport: Promise<InferenceTransport> | undefined;
  #failures = 0;
  #probing: Promise<void> | undefined;
  #probeAgain = false;
  #describeAgain = false;
  #cancel: (() => void) | undefined;
  #nextAt = 0;
  #closed = false;
  #drained: (() => void) | undefined;

  constructor(options: TargetOptions) {
    this.#options = options;
    this.url = options.url;
    this.address = options.address;
    this.rest = options.rest;
  }

  get ready(): boolean {
    return this.obstacle === undefined && !this.#closed;
  }

  /** Makes one call, and records its failure. */
  async call<T>(work: (transport: InferenceTransport) => Promise<T>): Promise<T> {
    this.inFlight++;
    try {
      return await work(await this.#connected());
    } catch (error) {
      this.#failed(error);
      throw error;
    } finally {
      this.inFlight--;
      if (this.inFlight === 0) this.#drained?.();
    }
  }

  /** Checks whether the model is ready; resolves when that is known. */
  probe(): Promise<void> {
    this.#cancel?.();
    this.#probing ??= this.#probe().finally(() => {
      this.#probing = undefined;
      if (this.#closed) return;
      const again = this.#probeAgain;
      this.#probeAgain = false;
      this.#next(again);
    });
    return this.#probing;
  }

  /** A call is waiting for it. */
  hurry(): void {
    if (this.#closed || this.ready || this.#probing !== undefined) return;
    const { clock } = this.#options;
    const ms = backOff(0, clock);
    if (this.#nextAt > clock.now() + ms) this.#in(ms);
  }

  /** Takes no further calls, lets those in progress end, then disconnects. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancel?.();
    if (this.inFlight > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
    const transport = await this.#transport?.catch(() => undefined);
    await transport?.close().catch(() => undefined);
  }

  /** Records the failure of a call or its stream. */
  #failed(error: unknown): void {
    if (!(error instanceof InferenceError)) return;
    const { status, retryAfterMs, message } = error;
    const lost = status === 'UNAVAILABLE' && retryAfterMs === undefined;
    if (lost || status === 'NOT_FOUND') {
      if (this.#down(message)) this.#askNow();
      // The server refused the call because of load, or because it is about to unload the model.
    } else if (status === 'UNAVAILABLE') this.#askNow();
  }

  /** Another version has answered. */
  describeAgain(): void {
    if (this.#describeAgain) return;
    this.#describeAgain = true;
    this.#askNow();
  }

  #askNow(): void {
    if (this.#closed) return;
    if (this.#probing !== undefined) {
      // A check in progress may have got its answer earlier.
      this.#probeAgain = true;
      return;
    }
    this.#in(0);
  }

  #in(ms: number): void {
    const { clock } = this.#options;
    this.#cancel?.();
    this.#nextAt = clock.now() + ms;
    this.#cancel = clock.after(ms, () => void this.probe());
  }

  async #probe(): Promise<void> {
    const { model, owner } = this.#options;
    const options: InferenceCallOptions = { timeoutMs: PROBE_TIMEOUT_MS, headers: model.headers };
    try {
      const transport = await this.#connected();
      if (!(await transport.modelReady(model.name, model.version, options))) {
        return this.#refused('the model is not ready on the server');
      }
      if (this.obstacle !== undefined || this.#describeAgain) {
        this.#describeAgain = false;
        owner.described(await transport.modelMetadata(model.name, model.version, options));
      }
    } catch (error) {
      return this.#refused(error instanceof Error ? error.message : String(error));
    }
    this.#failures = 0;
    if (this.obstacle === undefined || this.#closed) return;
    this.obstacle = undefined;
    owner.changed(this);
  }

  #refused(reason: string): void {
    this.#down(reason);
    this.#failures++;
  }

  /** @returns Whether it was ready. */
  #down(reason: string): boolean {
    const wasReady = this.obstacle === undefined;
    this.obstacle = reason;
    if (wasReady) {
      this.losses++;
      this.#failures = 0;
      this.#options.owner.changed(this);
    }
    return wasReady;
  }

  #next(again: boolean): void {
    const { clock, owner, probeMs } = this.#options;
    const ms = this.ready
      ? again
        ? backOff(0, clock)
        : probeMs * (0.75 + 0.5 * clock.random())
      : backOff(owner.wanted ? 0 : this.#failures - 1, clock);
    this.#in(ms);
  }

  #connected(): Promise<InferenceTransport> {
    if (this.#transport === undefined) {
      const connecting = (this.#transport = this.#options.connect());
      connecting.catch(() => {
        if (this.#transport === connecting) this.#transport = undefined;
      });
    }
    return this.#transport;
  }
}
