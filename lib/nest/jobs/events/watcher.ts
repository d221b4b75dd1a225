/** One who follows a job: it is shown the newest state, whatever it has missed. */
export class Watcher<State> {
  #state: State | undefined;
  #beat = false;
  #closed = false;
  #wake: (() => void) | undefined;

  /** A newer state takes the place of one that was not taken yet. */
  show(state: State): void {
    this.#state = state;
    this.#wake?.();
  }

  /** It is time to say that the connection is alive. */
  beat(): void {
    this.#beat = true;
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** The next state; `'beat'` where nothing else was said for a while; undefined when it is closed. */
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
