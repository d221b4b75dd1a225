const WIDTH = 30;
/** Redrawing more often than people see costs time. */
const EVERY_MS = 100;

/** A bar on a terminal; anywhere else nothing. */
export class ProgressBar {
  readonly #stream: NodeJS.WriteStream;
  readonly #start = performance.now();
  #last = -Infinity;
  #drawn = false;

  constructor(
    private readonly label: string,
    /** How a number of units is written. */
    private readonly format: (value: number) => string,
    stream: NodeJS.WriteStream = process.stderr,
  ) {
    this.#stream = stream;
  }

  /** @param total Undefined where nobody knows it. */
  update(done: number, total?: number): void {
    const now = performance.now();
    if (!this.#stream.isTTY || (now - this.#last < EVERY_MS && done !== total)) return;
    this.#last = now;
    this.#drawn = true;
    const seconds = (now - this.#start) / 1000;
    const rate = `${this.format(Math.round(done / Math.max(seconds, 0.001)))}/s`;
    const text = total === undefined ? this.format(done) : this.#bar(done, total);
    const line = `${this.label} ${text} ${rate}`.slice(0, Math.max(20, this.#stream.columns - 1));
    this.#stream.write(`\r\x1b[K${line}`);
  }

  /** Takes the bar away. */
  end(): void {
    if (this.#drawn) this.#stream.write('\r\x1b[K');
    this.#drawn = false;
  }

  #bar(done: number, total: number): string {
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const filled = Math.round(share * WIDTH);
    const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
    return `${bar} ${Math.floor(share * 100)}% ${this.format(done)} of ${this.format(total)}`;
  }
}
