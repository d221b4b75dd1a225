export type OutputFormat = 'table' | 'json' | 'yaml';

/** Writes a value to stdout; `table` gives what people read. */
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
  process.stderr.write(`vts: warning: ${text}\n`);
}
