import type { JobsRedis, RedisClient } from './redis.js';

type Listener = (state: string) => void;

/** Reports the changes of jobs in all processes. It starts listening at the first subscription. */
export class JobChanges {
  readonly #listeners = new Map<string, Set<Listener>>();
  #client: RedisClient | undefined;

  constructor(
    private readonly redis: JobsRedis,
    private readonly channel: string,
  ) {}

  /**
   * Calls the listener with the state at each change and progress. Returns a function that stops
   * this. A change may be missed while Redis is down, so only the record is reliable.
   */
  watch(id: string, listener: Listener): () => void {
    this.#listen();
    let listeners = this.#listeners.get(id);
    if (listeners === undefined) this.#listeners.set(id, (listeners = new Set()));
    listeners.add(listener);
    const all = listeners;
    return () => {
      all.delete(listener);
      if (all.size === 0 && this.#listeners.get(id) === all) this.#listeners.delete(id);
    };
  }

  close(): void {
    this.#client?.disconnect();
  }

  #listen(): void {
    if (this.#client !== undefined) return;
    this.#client = this.redis.listener();
    this.#client.on('message', (_channel: string, message: string) => {
      const at = message.indexOf(' ');
      const state = message.slice(at + 1);
      for (const listener of this.#listeners.get(message.slice(0, at)) ?? []) listener(state);
    });
    this.#client.subscribe(this.channel).catch(() => undefined);
  }
}
