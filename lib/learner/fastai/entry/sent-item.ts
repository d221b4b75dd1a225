/** Not a name that a column has. */
const SENT = '__sent__';

/** An item that came from elsewhere, in a request: no name in it is a file of this machine. */
export function sentItem(item: unknown): Readonly<Record<string, unknown>> {
  return { [SENT]: item };
}

/** An item, and whether what it names may be opened. */
export function openedItem(item: unknown): { readonly item: unknown; readonly opens: boolean } {
  return typeof item === 'object' && item !== null && Object.hasOwn(item, SENT)
    ? { item: (item as Record<string, unknown>)[SENT], opens: false }
    : { item, opens: true };
}
