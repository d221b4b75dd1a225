import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

/** To ask the kernel for what is ready takes less, and is no sleep. */
const SLEPT_MS = 0.1;

/** A turn of the event loop in which something came. */
interface Turn {
  /** The earliest time at which that can have come, … */
  readonly since: number;
  /** … and when the first of it was seen. */
  readonly at: number;
  /** How long the loop had been idle at its end. */
  idleMs: number;
  /**
   * The one right before this one, without a sleep between them; until its end, or all would be
   * kept.
   */
  before: Turn | undefined;
}

let turn: Turn | undefined;
let last: Turn | undefined;

/** Connections whose first request has not come, by the turn in which they were taken. */
const fresh = new WeakMap<Socket, Turn>();

/**
 * When a request that is just being told of came, as early as that can have been, on the clock of
 * `performance.now()`.
 *
 * A busy event loop learns of a request when it is done with what it is at; until then the kernel
 * keeps it, and nothing tells for how long. It cannot have been longer than since the turn before
 * began, and where the loop has slept since then, it was the request that woke it. Under a load for
 * which the loop has no time, a deadline that counted from when the request was seen would be late
 * for who has sent it.
 */
export function arrivalTime({ socket }: Pick<IncomingMessage, 'socket'>): number {
  const { since, before } = thisTurn();
  const taken = fresh.get(socket);
  if (taken === undefined) return since;
  fresh.delete(socket);
  // A new connection is read from in the turn after, while its request may have come together with
  // it.
  return taken === before ? taken.since : since;
}

/** Has the first requests of connections counted from when those came. */
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
