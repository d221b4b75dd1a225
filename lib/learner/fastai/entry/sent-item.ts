/** A key that cannot be the name of a column. */
const SENT = '__sent__';

/** An item that came in a request: its names never refer to files of this machine. */
export function sentItem(item: unknown): Readonly<Record<string, unknown>> {
  return { [SENT]: item };
}

/** An item, and whether the files that it names may be opened. */
export function openedItem(item: unknown): { readonly item: unknown; readonly opens: boolean } {
  return typeof item === 'object' && item !== null && Object.hasOwn(item, SENT)
    ? { item: (item as Record<string, unknown>)[SENT], opens: false }
    : { item, opens: true };
}
