import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../../bench/load/free-port.js';

const BUILD = /^npm run build && /;

/** Commands that serve until they are stopped. */
const SERVES =
  /(?:^|\s)(?:npm start|vts serve|npx nestjs-vts serve|node dist\/sample\/\S+\/src\/main\.js)(?:\s|$)/;

/** The sample that has a path, for requests whose chapter starts none. */
const SAMPLES: Readonly<Record<string, string>> = {
  classifyText: '01-fastai-sentiment',
  logits: '02-pytorch-layer',
  score: '03-tabular',
  name: '04-vision',
  compare: '04-vision',
  streamWords: '05-language-model',
  story: '09-jobs',
  assess: '07-custom-runnable',
  assess_each: '07-custom-runnable',
};

export function isServer(command: string): boolean {
  return SERVES.test(command);
}

/** The one server that commands speak to, at a port in place of the documents'. */
export class Servers {
  #running: { child: ChildProcess; command: string; port: number } | undefined;

  constructor(
    private readonly folder: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** Starts a server of a document, and waits until it is ready. */
  async start(given: string): Promise<void> {
    await this.stop();
    const command = given.replace(BUILD, '');
    const port = await freePort();
    const child = spawn(
      'bash',
      ['-c', `exec ${this.#at(command, port)}`.replace(/^exec (?=\S+=)/, 'exec env ')],
      {
        cwd: this.folder,
        env: { ...this.env, PORT: String(port) },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let log = '';
    child.stdout?.on('data', (chunk: Buffer) => (log += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
    this.#running = { child, command, port };
    for (;;) {
      const answer = await fetch(`http://localhost:${port}/readyz`).catch(() => undefined);
      if (answer?.ok) return;
      if (child.exitCode !== null) throw new Error(`${command} ended: ${log}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** A command with the port of the server that it speaks to. */
  async commandFor(command: string): Promise<string> {
    const [, route = ''] = /localhost:3000\/([\w-]*)/.exec(command) ?? [];
    const sample = SAMPLES[route];
    if (sample !== undefined && !this.#running?.command.includes('vts serve ')) {
      const main = `node dist/sample/${sample}/src/main.js`;
      const serves =
        this.#running?.command.includes(sample) || this.#running?.command.includes('npm start');
      if (!serves) await this.start(main);
    }
    return this.#running ? this.#at(command, this.#running.port) : command;
  }

  async stop(): Promise<void> {
    const child = this.#running?.child;
    this.#running = undefined;
    if (!child || child.exitCode !== null) return;
    child.kill();
    await once(child, 'exit');
  }

  #at(command: string, port: number): string {
    return command
      .replaceAll('localhost:3000', `localhost:${port}`)
      .replace('--port 3000', `--port ${port}`);
  }
}
