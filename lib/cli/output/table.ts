import stringWidth from 'string-width';

/** Columns of texts with two spaces between them, under their titles. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [titles, ...rows].map((line) => line.map(oneLine));
  const widths = titles.map((_, column) =>
    Math.max(...lines.map((line) => stringWidth(line[column] ?? ''))),
  );
  const padded = (cell: string, column: number): string =>
    cell + ' '.repeat(Math.max(0, widths[column]! - stringWidth(cell)));
  return lines.map((line) => line.map(padded).join('  ').trimEnd()).join('\n');
}

/** Names with their values, one a line. */
export function listing(entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  const indented = `\n${' '.repeat(width + 2)}`;
  return entries
    .map(([name, value]) => `${name.padEnd(width)}  ${value.replaceAll('\n', indented)}`)
    .join('\n');
}

/** Control characters of a file would reach the terminal. */
export function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
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

/** `YYYY-MM-DD HH:MM:SS` in the user's time zone, which is how Swedes write it. */
export function formatTime(time: Date): string {
  return time.toLocaleString('sv-SE');
}

/** `1,234,567`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}
