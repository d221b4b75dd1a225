/** A follower of a job. It gets the newest state, and may miss earlier ones. */
export class Watcher<State> {
  #state: State | undefined;
  #beat = false;
  #closed = false;
  #wake: (() => void) | undefined;

  /** A newer state replaces one that was not read yet. */
  show(state: State): void {
    this.#state = state;
    this.#wake?.();
  }

  /** It is time for a heartbeat. */
  beat(): void {
    this.#beat = true;
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** The next state; `'beat'` if nothing was sent for a while; undefined when it is closed. */
  async next(): Promise<State | 'beat' | undefined> {
    for (;;) {
      const state = this.#state;
      if (state !== undefined) {
        this.#state = undefined;
        this.#beat = false;
        return state;
      }
      if (this.#closed) return undefined;
      if (this.#beat) {
        this.#beat = false;
        return 'beat';
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }
}
