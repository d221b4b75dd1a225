import type { Socket } from 'node:net';
import type { HttpRequest, HttpResponse } from './platform.js';

/**
 * What waits for a connection to end, one listener a connection: a client may pipeline any number
 * of requests.
 */
const waiting = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls the listener once, when the response is out or its connection is gone.
 *
 * Node tells the latter only of the response that a connection has in hand, not of those of
 * requests that a client pipelined behind it.
 */
export function onResponseEnd(
  request: HttpRequest,
  response: HttpResponse,
  listener: () => void,
): void {
  // A response has its socket from the start, unless others are before it.
  const { socket } = request;
  if (response.socket !== null || socket === undefined) {
    response.once('close', listener);
    return;
  }
  let others = waiting.get(socket);
  if (others === undefined) {
    const made = (others = new Set());
    waiting.set(socket, made);
    socket.once('close', () => {
      for (const end of made) end();
    });
  }
  const all = others;
  const end = (): void => {
    if (all.delete(end)) listener();
  };
  all.add(end);
  response.once('close', end);
}
