import { connect, type Socket } from 'node:net';
import type { Verdict } from './loops.js';

const HEAD_END = '\r\n\r\n';
const LAST_CHUNK = '0\r\n\r\n';

/**
 * Sends the same request over persistent connections, each with one request at a time. It uses
 * sockets, because the load generator shares the machine's two cores with the service. `node:http`
 * needs three times as long to send a request as the service to refuse it.
 */
export class HttpCallers {
  /** Failures other than refusals. */
  readonly others = new Map<string, number>();
  readonly #idle: Socket[] = [];
  readonly #all = new Set<Socket>();
  readonly #bytes: Buffer;

  constructor(
    private readonly port: number,
    path: string,
    type: string,
    body: Buffer,
  ) {
    const head = [
      `POST ${path} HTTP/1.1`,
      `host: 127.0.0.1:${port}`,
      `content-type: ${type}`,
      `content-length: ${body.length}`,
    ];
    this.#bytes = Buffer.concat([Buffer.from(head.join('\r\n') + HEAD_END), body]);
  }

  readonly call = async (): Promise<Verdict> => {
    let socket = this.#idle.pop();
    // The service closes connections that are idle for some seconds.
    while (socket?.destroyed) socket = this.#idle.pop();
    socket ??= await this.#connect();
    const answer = await this.#exchange(socket);
    if (typeof answer === 'string') return this.#other(answer);
    const { status, head } = answer;
    this.#idle.push(socket);
    if (status === 200 || status === 201) return 'answered';
    if (status !== 503) return this.#other(`HTTP ${status}`);
    return Number(valueOf(head, 'retry-after')) >= 1 ? 'refused' : 'unadvised';
  };

  close(): void {
    for (const socket of this.#all) socket.destroy();
  }

  #connect(): Promise<Socket> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1', () => resolve(socket));
      socket.setNoDelay().setEncoding('latin1');
      socket.on('error', () => resolve(socket)).on('close', () => this.#all.delete(socket));
      this.#all.add(socket);
    });
  }

  /** The status and head of a complete response; or else why it is missing. */
  #exchange(socket: Socket): Promise<{ status: number; head: string } | string> {
    return new Promise((resolve) => {
      let text = '';
      const end = (answer: { status: number; head: string } | string): void => {
        socket.off('data', onData).off('close', onClose);
        resolve(answer);
      };
      const onClose = (): void => end('connection closed');
      const onData = (part: string): void => {
        text += part;
        const headEnd = text.indexOf(HEAD_END);
        if (headEnd < 0) return;
        const head = text.slice(0, headEnd).toLowerCase();
        const complete =
          valueOf(head, 'transfer-encoding') === 'chunked'
            ? text.endsWith(LAST_CHUNK)
            : text.length - headEnd - HEAD_END.length >= Number(valueOf(head, 'content-length'));
        if (!complete) return;
        end({ status: Number(text.slice(9, 12)), head });
      };
      socket.on('data', onData).once('close', onClose);
      if (socket.destroyed) onClose();
      else socket.write(this.#bytes);
    });
  }

  #other(what: string): Verdict {
    this.others.set(what, (this.others.get(what) ?? 0) + 1);
    return 'other';
  }
}

/** The value of a header; the head is in lower case. */
function valueOf(head: string, name: string): string {
  const start = head.indexOf(`\r\n${name}: `);
  if (start < 0) return '';
  const end = head.indexOf('\r\n', start + 2);
  return head.slice(start + name.length + 4, end < 0 ? undefined : end);
}
