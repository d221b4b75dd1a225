import { Option } from 'commander';

export type OutputFormat = 'table' | 'json' | 'yaml';

/** The option `-o`. */
export function outputOption(
  standard: string,
  choices: readonly string[] = ['table', 'json', 'yaml'],
): Option {
  return new Option('-o, --output <format>', 'how the result is written')
    .choices(choices)
    .default(standard);
}

/** Writes a value to stdout; `table` is what it is where people read it. */
export async function print(
  value: unknown,
  format: OutputFormat,
  table: () => string,
): Promise<void> {
  if (format === 'json') return write(toJson(value));
  if (format === 'yaml') {
    const { stringify } = await import('yaml');
    return write(stringify(value, { lineWidth: 0 }));
  }
  return write(table());
}

/**
 * JSON with two spaces; a bigint is a number of all its digits, and what JSON has no number for is
 * null.
 */
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
