import { Agent as HttpAgent, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { InferenceTls } from '../options.js';
import { NotSentError, type HttpRequest, type HttpResponse, type HttpSender } from './http.js';

export interface NodeSenderOptions {
  readonly tls?: InferenceTls | undefined;
  /** A Unix socket, instead of the URL's host. */
  readonly socketPath?: string | undefined;
}

/**
 * Sends requests to one server with Node's own client, which supports certificates and Unix
 * sockets, and tells whether a server was reached.
 */
export function nodeSender(base: string, { tls, socketPath }: NodeSenderOptions): HttpSender {
  const { protocol, hostname, port, pathname } = new URL(base);
  const secure = protocol === 'https:';
  const { serverName: servername, ...certificates } = tls ?? {};
  const agent = secure
    ? new HttpsAgent({
        keepAlive: true,
        ...(certificates as object),
        ...(servername !== undefined && { servername }),
      })
    : new HttpAgent({ keepAlive: true });
  const where = {
    agent,
    ...(socketPath === undefined
      ? // As `http.request` does with a URL.
        { hostname: hostname.replace(/^\[(.*)\]$/, '$1'), ...(port !== '' && { port }) }
      : { socketPath }),
  };
  const prefix = pathname.replace(/\/+$/, '');
  return {
    send: (request) => send(request, secure, { ...where, path: prefix + request.path }),
    close() {
      agent.destroy();
    },
  };
}

function send(
  { method, headers, body, signal }: HttpRequest,
  secure: boolean,
  options: RequestOptions,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const request = (secure ? httpsRequest : httpRequest)({
      ...options,
      method,
      headers: headers as Record<string, string>,
    });
    // Node's own option `signal` watches the streams as well, which takes longer than the rest.
    const onAbort = (): void => void request.destroy(signal.reason as Error);
    signal.addEventListener('abort', onAbort);
    request.once('close', () => signal.removeEventListener('abort', onAbort));
    let connected = false;
    request.once('socket', (socket: Socket) => {
      if (!socket.connecting) connected = true;
      else socket.once(secure ? 'secureConnect' : 'connect', () => (connected = true));
    });
    request.on('error', (error) => {
      reject(connected || signal.aborted ? error : new NotSentError(reason(error)));
    });
    request.once('response', (response) => {
      resolve({
        status: response.statusCode ?? 0,
        header: (name) => response.headers[name]?.toString() ?? '',
        body: response,
      });
    });
    request.end(body);
  });
}

/** If every address of a host failed, the message is empty. */
function reason({ message, code }: NodeJS.ErrnoException): string {
  return message === '' ? (code ?? 'no connection') : message;
}
