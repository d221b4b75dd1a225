import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

/** Asking the kernel for ready events takes less time than this, and is not sleep. */
const SLEPT_MS = 0.1;

/** One turn of the event loop in which something arrived. */
interface Turn {
  /** The earliest time at which it can have arrived, … */
  readonly since: number;
  /** … and when the first of it was seen. */
  readonly at: number;
  /** How long the loop had been idle at its end. */
  idleMs: number;
  /**
   * The turn right before this one, without a sleep between them. It is dropped when it ends, or
   * all turns would stay in memory.
   */
  before: Turn | undefined;
}

let turn: Turn | undefined;
let last: Turn | undefined;

/** The connections without a first request, by the turn in which they were accepted. */
const fresh = new WeakMap<Socket, Turn>();

/**
 * The earliest possible arrival of the request that is being reported now, on the clock of
 * `performance.now()`.
 *
 * A busy event loop sees a request only when it finishes its current work. Until then the kernel
 * holds it, for an unknown time. It cannot be longer than since the start of the previous turn; if
 * the loop has slept since then, the request woke it. Under overload, a deadline that counts from
 * when the loop sees the request would be too late for its sender.
 */
export function arrivalTime({ socket }: Pick<IncomingMessage, 'socket'>): number {
  const { since, before } = thisTurn();
  const taken = fresh.get(socket);
  if (taken === undefined) return since;
  fresh.delete(socket);
  // A new connection is read in the next turn, although its request may have arrived with it.
  return taken === before ? taken.since : since;
}

/** Counts the first request of each connection from the arrival of the connection. */
export function watchConnections(server: Server): void {
  server.on('connection', (socket: Socket) => fresh.set(socket, thisTurn()));
}

function thisTurn(): Turn {
  if (turn === undefined) {
    const at = performance.now();
    const slept = performance.nodeTiming.idleTime - (last?.idleMs ?? -Infinity) > SLEPT_MS;
    const before = slept ? undefined : last;
    turn = { at, since: before?.at ?? at, before, idleMs: 0 };
    setImmediate(endTurn);
  }
  return turn;
}

function endTurn(): void {
  last = turn as Turn;
  last.before = undefined;
  last.idleMs = performance.nodeTiming.idleTime;
  turn = undefined;
}
