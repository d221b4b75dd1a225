import { Screen } from './screen.js';
import { formatBytes } from './table.js';
import { fit } from './text.js';

const CLEAR = '\r\x1b[K';
const WIDTH = 30;
/** Redrawing more often than people can see wastes time. */
const EVERY_MS = 100;

/** Does some work that reports its progress, as a line on a terminal and nowhere else. */
export async function withStatus<T>(
  work: (show: (text: string) => void) => Promise<T>,
): Promise<T> {
  const line = new StatusLine();
  try {
    return await work((text) => line.show(text));
  } finally {
    line.clear();
  }
}

/** Does some work without progress reports; its line counts the seconds. */
export function withWait<T>(label: string, work: () => Promise<T>): Promise<T> {
  return withStatus(async (show) => {
    const start = performance.now();
    const draw = (): void => show(`${label}…${seconds(start)}`);
    draw();
    const timer = setInterval(draw, 1000);
    try {
      return await work();
    } finally {
      clearInterval(timer);
    }
  });
}

/**
 * Does some work of several steps. Each finished step is a line with its time, and the running one
 * counts its seconds.
 */
export async function withSteps<T>(work: (step: (name: string) => void) => Promise<T>): Promise<T> {
  const line = new StatusLine();
  const { screen } = line;
  let name: string | undefined;
  let start = 0;
  const draw = (): void => {
    if (name !== undefined) line.show(`${screen.look('accent', '•')} ${name}…${seconds(start)}`);
  };
  const end = (mark: string): void => {
    if (name !== undefined) line.keep(`${mark} ${name}${seconds(start, 0.1)}`);
    name = undefined;
  };
  const timer = setInterval(draw, 1000);
  try {
    const result = await work((next) => {
      end(screen.look('good', '✓'));
      name = next;
      start = performance.now();
      draw();
    });
    end(screen.look('good', '✓'));
    return result;
  } catch (error) {
    end(screen.look('bad', '✗'));
    throw error;
  } finally {
    clearInterval(timer);
    line.clear();
  }
}

/** Does some work that reports the finished bytes, and the total if known. */
export function withProgress<T>(
  label: string,
  work: (update: (done: number, total?: number) => void) => Promise<T>,
): Promise<T> {
  const start = performance.now();
  let last = -Infinity;
  return withStatus((show) =>
    work((done, total) => {
      const now = performance.now();
      if (now - last < EVERY_MS && done !== total) return;
      last = now;
      const passed = Math.max((now - start) / 1000, 0.001);
      const rate = Math.round(done / passed);
      const text = total === undefined ? formatBytes(done) : progressBar(done, total);
      const left = total === undefined || passed < 2 ? '' : ` ${leftOf(done, total, rate)}`;
      show(`${label} ${text} ${formatBytes(rate)}/s${left}`);
    }),
  );
}

function progressBar(done: number, total: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.round(share * WIDTH);
  const blocks = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
  return `${blocks} ${Math.floor(share * 100)}% ${formatBytes(done)} of ${formatBytes(total)}`;
}

function leftOf(done: number, total: number, rate: number): string {
  const left = Math.ceil((total - done) / Math.max(1, rate));
  return left >= 60 ? `${Math.ceil(left / 60)} min left` : `${left} s left`;
}

function seconds(start: number, least = 1): string {
  const passed = (performance.now() - start) / 1000;
  if (passed < least) return '';
  return ` ${passed < 10 && least < 1 ? passed.toFixed(1) : Math.floor(passed)} s`;
}

/** The last line of the terminal behind stderr, which is rewritten repeatedly. */
class StatusLine {
  readonly screen = Screen.of(process.stderr);
  #shown = false;

  show(text: string): void {
    if (!this.screen.isTerminal) return;
    // A line that breaks could not be cleared. Styles would be cut: only a short line has them.
    process.stderr.write(CLEAR + fit(text, Math.max(20, this.screen.width - 1)));
    this.#shown = true;
  }

  /** A line that stays. */
  keep(text: string): void {
    if (!this.screen.isTerminal) return;
    process.stderr.write(`${CLEAR}${text}\n`);
    this.#shown = false;
  }

  clear(): void {
    if (this.#shown) process.stderr.write(CLEAR);
    this.#shown = false;
  }
}
