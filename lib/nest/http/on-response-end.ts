import type { Socket } from 'node:net';
import type { HttpRequest, HttpResponse } from './platform.js';

/**
 * The waiting listeners of a connection, with one real listener per connection: a client may
 * pipeline any number of requests.
 */
const waiting = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls the listener once, when the response has been sent or its connection is gone.
 *
 * Node reports a lost connection only to the current response, not to those of requests that a
 * client pipelined after it.
 */
export function onResponseEnd(
  request: HttpRequest,
  response: HttpResponse,
  listener: () => void,
): void {
  // A response has its socket from the start, unless others precede it.
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
