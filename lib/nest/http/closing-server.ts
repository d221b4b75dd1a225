import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const SWEEP_MS = 50;
/** A connection without a request for so long is not in the midst of a burst. */
const QUIET_MS = 300;
const LOOK_FOR_QUIET_MS = 200;
const QUIET_TURN_MS = 0.03;

/**
 * Closes an HTTP server without cutting a request off: the listener first, then connections as they
 * fall idle.
 */
export class ClosingServer {
  #since: number | undefined;
  #sweep: NodeJS.Timeout | undefined;

  constructor(private readonly server: Server) {}

  /** Lets no further connection in. */
  async stopListening(): Promise<void> {
    await quietTurn();
    this.#since = performance.now();
    // Not http's own close, which ends idle connections at once: the next request may be on its way
    // on them.
    if (this.server.listening) NetServer.prototype.close.call(this.server);
  }

  /**
   * Closes connections until all are gone: idle ones after a moment; where `mayCut` says so, those
   * as well on which a request is still to come, or never will (load balancers and browsers open
   * them ahead).
   */
  sweep(mayCut: () => boolean): void {
    this.#sweep = setInterval(() => {
      if (performance.now() - (this.#since ?? Infinity) < QUIET_MS) return;
      this.server.closeIdleConnections();
      if (mayCut()) this.server.closeAllConnections();
    }, SWEEP_MS);
    this.#sweep.unref();
  }

  stop(): void {
    clearInterval(this.#sweep);
  }
}

/**
 * What is in the kernel's queue of connections when a listener closes is reset. A turn of the event
 * loop empties that queue, then serves what else there is: after a turn with nothing to do the
 * queue is empty, but for microseconds.
 */
export async function quietTurn(): Promise<void> {
  const latest = performance.now() + LOOK_FOR_QUIET_MS;
  for (let begin = performance.now(), end = begin; end < latest; begin = end) {
    await new Promise((resolve) => setImmediate(resolve));
    end = performance.now();
    if (end - begin < QUIET_TURN_MS) return;
  }
}

/** Resolves when the promise does, or the time is over. */
export async function atMost(promise: Promise<unknown>, ms: number): Promise<void> {
  const cancel = new AbortController();
  await Promise.race([promise, delay(ms, undefined, { signal: cancel.signal })]);
  cancel.abort();
}
