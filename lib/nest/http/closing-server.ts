import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const SWEEP_MS = 50;
/** A connection without a request for this long is not in the middle of a burst. */
const QUIET_MS = 300;
const LOOK_FOR_QUIET_MS = 200;
const QUIET_TURN_MS = 0.03;

/**
 * Closes an HTTP server without cutting off a request: the listener first, then connections as they
 * become idle.
 */
export class ClosingServer {
  #since: number | undefined;
  #sweep: NodeJS.Timeout | undefined;

  constructor(private readonly server: Server) {}

  /** Accepts no further connections. */
  async stopListening(): Promise<void> {
    await quietTurn();
    this.#since = performance.now();
    // Not http's own close, which ends idle connections at once although the next request may be on
    // its way.
    if (this.server.listening) NetServer.prototype.close.call(this.server);
  }

  /**
   * Closes connections until all are gone: idle ones after a moment. If `mayCut` allows it, also
   * those whose request has not arrived, or never will: load balancers and browsers open
   * connections ahead.
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
 * When a listener closes, the kernel resets the connections in its queue. A turn of the event loop
 * empties that queue, then serves everything else. So after an idle turn the queue is empty, except
 * for microseconds.
 */
export async function quietTurn(): Promise<void> {
  const latest = performance.now() + LOOK_FOR_QUIET_MS;
  for (let begin = performance.now(), end = begin; end < latest; begin = end) {
    await new Promise((resolve) => setImmediate(resolve));
    end = performance.now();
    if (end - begin < QUIET_TURN_MS) return;
  }
}

/** Resolves when the promise does, or the time has passed. */
export async function atMost(promise: Promise<unknown>, ms: number): Promise<void> {
  const cancel = new AbortController();
  await Promise.race([promise, delay(ms, undefined, { signal: cancel.signal })]);
  cancel.abort();
}
