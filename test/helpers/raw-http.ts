import { connect } from 'node:net';
import type { INestApplication } from '@nestjs/common';

/** What came back on a connection, taken apart. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Sends bytes as they are, and reads until the server closes the connection. */
export async function sendRaw(
  app: INestApplication,
  bytes: string | Uint8Array,
): Promise<RawAnswer> {
  const { port } = app.getHttpServer().address() as { port: number };
  return answerOf((await exchange(port, bytes, 'localhost')).toString());
}

/** As `sendRaw` does it, with everything that came. */
export function exchange(
  port: number,
  bytes: string | Uint8Array,
  host = '127.0.0.1',
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, host, () => socket.write(bytes));
    socket.on('data', (chunk) => chunks.push(chunk));
    // A server that answers before it has read everything resets the connection.
    socket.once('error', (error) => (chunks.length === 0 ? reject(error) : undefined));
    socket.once('close', () => resolve(Buffer.concat(chunks)));
  });
}

function answerOf(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [status = '', ...lines] = head.split('\r\n');
  const headers = new Map(
    lines.map((line) => {
      const [name = '', ...value] = line.split(':');
      return [name.toLowerCase(), value.join(':').trim()] as const;
    }),
  );
  return { status: Number(status.split(' ')[1]), headers, body: rest.join('\r\n\r\n') };
}
