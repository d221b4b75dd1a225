import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorBody } from './api-error.js';

/** Node's refusals before there is a request, by error code. */
const REFUSALS = new Map<string, readonly [status: number, message: string]>([
  ['HPE_HEADER_OVERFLOW', [431, 'The headers are too large; send fewer, or shorter ones.']],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', [413, 'The chunk extensions are too large; leave them out.']],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'The request did not arrive in time; send it again.']],
]);
const MALFORMED = [400, 'The request is not valid HTTP; send a valid one.'] as const;

/**
 * Gives the bodiless answers of Node's own HTTP server the shape of all errors: for malformed HTTP,
 * headers that are too large, and requests that do not end. If the application has its own
 * listener, it is left alone.
 */
export function answerRawErrors(server: Server): void {
  for (const listener of server.listeners('clientError')) {
    if (listener.name === FASTIFYS_OWN) server.off('clientError', listener as () => void);
  }
  if (server.listenerCount('clientError') === 0) {
    server.on('request', (_request: IncomingMessage, response: ServerResponse) => note(response));
    server.on('clientError', refuse);
  }
  if (server.listenerCount('checkExpectation') === 0) {
    server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
      const body = JSON.stringify(
        errorBody(417, 'The expectation is not met; leave out the Expect header.'),
      );
      response.writeHead(417, headers(body));
      response.end(body);
    });
  }
}

/** The name of Fastify's default listener. */
const FASTIFYS_OWN = 'bound defaultClientErrorHandler';

/** The unfinished responses, by connection. */
const unfinished = new WeakMap<Duplex, Set<ServerResponse>>();

function note(response: ServerResponse): void {
  const { socket } = response.req;
  const others = unfinished.get(socket) ?? new Set();
  unfinished.set(socket, others.add(response));
  response.once('close', () => others.delete(response));
}

function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  // Nothing may come between the parts of a response.
  const answering = [...(unfinished.get(socket) ?? [])].some(({ headersSent }) => headersSent);
  if (!socket.writable || error.code === 'ECONNRESET' || answering) {
    socket.destroy();
    return;
  }
  const [status, message] = REFUSALS.get(error.code ?? '') ?? MALFORMED;
  const body = errorBody(status, message);
  const json = JSON.stringify(body);
  const lines = Object.entries(headers(json)).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${body.error}\r\n${lines.join('')}\r\n${json}`, () =>
    socket.destroy(),
  );
}

function headers(body: string): Record<string, string> {
  return {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
}
