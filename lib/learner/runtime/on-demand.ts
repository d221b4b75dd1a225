interface Kind<T> {
  open(): Promise<T>;
  release(thing: T): Promise<void>;
}

/**
 * Something large that few ask for: opened when it is asked for, shared by those who ask meanwhile,
 * and released when nobody has asked for some time.
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
      // What could not be opened is tried again.
      await this.#opened?.catch(() => (this.#opened = undefined));
      throw error;
    } finally {
      if (--this.#users === 0)
        this.#timer = setTimeout(() => void this.release(), this.idleMs).unref();
    }
  }

  /** It is opened again when it is asked for again. */
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
