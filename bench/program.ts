import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

const STDERR_KEPT = 2000;
const STOP_MS = 10_000;
const ANSWERS_WITHIN_MS = 600_000;

const running = new Set<Child>();

// A signal ends this process in the usual way, so that its children are ended too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A separate process, which ends with this one together with its children. */
export class Child {
  readonly process: ChildProcess;
  readonly exit: Promise<unknown>;
  #stderr = '';

  constructor(private readonly launch: Launch) {
    const { command, args, cwd, env } = launch;
    this.process = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      // Its own process group, because Python servers start processes that outlive them.
      detached: true,
    });
    this.process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    });
    this.process.stdin!.on('error', () => {});
    running.add(this);
    this.exit = once(this.process, 'exit')
      .catch((error: unknown) => (this.#stderr += String(error)))
      .then(() => {
        running.delete(this);
        this.kill('SIGKILL');
      });
  }

  /** Signals its whole group. */
  kill(signal: NodeJS.Signals): void {
    try {
      if (this.process.pid !== undefined) process.kill(-this.process.pid, signal);
    } catch {
      // None of them exists any longer.
    }
  }

  /** Why it has ended. */
  fault(): Error {
    const { command, args } = this.launch;
    return new Error(
      `${[command, ...args].join(' ')} ended with code ${this.process.exitCode}.\n${this.#stderr}`,
    );
  }

  async stop(): Promise<void> {
    this.kill('SIGTERM');
    const timer = setTimeout(() => this.kill('SIGKILL'), STOP_MS);
    await this.exit;
    clearTimeout(timer);
  }
}

/** A process that answers questions, one JSON text per line. See `programs/answer.ts`. */
export class Program {
  readonly #child: Child;
  #answer: ((line: string) => void) | undefined;

  constructor(launch: Launch) {
    this.#child = new Child(launch);
    createInterface(this.#child.process.stdout!).on('line', (line) => {
      // Libraries also write to stdout. Only an answer begins like this.
      if (line.startsWith('{"answer":') || line.startsWith('{"error":')) this.#answer?.(line);
    });
  }

  async ask<T>(question: unknown): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const line = await new Promise<string>((resolve, reject) => {
      this.#answer = resolve;
      void this.#child.exit.then(() => reject(this.#child.fault()));
      timer = setTimeout(() => {
        const within = `${ANSWERS_WITHIN_MS / 1000} s`;
        reject(new Error(`There was no answer within ${within}: ${JSON.stringify(question)}`));
      }, ANSWERS_WITHIN_MS);
      this.#child.process.stdin!.write(`${JSON.stringify(question)}\n`);
    }).finally(() => clearTimeout(timer));
    const { answer, error } = JSON.parse(line) as { answer: T; error?: string };
    if (error !== undefined) throw new Error(error);
    return answer;
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }
}

/** The only answer of a process that ends with it. */
export async function askOnce<T>(launch: Launch, question: unknown = {}): Promise<T> {
  const program = new Program(launch);
  try {
    return await program.ask<T>(question);
  } finally {
    await program.stop();
  }
}
