import type { Metadata } from '@grpc/grpc-js';

/** The first value of a name that is a text. */
export function textOf(metadata: Metadata, name: string): string | undefined {
  const [value] = metadata.get(name);
  return typeof value === 'string' ? value : undefined;
}

/** Texts by name, like HTTP headers; binary values are left out. */
export function headersOf(metadata: Metadata): Record<string, string> {
  const texts = Object.entries(metadata.getMap()).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.assign(Object.create(null) as Record<string, string>, Object.fromEntries(texts));
}
