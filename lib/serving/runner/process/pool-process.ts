import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { PoolMember, PoolMemberEvents, PoolMemberOptions } from '../pool/pool-member.js';
import type { FromWorker, ServedBy, ToWorker, WireError } from '../pool/protocol.js';
import type { Task } from '../pool/task.js';
import { childEnv, childExecArgv } from './child-options.js';

/** What the child says of itself, besides what every worker says. */
export type FromChild = FromWorker | { readonly type: 'crashed'; readonly reason: string };

/** What the child is told first. */
export type ToChild = ToWorker | ({ readonly type: 'start' } & ServedBy);

/** A child that has released its model gets so long to end by itself. */
const LAST_WORDS_MS = 2000;

/**
 * One child process, seen from its owner. It holds one task at a time: the two share no memory, so
 * that a task in its mailbox could neither be cancelled nor be known not to have started when it
 * dies. It may be killed at any moment, in native code as well.
 */
export class PoolProcess implements PoolMember {
  readonly slots = 1;
  readonly mailbox: readonly Task[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #task: Task | undefined;
  #undelivered = false;
  #state: 'starting' | 'ready' | 'closing' | 'dead' = 'starting';
  #wasReady = false;
  #released = false;
  #failure: string | undefined;
  #loadError: WireError | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: PoolMemberOptions,
    private readonly events: PoolMemberEvents,
  ) {
    const { script, runnable, init } = options;
    this.#child = fork(fileURLToPath(script), [], {
      serialization: 'advanced',
      execArgv: childExecArgv(process.execArgv),
      env: childEnv(process.env),
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // A group of its own: what a terminal sends to this process's group (Ctrl-C) is for this
      // process to hear, which then answers what it has in hand.
      detached: process.platform !== 'win32',
    });
    this.#child.on('message', (message) => this.#receive(message as FromChild));
    this.#child.on('disconnect', () => {
      // Nobody is left to talk to; one that was told to close ends by itself.
      if (!this.#released) this.#kill();
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        this.#ended(signal === null ? `ended with code ${code}` : `was killed by ${signal}`);
        resolve();
      });
      this.#child.on('error', (error) => {
        this.#failure ??= error.message;
        // One that could not be started does not exit.
        if (this.#child.pid !== undefined) return;
        this.#ended('could not be started');
        resolve();
      });
    });
    this.#send({ type: 'start', runnable, init });
  }

  get ready(): boolean {
    return this.#state === 'ready';
  }

  get load(): number {
    return this.#task === undefined ? 0 : 1;
  }

  post(task: Task): void {
    const { method, item, ahead, traced } = task;
    const how = {
      ...(ahead === undefined ? {} : { ahead }),
      ...(traced ? { traced } : {}),
    };
    this.#undelivered = false;
    this.#send({ type: 'run', slot: 0, method, item, ...how }, () => (this.#undelivered = true));
    this.#task = task;
    this.#ref();
  }

  takeBack(): undefined {
    return undefined;
  }

  /** It may be in native code or not: one that does not come to its end in time is killed. */
  abandon(task: Task): void {
    if (this.#task !== task || this.#state === 'dead') return;
    this.#send({ type: 'leave', slot: 0 });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#task !== task) return;
      this.#failure = `it was stuck for ${this.options.stuckMs} ms after its caller had left`;
      this.#kill();
    }, this.options.stuckMs);
  }

  pull(task: Task, count: number): void {
    if (this.#task === task) this.#send({ type: 'pull', slot: 0, count });
  }

  async close(force = false): Promise<void> {
    if (force || this.#state === 'starting') {
      this.#kill();
    } else if (this.#state === 'ready') {
      this.#state = 'closing';
      this.#ref();
      this.#send({ type: 'close' });
    }
    await this.#exited;
  }

  #receive(message: FromChild): void {
    switch (message.type) {
      case 'ready':
        if (this.#state !== 'starting') return;
        this.#state = 'ready';
        this.#wasReady = true;
        this.#unref();
        return this.events.ready(this, message.description);
      case 'load-failed':
        this.#loadError = message.error;
        return this.#kill();
      case 'crashed':
        this.#failure = message.reason;
        return;
      case 'closed':
        this.#released = true;
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#kill(), LAST_WORDS_MS);
        return;
      case 'value':
        return this.#task?.yielded(message.value);
      default:
        return this.#answered(message);
    }
  }

  #answered(message: Extract<FromWorker, { type: 'result' | 'error' | 'skipped' }>): void {
    const task = this.#task;
    this.#task = undefined;
    if (this.#state === 'ready') {
      clearTimeout(this.#timer);
      this.#unref();
    }
    if (message.type === 'result') task?.succeed(message.value, message);
    else if (message.type === 'error') task?.fail(message.error, message);
    this.events.free(this);
  }

  /** @throws DataCloneError, where the message cannot be sent. */
  #send(message: ToChild, failed?: () => void): void {
    this.#child.send(message, (error) => {
      if (error !== null) failed?.();
    });
  }

  #kill(): void {
    if (this.#state === 'dead') return;
    this.#state = 'closing';
    this.#child.kill('SIGKILL');
  }

  #ended(how: string): void {
    if (this.#state === 'dead') return;
    this.#state = 'dead';
    clearTimeout(this.#timer);
    const task = this.#task;
    this.#task = undefined;
    this.events.exit(this, {
      tasks: task === undefined ? [] : [{ task, started: !this.#undelivered }],
      wasReady: this.#wasReady,
      reason: this.#failure ?? `its process ${how}`,
      loadError: this.#loadError,
    });
  }

  /** An idle child lets this process end; one with a task, or that starts, must not. */
  #ref(): void {
    this.#child.ref();
    this.#child.channel?.ref();
  }

  #unref(): void {
    this.#child.unref();
    this.#child.channel?.unref();
  }
}
