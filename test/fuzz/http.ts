import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';

/** A request as it goes out; nothing in it has to make sense. */
export interface Shot {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: Uint8Array;
  /**
   * How the body goes out: announced by its length (the rule), in chunks, or cut off after so many
   * bytes.
   */
  readonly sending?: 'length' | 'chunked' | { readonly cutAt: number };
  /** The client leaves when the response begins. */
  readonly leaves?: boolean;
}

/** A response, read. */
export interface Hit {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** No request takes this long but one that hangs. */
const HANG_MS = 30_000;

/** Connections are kept alive: what one request leaves behind, the next one finds. */
export class Gun {
  readonly #agent: Agent;

  constructor(
    readonly port: number,
    maxSockets = 16,
  ) {
    this.#agent = new Agent({ keepAlive: true, maxSockets });
  }

  /** The response; undefined for a request that was cut off. */
  async fire(shot: Shot): Promise<Hit | undefined> {
    for (;;) {
      const hit = await this.#fireOnce(shot);
      if (hit !== 'stale') return hit;
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #fireOnce({
    method,
    path,
    headers,
    body,
    sending = 'length',
    leaves = false,
  }: Shot): Promise<Hit | 'stale' | undefined> {
    return new Promise((resolve, reject) => {
      const call = request({
        host: '127.0.0.1',
        port: this.port,
        agent: this.#agent,
        method,
        path,
        timeout: HANG_MS,
      });
      const cut = typeof sending === 'object';
      for (const [name, value] of headers) call.appendHeader(name, value);
      // By itself Node sends bodies of GET, HEAD and their like without a frame.
      if (body && sending === 'chunked') call.setHeader('transfer-encoding', 'chunked');
      else if (body) call.setHeader('content-length', body.length);
      call.on('timeout', () => call.destroy(new Error(`No answer within ${HANG_MS} ms.`)));
      call.on('error', (error: NodeJS.ErrnoException) => {
        if (cut || leaves) resolve(undefined);
        // The server may close an idle connection at the moment at which a request is put on it.
        else if (error.code === 'ECONNRESET' && call.reusedSocket) resolve('stale');
        else reject(error);
      });
      call.on('response', (response) => {
        if (leaves) {
          response.on('error', () => undefined);
          call.destroy();
          resolve(undefined);
          return;
        }
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', (error) => (cut ? resolve(undefined) : reject(error)));
        response.on('end', () => {
          const { statusCode = 0, headers: got } = response;
          resolve({ status: statusCode, headers: got, body: Buffer.concat(chunks) });
        });
      });
      if (!body) call.end();
      else if (cut) {
        call.write(body.subarray(0, Math.min(sending.cutAt, body.length - 1)), () =>
          setImmediate(() => call.destroy()),
        );
      } else if (sending === 'chunked') {
        const third = Math.ceil(body.length / 3) || 1;
        for (let at = 0; at < body.length; at += third) call.write(body.subarray(at, at + third));
        call.end();
      } else call.end(body);
    });
  }
}

/**
 * Sends bytes that may be no HTTP, and reads what comes back until the server closes.
 *
 * @returns Undefined where the server closed without a word.
 */
export function fireBytes(port: number, bytes: Uint8Array): Promise<Hit | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
    socket.setTimeout(HANG_MS, () => socket.destroy(new Error(`Not closed in ${HANG_MS} ms.`)));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.on('close', () => resolve(readHit(Buffer.concat(chunks))));
  });
}

/** The last response of those that came back; interim ones (100) do not count. */
function readHit(bytes: Buffer): Hit | undefined {
  let rest = bytes;
  let hit: Hit | undefined;
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) throw new Error(`No HTTP came back: ${rest.toString('latin1').slice(0, 200)}`);
    const [statusLine = '', ...lines] = rest.subarray(0, end).toString('latin1').split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]);
    const headers: IncomingHttpHeaders = {};
    for (const line of lines) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    rest = rest.subarray(end + 4);
    if (status === 100) continue;
    const chunked = headers['transfer-encoding'] === 'chunked';
    const length = chunked ? rest.length : Number(headers['content-length'] ?? rest.length);
    hit = { status, headers, body: chunked ? unchunked(rest) : rest.subarray(0, length) };
    rest = rest.subarray(length);
  }
  return hit;
}

function unchunked(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const line = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16);
    if (!size) return Buffer.concat(parts);
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = line + 4 + size;
  }
}
