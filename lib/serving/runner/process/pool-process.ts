import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PoolMember, type PoolMemberEvents, type PoolMemberOptions } from '../pool/pool-member.js';
import type { FromWorker, ServedBy, ToWorker } from '../pool/protocol.js';
import type { Task } from '../pool/task.js';
import { childEnv, childExecArgv } from './child-options.js';

/** The child's own messages, besides those of every worker. */
export type FromChild = FromWorker | { readonly type: 'crashed'; readonly reason: string };

export type ToChild = ToWorker | ({ readonly type: 'start' } & ServedBy);

/** The time for a child that has released its model to end by itself. */
const LAST_WORDS_MS = 2000;

/**
 * One child process, from the view of its owner. It holds one task at a time. The two do not share
 * memory, so a task in its mailbox could not be cancelled, and if the child dies, nobody would know
 * whether the task had started. The child may be killed at any moment, also in native code.
 */
export class PoolProcess extends PoolMember {
  readonly slots = 1;
  readonly mailbox: readonly Task[] = [];
  readonly behind = 0;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #task: Task | undefined;
  #undelivered = false;
  #released = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PoolMemberOptions, events: PoolMemberEvents) {
    super(options, events);
    const { script, runnable, init } = options;
    this.#child = fork(fileURLToPath(script), [], {
      serialization: 'advanced',
      execArgv: childExecArgv(process.execArgv),
      env: childEnv(process.env),
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // A separate process group: only this process must receive what a terminal sends to its group
      // (Ctrl-C), so that it can answer the calls in progress.
      detached: process.platform !== 'win32',
    });
    this.#child.on('message', (message) => this.#receive(message as FromChild));
    this.#child.on('disconnect', () => {
      // The child can no longer receive messages. A child that was told to close ends by itself.
      if (!this.#released) this.kill();
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        this.#exit(signal === null ? `ended with code ${code}` : `was killed by ${signal}`);
        resolve();
      });
      this.#child.on('error', (error) => {
        this.failure ??= error.message;
        // A child that could not be started does not emit "exit".
        if (this.#child.pid !== undefined) return;
        this.#exit('could not be started');
        resolve();
      });
    });
    this.#send({ type: 'start', runnable, init });
  }

  get load(): number {
    return this.#task === undefined ? 0 : 1;
  }

  post(task: Task): void {
    this.#undelivered = false;
    this.#send(task.messageFor(0), () => (this.#undelivered = true));
    this.#task = task;
    this.#ref();
  }

  takeBack(): undefined {
    return undefined;
  }

  /** A child that does not end in time is killed, whether it is in native code or not. */
  abandon(task: Task): void {
    if (this.#task !== task || this.dead) return;
    this.#send({ type: 'leave', slot: 0 });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#task === task) this.stuck();
    }, this.options.stuckMs);
  }

  pull(task: Task, count: number): void {
    if (this.#task === task) this.#send({ type: 'pull', slot: 0, count });
  }

  async close(force = false): Promise<void> {
    if (force || this.starting) this.kill();
    else if (this.ready) {
      this.closing();
      this.#ref();
      this.#send({ type: 'close' });
    }
    await this.#exited;
  }

  protected taskIn(): Task | undefined {
    return this.#task;
  }

  protected release(): void {
    this.#task = undefined;
    if (!this.ready) return;
    clearTimeout(this.#timer);
    this.unref();
  }

  protected closed(): void {
    this.#released = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.kill(), LAST_WORDS_MS);
  }

  protected kill(): void {
    if (this.dead) return;
    this.closing();
    this.#child.kill('SIGKILL');
  }

  protected unref(): void {
    this.#child.unref();
    this.#child.channel?.unref();
  }

  #receive(message: FromChild): void {
    if (message.type === 'crashed') this.failure = message.reason;
    else this.receive(message);
  }

  /** @throws DataCloneError, if the message cannot be sent. */
  #send(message: ToChild, failed?: () => void): void {
    this.#child.send(message, (error) => {
      if (error !== null) failed?.();
    });
  }

  #exit(how: string): void {
    if (this.dead) return;
    clearTimeout(this.#timer);
    const task = this.#task;
    this.#task = undefined;
    this.ended(
      `its process ${how}`,
      task === undefined ? [] : [{ task, started: !this.#undelivered }],
    );
  }

  /** An idle child lets this process end. One with a task, or one that is starting, must not. */
  #ref(): void {
    this.#child.ref();
    this.#child.channel?.ref();
  }
}
