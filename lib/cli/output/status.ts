import { formatBytes } from './table.js';

const CLEAR = '\r\x1b[K';
const WIDTH = 30;
/** Redrawing more often than people see costs time. */
const EVERY_MS = 100;

/** Does some work that shows what it does: as a line on a terminal, and nowhere else. */
export async function withStatus<T>(
  work: (show: (text: string) => void) => Promise<T>,
): Promise<T> {
  const { stderr } = process;
  let shown = false;
  try {
    return await work((text) => {
      if (stderr.isTTY) stderr.write(CLEAR + text.slice(0, Math.max(20, stderr.columns - 1)));
      shown = stderr.isTTY;
    });
  } finally {
    if (shown) stderr.write(CLEAR);
  }
}

/** Does some work that tells how many bytes are done, of how many where it knows. */
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
      const rate = Math.round(done / Math.max((now - start) / 1000, 0.001));
      const text = total === undefined ? formatBytes(done) : bar(done, total);
      show(`${label} ${text} ${formatBytes(rate)}/s`);
    }),
  );
}

function bar(done: number, total: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.round(share * WIDTH);
  const blocks = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
  return `${blocks} ${Math.floor(share * 100)}% ${formatBytes(done)} of ${formatBytes(total)}`;
}
