import { isAbsolute, join, normalize, sep } from 'node:path';
import { fields, holders, type Holder } from './onnx-fields.js';
import { fieldsOf, textOf } from './protobuf-reader.js';

/** The location of a tensor in a separate file. */
export interface ExternalPlace {
  /** The name in the model: relative to its own folder. */
  readonly location: string;
  readonly offset: number;
  /** Undefined: to the end of the file. */
  readonly length: number | undefined;
}

/**
 * The files with an ONNX model's tensors, by their names in the model: relative to its own folder.
 *
 * @returns undefined if the bytes are not such a message.
 */
export function externalFiles(model: Uint8Array): ReadonlySet<string> | undefined {
  const files = new Set<string>();
  const walk = (holder: Holder, bytes: Uint8Array): void => {
    for (const { number, delimited, body } of fieldsOf(bytes)) {
      const inner = delimited ? holders[holder][number] : undefined;
      if (inner === 'tensor') {
        const place = placeOf(body);
        if (place) files.add(place.location);
      } else if (inner) walk(inner, body);
    }
  };
  try {
    walk('model', model);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return files;
}

/** The location of a tensor message's elements; undefined if they are in the message. */
export function placeOf(tensor: Uint8Array): ExternalPlace | undefined {
  const entries = new Map<string, string>();
  for (const { number, body } of fieldsOf(tensor)) {
    if (number !== fields.tensor.external) continue;
    const entry = new Map<number, string>();
    for (const field of fieldsOf(body)) entry.set(field.number, textOf(field.body));
    entries.set(entry.get(fields.entry.key) ?? '', entry.get(fields.entry.value) ?? '');
  }
  const location = entries.get('location');
  if (location === undefined) return undefined;
  const length = entries.get('length');
  return {
    location,
    offset: Number(entries.get('offset') ?? 0),
    length: length === undefined ? undefined : Number(length),
  };
}

/** The path of a file that a model names; undefined if it is outside the model's folder. */
export function pathInside(folder: string, location: string): string | undefined {
  const inside = normalize(location);
  if (isAbsolute(location) || inside === '..' || inside.startsWith(`..${sep}`)) return undefined;
  return join(folder, inside);
}
