import { readFileSync } from 'node:fs';
import { freePort } from './load/free-port.js';
import type { LoadRequest } from './load/generator.js';
import { Child, type Launch } from './program.js';

const STARTS_WITHIN_MS = 120_000;

/** A server in a separate process. It listens on the free port in `PORT`. */
export class Server {
  private constructor(
    private readonly child: Child,
    readonly port: number,
    /** Milliseconds from its start to its first answer. */
    readonly startMs: number,
    /** The first answer. */
    readonly answer: string,
  ) {}

  /** Starts it and waits for the first answer with status 200. */
  static async start(
    launch: (port: number) => Launch,
    request: Omit<LoadRequest, 'port'>,
  ): Promise<Server> {
    const port = await freePort();
    const { env, ...rest } = launch(port);
    const init = {
      method: 'POST',
      headers: { 'content-type': request.type },
      body: typeof request.body === 'string' ? request.body : readFileSync(request.body.file),
    };
    const start = performance.now();
    const child = new Child({ ...rest, env: { ...env, PORT: String(port) } });
    child.process.stdout!.resume();
    const url = `http://127.0.0.1:${port}${request.path}`;
    let last = 'no answer';
    while (performance.now() - start < STARTS_WITHIN_MS) {
      if (child.process.exitCode !== null) throw child.fault();
      const response = await fetch(url, init).catch(() => undefined);
      const text = (await response?.text()) ?? '';
      if (response?.ok) return new Server(child, port, performance.now() - start, text);
      if (response) last = `${response.status} ${text.slice(0, 500)}`;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await child.stop();
    throw new Error(`${url} did not succeed within ${STARTS_WITHIN_MS / 1000} s: ${last}`);
  }

  get pid(): number {
    return this.child.process.pid!;
  }

  stop(): Promise<void> {
    return this.child.stop();
  }
}
