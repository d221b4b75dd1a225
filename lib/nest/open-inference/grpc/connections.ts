import { once } from 'node:events';
import { unlink } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ConnectionInjector } from '@grpc/grpc-js';
import { quietTurn } from '../../http/closing-server.js';
import { GrpcListenError } from './errors.js';

const UNIX = 'unix:';
const SWEEP_MS = 10_000;
/**
 * A peer that receives less than {@link LEAST_PROGRESS} of a response in this time counts as not
 * reading.
 */
const STALLED_MS = 60_000;
/** More than the frames that keep a connection alive. */
const LEAST_PROGRESS = 4096;

interface Connection {
  readonly socket: Socket;
  /** How many responses are not completely sent. */
  writing: number;
  /** How many bytes were sent at the last progress, and when that was. */
  written: number;
  since: number;
}

/** The time limits for peers, and the limit on their number. */
export interface ConnectionLimits {
  readonly maxConnections: number | undefined;
  readonly stalledMs?: number;
}

/**
 * The connections of a gRPC server. This class accepts them and hands them to grpc-js. grpc-js
 * itself cannot limit their number, close its listener before them, or cut off one that does not
 * read.
 */
export class Connections {
  readonly #server: Server;
  readonly #open = new Map<Socket, Connection>();
  /** By `address:port`, which Unix sockets do not have. */
  readonly #byPeer = new Map<string, Connection>();
  #sweep: NodeJS.Timeout | undefined;
  #refused = 0;

  constructor(
    injector: ConnectionInjector,
    private readonly limits: ConnectionLimits,
  ) {
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#take(socket);
      injector.injectConnection(socket);
    });
    const { maxConnections } = limits;
    if (maxConnections !== undefined) this.#server.maxConnections = maxConnections;
    this.#server.on('drop', () => void this.#refused++);
  }

  get count(): number {
    return this.#open.size;
  }

  /** Connections that were closed at once because there were too many. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * @param host An address, or `unix:/path`.
   * @returns The port; undefined for a Unix socket.
   * @throws GrpcListenError
   */
  async listen(host: string, port: number): Promise<number | undefined> {
    const path = host.startsWith(UNIX) ? host.slice(UNIX.length) : undefined;
    try {
      await this.#listen(path === undefined ? { host, port } : { path });
    } catch (error) {
      if (path === undefined || !(await isLeftOver(error, path))) {
        throw new GrpcListenError(host, port, error as NodeJS.ErrnoException);
      }
      await unlink(path).catch(() => undefined);
      await this.#listen({ path }).catch((again: NodeJS.ErrnoException) => {
        throw new GrpcListenError(host, port, again);
      });
    }
    const { stalledMs = STALLED_MS } = this.limits;
    this.#sweep = setInterval(() => this.#cutStalled(), Math.min(SWEEP_MS, stalledMs));
    this.#sweep.unref();
    const address = this.#server.address();
    return typeof address === 'object' ? (address as AddressInfo).port : undefined;
  }

  /** Accepts no more connections; existing ones stay. */
  async stopListening(): Promise<void> {
    await quietTurn();
    this.#server.close();
  }

  /** Resolves when all are closed. */
  async whenClosed(): Promise<void> {
    while (this.#open.size > 0) {
      const [socket] = this.#open.keys();
      if (socket !== undefined && !socket.closed)
        await once(socket, 'close').catch(() => undefined);
      else await nextTurn();
    }
  }

  destroy(): void {
    clearInterval(this.#sweep);
    this.#server.close();
    for (const socket of this.#open.keys()) socket.destroy();
  }

  /**
   * Call it when a response to the peer starts. Returns a function to call when it has been sent.
   */
  writing(peer: string | undefined): () => void {
    const connection = peer === undefined ? undefined : this.#byPeer.get(peer);
    if (connection === undefined) return () => undefined;
    if (connection.writing++ === 0) this.#progress(connection);
    return () => {
      connection.writing--;
    };
  }

  #listen(where: { host: string; port: number } | { path: string }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(where, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  #take(socket: Socket): void {
    const connection = { socket, writing: 0, written: 0, since: performance.now() };
    this.#open.set(socket, connection);
    const peer = peerOf(socket);
    if (peer !== undefined) this.#byPeer.set(peer, connection);
    // The next owner adds its own listener. Between two owners nobody listens.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#open.delete(socket);
      if (peer !== undefined && this.#byPeer.get(peer) === connection) this.#byPeer.delete(peer);
    });
  }

  #progress(connection: Connection): void {
    connection.written = connection.socket.bytesWritten;
    connection.since = performance.now();
  }

  #cutStalled(): void {
    const { stalledMs = STALLED_MS } = this.limits;
    const now = performance.now();
    for (const connection of this.#open.values()) {
      const { socket, writing, written, since } = connection;
      if (writing === 0 || socket.bytesWritten - written > LEAST_PROGRESS) {
        this.#progress(connection);
      } else if (now - since >= stalledMs) socket.destroy();
    }
  }
}

/** The client of a connection, in the form that grpc-js uses. */
export function peerOf({
  remoteAddress,
  remotePort,
}: {
  remoteAddress?: string | undefined;
  remotePort?: number | undefined;
}): string | undefined {
  return remoteAddress === undefined ? undefined : `${remoteAddress}:${remotePort}`;
}

/** A killed process leaves the file of its socket, on which nobody listens. */
async function isLeftOver(error: unknown, path: string): Promise<boolean> {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return false;
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
  });
}
