import { availableParallelism } from 'node:os';
import { isMainThread, Worker } from 'node:worker_threads';
import type { Answer, Request } from './decode-worker.js';
import type { RenderJob } from './image/render-job.js';

/** A thread that is idle for this long ends. */
const IDLE_MS = 2000;

/** Decodes JPEGs on another thread than the model's, while there are any. */
export class DecodeThread {
  /** A list of at least this many images is worth starting a thread. */
  static readonly WORTHWHILE = 16;

  /** Threads of a runner share the cores among themselves. */
  static get isPossible(): boolean {
    return isMainThread && availableParallelism() > 1;
  }

  #worker: Worker | undefined;
  #isBroken = false;
  #lastId = 0;
  #idle: NodeJS.Timeout | undefined;
  readonly #waiting = new Map<number, (planes: Float32Array | undefined) => void>();

  /** The planes, or undefined if the thread could not make them. */
  render(job: RenderJob): Promise<Float32Array | undefined> {
    if (this.#isBroken) return Promise.resolve(undefined);
    clearTimeout(this.#idle);
    const worker = (this.#worker ??= this.#start());
    const id = ++this.#lastId;
    // Makes a copy: the bytes may be part of a larger buffer, and are still needed here.
    const encoded = new Uint8Array(job.encoded);
    const request: Request = { id, job: { ...job, encoded } };
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      worker.ref();
      worker.postMessage(request, [encoded.buffer]);
    });
  }

  close(): void {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
    for (const id of this.#waiting.keys()) this.#settle({ id });
  }

  #start(): Worker {
    const worker = new Worker(new URL('./decode-worker.js', import.meta.url), { name: 'decode' });
    // If it fails to start or is terminated, the caller decodes itself from then on.
    const lost = (): void => {
      if (this.#worker !== worker) return;
      this.#isBroken = true;
      this.close();
    };
    return worker
      .on('message', (answer: Answer) => this.#settle(answer))
      .on('error', lost)
      .on('exit', lost);
  }

  #settle({ id, planes }: Answer): void {
    this.#waiting.get(id)?.(planes);
    this.#waiting.delete(id);
    if (this.#waiting.size > 0 || !this.#worker) return;
    this.#worker.unref();
    this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
  }
}
