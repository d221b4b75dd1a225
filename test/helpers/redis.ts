import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const SERVER = ['redis-server', 'valkey-server'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
);

/** Whether a Redis or Valkey server is installed; suites that need one say so, and are left out. */
export const hasRedis = SERVER !== undefined;

if (!hasRedis)
  process.stderr.write('No redis-server is installed: tests that need one are left out.\n');

/** A Redis server with an append-only file, in a folder and on a port of its own. */
export class RedisServer {
  #child: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly args: readonly string[],
  ) {}

  /** @param args Other options, such as `--requirepass secret`. */
  static async start(args: readonly string[] = []): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'vts-redis-'));
    const server = new RedisServer(await freePort(), folder, args);
    await server.#begin();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Ends the server in order, and starts it again with what it has kept. */
  async restart(): Promise<void> {
    await this.#end('SIGTERM');
    await this.#begin();
  }

  /** Ends the server as a failing machine does: what its append-only file lacks is lost. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Starts it again after `kill`. */
  begin(): Promise<void> {
    return this.#begin();
  }

  async stop(): Promise<void> {
    await this.#end('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }

  async #begin(): Promise<void> {
    const child = spawn(
      SERVER!,
      [
        ...['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder],
        ...[
          '--appendonly',
          'yes',
          '--appendfsync',
          'everysec',
          '--save',
          '',
          '--loglevel',
          'warning',
        ],
        ...this.args,
      ],
      { stdio: 'ignore' },
    );
    this.#child = child;
    while (!(await answers(this.port))) {
      if (child.exitCode !== null) throw new Error(`${SERVER} ended with ${child.exitCode}`);
      await setTimeout(20);
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Whether the server takes commands: while it reads its file, it says LOADING. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write('PING\r\n');
    const [reply] = (await once(socket, 'data')) as [Buffer];
    return !reply.toString().startsWith('-LOADING');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
