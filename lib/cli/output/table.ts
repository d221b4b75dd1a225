import stringWidth from 'string-width';
import { Screen, type Look } from './screen.js';
import { fit, oneLine, padded, wrap } from './text.js';

/** A text with its visible form. */
export type Cell = string | readonly [text: string, look: Look];

const GAP = '  ';
/** Narrower columns say nothing. */
const NARROWEST = 8;
/** Wider lines are hard to read. */
const WIDEST_TEXT = 100;

/**
 * Columns of texts with two spaces between them, under their titles. On a terminal, the widest
 * columns shrink until each row fits on one line.
 *
 * @param right Places of the columns of numbers.
 */
export function table(
  titles: readonly string[],
  rows: readonly (readonly Cell[])[],
  screen: Screen = Screen.plain,
  right: readonly number[] = [],
): string {
  const lines = [titles.map((title): Cell => [title, 'quiet']), ...rows].map((line) =>
    line.map((cell) => (typeof cell === 'string' ? ([cell, undefined] as const) : cell)),
  );
  const natural = titles.map((_, column) =>
    Math.max(...lines.map((line) => stringWidth(oneLine(line[column]?.[0] ?? '')))),
  );
  const widths = narrowed(natural, screen.width - GAP.length * (titles.length - 1));
  const shown = lines.map((line) =>
    titles
      .map((_, column) => {
        const [text, look] = line[column] ?? ['', undefined];
        const cell = fit(oneLine(text), widths[column]!);
        const space = ' '.repeat(widths[column]! - stringWidth(cell));
        const styled = look ? screen.look(look, cell) : cell;
        return right.includes(column) ? space + styled : styled + space;
      })
      .join(GAP)
      .trimEnd(),
  );
  return shown.join('\n');
}

function narrowed(widths: readonly number[], room: number): readonly number[] {
  const under = (cap: number): number[] => widths.map((width) => Math.min(width, cap));
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  if (sum(widths) <= room) return widths;
  let cap = Math.max(NARROWEST, room);
  while (cap > NARROWEST && sum(under(cap)) > room) cap--;
  return under(cap);
}

/** Names with their values, one per line. On a terminal, long values continue on the next line. */
export function listing(
  entries: readonly (readonly [string, Cell])[],
  screen: Screen = Screen.plain,
): string {
  const width = Math.max(...entries.map(([name]) => stringWidth(name)));
  const room = Math.min(WIDEST_TEXT, Math.max(20, screen.width - width - GAP.length));
  const below = `\n${' '.repeat(width)}${GAP}`;
  return entries
    .map(([name, cell]) => {
      const [value, look] = typeof cell === 'string' ? [cell, undefined] : cell;
      const lines = screen.isTerminal ? wrap(value, room) : value.split('\n');
      const styled = lines.map((line) => (look ? screen.look(look, line) : line));
      return `${screen.look('quiet', padded(name, width))}${GAP}${styled.join(below)}`;
    })
    .join('\n');
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `1.74 MiB`, as BentoML writes sizes. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${value} B` : `${value.toFixed(2)} ${UNITS[unit]}`;
}

/** `YYYY-MM-DD HH:MM:SS` in the user's time zone, the format of the Swedish locale. */
export function formatTime(time: Date): string {
  return time.toLocaleString('sv-SE');
}

/** `1,234,567`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}
