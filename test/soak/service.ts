import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../bench/load/free-port.js';
import { environmentOf } from '../fuzz/sample-setup.js';
import { residentBytes } from './resident-bytes.js';

const START_MS = 60_000;
const STOP_MS = 60_000;

/** As the README advises: what is resident is what is kept, and not what glibc has once had. */
const MEMORY = { MALLOC_MMAP_THRESHOLD_: '262144', MALLOC_TRIM_THRESHOLD_: '262144' };

/** A sample as a process of its own, as a user starts it. */
export class Service {
  /** What it logged as errors, the first of them. */
  readonly errors: string[] = [];
  /** The last lines that it wrote to stderr, which say why it died. */
  readonly lastWords: string[] = [];
  #exited: readonly [code: number | null, signal: string | null] | undefined;

  private constructor(
    readonly name: string,
    readonly port: number,
    readonly child: ChildProcess,
  ) {
    child.once('exit', (code, signal) => (this.#exited = [code, signal]));
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      this.lastWords.push(line);
      if (this.lastWords.length > 30) this.lastWords.shift();
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream as NodeJS.ReadableStream }).on('line', (line) => {
        if (/\b(?:ERROR|FATAL)\b/.test(line) && this.errors.length < 20) this.errors.push(line);
      });
    }
  }

  /** @throws Error where it is not ready in time. */
  static async start(name: string): Promise<Service> {
    const script = fileURLToPath(new URL(`../../sample/${name}/src/main.js`, import.meta.url));
    const port = await freePort();
    const environment = await environmentOf(name);
    const collector = new URL('collect-on-message.js', import.meta.url).href;
    const child = spawn(process.execPath, ['--expose-gc', '--import', collector, script], {
      env: { ...process.env, ...MEMORY, ...environment, PORT: String(port), NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const service = new Service(name, port, child);
    for (const end = performance.now() + START_MS; performance.now() < end; await delay(100)) {
      if (service.died !== undefined) throw new Error(`${name} ended: ${service.died}.`);
      const answer = await fetch(`${service.url}/readyz`).catch(() => undefined);
      if (answer?.ok) return service;
    }
    child.kill('SIGKILL');
    throw new Error(`${name} was not ready within ${START_MS} ms.`);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** How it ended; undefined while it runs. */
  get died(): string | undefined {
    return this.#exited && `code ${this.#exited[0]}, signal ${this.#exited[1]}`;
  }

  /** Resident memory of the process and those that it started. */
  get residentBytes(): number {
    return residentBytes(this.child.pid as number);
  }

  /** Has it collect its garbage, which takes less than a second. */
  collect(): void {
    if (this.child.connected) this.child.send('collect', () => undefined);
  }

  /** Calls in progress in the runners. */
  async inHand(): Promise<number> {
    const answer = await fetch(`${this.url}/healthz`);
    const { details } = (await answer.json()) as {
      details: Record<string, { queued?: number; running?: number }>;
    };
    return Object.values(details).reduce(
      (sum, { queued = 0, running = 0 }) => sum + queued + running,
      0,
    );
  }

  /** Ends it as an orchestrator does. @throws Error where it does not end in order. */
  async stop(): Promise<void> {
    if (this.died === undefined) {
      const exit = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
      await exit;
      clearTimeout(timer);
    }
    if (this.#exited?.[0] !== 0) throw new Error(`${this.name} ended with ${this.died}.`);
  }
}
