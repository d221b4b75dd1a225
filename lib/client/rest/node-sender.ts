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
 * Sends requests with Node's own client, which supports certificates and Unix sockets, and tells
 * whether a server was reached.
 */
export function nodeSender({ tls, socketPath }: NodeSenderOptions): HttpSender {
  const { serverName: servername, ...certificates } = tls ?? {};
  const http = new HttpAgent({ keepAlive: true });
  const https = new HttpsAgent({
    keepAlive: true,
    ...(certificates as object),
    ...(servername !== undefined && { servername }),
  });
  return {
    send: (request) =>
      send(request, request.url.protocol === 'https:', {
        agent: request.url.protocol === 'https:' ? https : http,
        ...(socketPath !== undefined && { socketPath }),
      }),
    close() {
      http.destroy();
      https.destroy();
    },
  };
}

function send(
  { method, url, headers, body, signal }: HttpRequest,
  secure: boolean,
  options: RequestOptions,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const request = (secure ? httpsRequest : httpRequest)(url, {
      ...options,
      method,
      headers: Object.fromEntries(headers),
      signal,
    });
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
