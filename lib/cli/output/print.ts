import { Screen } from './screen.js';
import { wrap } from './text.js';

export type OutputFormat = 'table' | 'json' | 'yaml';

/** Writes a value to stdout; `table` is the readable form. */
export async function print(
  value: unknown,
  format: OutputFormat,
  table: (screen: Screen) => string,
): Promise<void> {
  if (format === 'json') return write(toJson(value));
  if (format === 'yaml') {
    const { stringify } = await import('yaml');
    return write(stringify(value, { lineWidth: 0 }));
  }
  return write(table(Screen.of(process.stdout)));
}

/** JSON, in which a bigint is a number, or a text where a number would lose digits. */
export function toJson(value: unknown, indent = 2): string {
  return JSON.stringify(
    value,
    (_key, item: unknown) => {
      if (typeof item !== 'bigint') return item;
      const number = Number(item);
      return Number.isSafeInteger(number) ? number : item.toString();
    },
    indent,
  );
}

export function write(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

export function warn(text: string): void {
  complain(text, 'warning');
}

/** Writes `vts: MESSAGE` to stderr, in one line or, on a terminal, in lines that fit. */
export function complain(text: string, kind?: 'warning'): void {
  const screen = Screen.of(process.stderr);
  const start = `vts:${kind ? ` ${kind}:` : ''}`;
  const lines = screen.isTerminal
    ? wrap(`${start} ${text}`, screen.width - 1)
    : [`${start} ${text}`];
  const styled = lines.join('\n').slice(start.length);
  process.stderr.write(`${screen.look(kind ? 'careful' : 'bad', start)}${styled}\n`);
}
