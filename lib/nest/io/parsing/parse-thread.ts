import { Worker } from 'node:worker_threads';
import { requestScope, type RequestScope } from '../../../serving/runtime/request-scope.js';
import { Fault, ParserOverloadedError, UnsupportedBodyError } from '../errors.js';
import type { RequestBody } from '../request-body.js';
import type { ParseAnswer, ParseMessage, ParseTask, TaskResult, TaskRules } from './parse-tasks.js';

/**
 * Up to this size, parsing a body takes less time than sending it to the thread and receiving the
 * result.
 */
const LARGE_BYTES = 16 * 1024;

const LIMITS = {
  /** The most bytes of waiting bodies. */
  waitingBytes: 256 * 1024 * 1024,
  /** Several times the memory that the largest usual body needs. */
  heapMb: 2048,
  /** After that, its memory is worth more than its start-up time. */
  idleMs: 30_000,
  /**
   * Nobody is waiting for the result. The thread checks this from time to time, except during one
   * long step.
   */
  stuckMs: 5000,
};

/**
 * The request whose body is parsed in the thread; undefined if it is parsed in place: small bodies,
 * and bodies while nobody else would wait.
 */
export function parsedAside({ bytes }: RequestBody): RequestScope | undefined {
  return bytes !== undefined && bytes.length > LARGE_BYTES ? requestScope.getStore() : undefined;
}

interface Job extends ParseMessage {
  readonly bytes: Uint8Array;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  settled: boolean;
}

/**
 * The thread of a process that parses large bodies, which would block the event loop. It starts
 * with the first large body. It ends after a while without one, or when the last application that
 * uses it closes.
 */
export class ParseThread {
  #worker: Worker | undefined;
  #job: Job | undefined;
  #waiting: Job[] = [];
  #waitingBytes = 0;
  #users = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly limits = LIMITS,
    private readonly script = new URL('./parse-worker.js', import.meta.url),
  ) {}

  /**
   * The result of a task, unless the request ends first.
   *
   * @throws Fault, UnsupportedBodyError, ParserOverloadedError, or why the request has ended.
   */
  async run<Task extends ParseTask>(
    task: Task,
    scope: RequestScope,
    { bytes = new Uint8Array(0), charset, mediaType }: RequestBody,
    rules: TaskRules<Task>,
  ): Promise<TaskResult<Task>> {
    if (scope.reason !== undefined) throw scope.reason;
    const { waitingBytes } = this.limits;
    if (this.#waiting.length > 0 && this.#waitingBytes + bytes.length > waitingBytes) {
      throw new ParserOverloadedError(waitingBytes);
    }
    let onEnd: ((reason: Error) => void) | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const job: Job = {
          task,
          body: { bytes: undefined, charset, mediaType },
          rules,
          left: new Int32Array(new SharedArrayBuffer(4)),
          bytes,
          resolve: resolve as (result: unknown) => void,
          reject,
          settled: false,
        };
        onEnd = (reason) => this.#leave(job, reason);
        scope.onEnd(onEnd);
        this.#waiting.push(job);
        this.#waitingBytes += bytes.length;
        this.#next();
      });
    } finally {
      if (onEnd !== undefined) scope.offEnd(onEnd);
    }
  }

  /** Registers an application that uses the thread; returns a function that unregisters it. */
  use(): () => Promise<void> {
    this.#users++;
    return async () => {
      this.#users--;
      if (this.#job === undefined) await this.#rest();
    };
  }

  #next(): void {
    if (this.#job !== undefined) return;
    const job = this.#waiting.shift();
    if (job === undefined) return void this.#rest();
    this.#waitingBytes -= job.bytes.length;
    if (job.settled) return this.#next();
    clearTimeout(this.#timer);
    this.#job = job;
    const worker = (this.#worker ??= this.#start());
    worker.ref();
    // A copy, because the bytes may be part of shared memory.
    const bytes = Uint8Array.prototype.slice.call(job.bytes);
    const { task, body, rules, left } = job;
    const message: ParseMessage = { task, body: { ...body, bytes }, rules, left };
    worker.postMessage(message, [bytes.buffer]);
  }

  #start(): Worker {
    const { heapMb } = this.limits;
    const resourceLimits = { maxOldGenerationSizeMb: heapMb };
    const worker = new Worker(this.script, { resourceLimits });
    worker.on('message', (answer: ParseAnswer) => this.#settle((job) => settle(job, answer)));
    worker.on('error', (error: NodeJS.ErrnoException) => {
      this.#lost(worker, error.code === OUT_OF_MEMORY ? tooLarge(heapMb) : error);
    });
    worker.on('exit', (code) => this.#lost(worker, new Error(`The thread ended with ${code}.`)));
    return worker;
  }

  /** The thread has ended; waiting tasks get a new one. */
  #lost(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    if (this.#job !== undefined) this.#settle((job) => job.reject(error));
  }

  #settle(end: (job: Job) => void): void {
    const job = this.#job as Job;
    this.#job = undefined;
    clearTimeout(this.#timer);
    if (!job.settled) end(job);
    this.#next();
  }

  #leave(job: Job, reason: Error): void {
    job.settled = true;
    job.reject(reason);
    Atomics.store(job.left, 0, 1);
    if (job !== this.#job) return;
    this.#timer = setTimeout(() => void this.#worker?.terminate(), this.limits.stuckMs);
  }

  /** Nothing is left to do. */
  async #rest(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    worker.unref();
    const end = (): Promise<number> => {
      this.#worker = undefined;
      return worker.terminate();
    };
    clearTimeout(this.#timer);
    if (this.#users === 0) await end();
    else this.#timer = setTimeout(() => void end(), this.limits.idleMs).unref();
  }
}

export const parseThread = new ParseThread();

const OUT_OF_MEMORY = 'ERR_WORKER_OUT_OF_MEMORY';
const tooLarge = (heapMb: number): Fault =>
  new Fault(`reading it takes more than ${heapMb} MB of memory`, 'send less');

function settle(job: Job, answer: ParseAnswer): void {
  switch (answer.type) {
    case 'done':
      return job.resolve(answer.result);
    case 'fault':
      return job.reject(new Fault(answer.fact, answer.remedy));
    case 'charset':
      return job.reject(new UnsupportedBodyError('charset', job.body.charset ?? '', 'UTF-8'));
    case 'error':
      return job.reject(Object.assign(new Error(answer.message), { name: answer.name }));
  }
}
