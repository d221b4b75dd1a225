import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { InferenceTls } from '../options.js';
import { joined } from './body.js';
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
  { method, headers, body, ends }: HttpRequest,
  secure: boolean,
  options: RequestOptions,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const request = (secure ? httpsRequest : httpRequest)({
      ...options,
      method,
      headers: headers as Record<string, string>,
    });
    // Node's own option `signal` also watches the streams, which is slower than the rest of a call.
    ends.onEnd(() => void request.destroy());
    request.once('close', () => ends.onEnd(undefined));
    let connected = false;
    request.once('socket', (socket: Socket) => {
      if (!socket.connecting) connected = true;
      else socket.once(secure ? 'secureConnect' : 'connect', () => (connected = true));
    });
    request.on('error', (error) => {
      reject(connected || ends.ended ? error : new NotSentError(reason(error)));
    });
    request.once('response', (response) => {
      resolve({
        status: response.statusCode ?? 0,
        header: (name) => response.headers[name]?.toString() ?? '',
        body: response,
        whole: (most) => whole(response, most),
      });
    });
    request.end(body);
  });
}

/** Iterating over a response takes as long as sending the request. */
function whole(response: IncomingMessage, most: number): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    response.on('data', (chunk: Uint8Array) => {
      length += chunk.length;
      chunks.push(chunk);
      if (length <= most) return;
      resolve(undefined);
      response.destroy();
    });
    response.once('end', () => resolve(joined(chunks)));
    response.on('error', reject);
    response.once('close', () => {
      // Not for every response: an error with its stack takes longer than reading a small body.
      if (!response.readableEnded) reject(new Error('the response was cut off'));
    });
  });
}

/** If every address of a host failed, the message is empty. */
function reason({ message, code }: NodeJS.ErrnoException): string {
  return message === '' ? (code ?? 'no connection') : message;
}
