import type { Model } from './model.js';
import type { Tag } from './tag.js';

/** Options for watching a store. @publicApi */
export interface WatchOptions {
  /** Milliseconds between checks of the store. @default 1000 */
  intervalMs?: number;
  /** Receives the error of a failed check, such as an unreachable store. The watch continues. */
  onError?: (error: Error) => void;
}

/** A watch on a store. It does not keep the process alive. @publicApi */
export interface ModelWatcher {
  /** Ends the watch. Resolves when the last call of the listener ends. */
  close(): Promise<void>;
}

const DEFAULT_INTERVAL_MS = 1000;

/**
 * Checks the newest version of a name at intervals. A check costs two small reads. It also works
 * where the system sends no events: on network file systems and container mounts.
 */
export class LatestWatcher implements ModelWatcher {
  readonly #intervalMs: number;
  readonly #onError: (error: Error) => void;
  #known: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #look: Promise<void> = Promise.resolve();
  #closed = false;
  #failure = '';

  constructor(
    private readonly tag: Tag,
    private readonly find: (tag: Tag) => Promise<Model>,
    private readonly listener: (model: Model) => Promise<void> | void,
    options: WatchOptions & { known?: Tag | undefined },
  ) {
    this.#intervalMs = options.intervalMs ?? DEFAULT_INTERVAL_MS;
    this.#onError = options.onError ?? (() => undefined);
    this.#known = options.known?.toString();
    this.#next();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#look;
  }

  #next(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#look = this.#lookNow().finally(() => this.#next());
    }, this.#intervalMs).unref();
  }

  async #lookNow(): Promise<void> {
    try {
      const model = await this.find(this.tag);
      const found = model.tag.toString();
      this.#failure = '';
      if (found === this.#known || this.#closed) return;
      this.#known = found;
      await this.listener(model);
    } catch (error) {
      // A failure that repeats at every check is reported only once.
      const message = (error as Error).message;
      if (message !== this.#failure) this.#onError(error as Error);
      this.#failure = message;
    }
  }
}
