interface Kind<T> {
  open(): Promise<T>;
  release(thing: T): Promise<void>;
}

/**
 * Something large that few callers need: opened on first use, shared by concurrent callers, and
 * released after some time without use.
 */
export class OnDemand<T> {
  #opened: Promise<T> | undefined;
  #users = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly kind: Kind<T>,
    private readonly idleMs: number,
  ) {}

  async use<R>(work: (thing: T) => Promise<R>): Promise<R> {
    clearTimeout(this.#timer);
    this.#users++;
    try {
      const opening = (this.#opened ??= this.kind.open());
      return await work(await opening);
    } catch (error) {
      // A failed opening is tried again next time.
      await this.#opened?.catch(() => (this.#opened = undefined));
      throw error;
    } finally {
      if (--this.#users === 0)
        this.#timer = setTimeout(() => void this.release(), this.idleMs).unref();
    }
  }

  /** The next call opens it again. */
  async release(): Promise<void> {
    clearTimeout(this.#timer);
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.then(
      (thing) => this.kind.release(thing),
      () => undefined,
    );
  }
}
