import { resolveObjectURL } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { shortened } from '../../errors/index.js';
import { ItemTooLargeError, UnexpectedItemError, UnreadableItemError } from '../errors.js';

/** A file from multer: its bytes, or the path where multer stored it. @publicApi */
export interface UploadedFile {
  readonly originalname: string;
  readonly buffer?: Uint8Array;
  readonly path?: string;
}

/**
 * A place for the bytes of an item. A text is the path of a file, or a `file:`, `data:` or `blob:`
 * URL. It can also be a `URL`, bytes, a `Blob` or `File`, a stream of Node or of the web, or multer's
 * file.
 *
 * @publicApi
 */
export type StoredItem =
  | string
  | URL
  | Uint8Array
  | ArrayBuffer
  | Blob
  | Readable
  | ReadableStream<Uint8Array>
  | UploadedFile;

/** How many bytes are read from a stream at most. */
const MOST_BYTES = 2 ** 29;

export function isStored(item: unknown): item is StoredItem {
  return typeof item === 'string' || isBytes(item) || isElsewhere(item);
}

/**
 * The path of an item that fastai would receive as a `Path`: text that is not a URL of another
 * scheme, a `file:` URL, or a file that multer stored on disk.
 */
export function pathOf(item: unknown): string | undefined {
  if (typeof item === 'string') {
    const url = urlOf(item);
    return url ? pathOf(url) : item;
  }
  if (item instanceof URL) return item.protocol === 'file:' ? fileURLToPath(item) : undefined;
  return isUpload(item) && item.buffer === undefined ? item.path : undefined;
}

/** @throws UnreadableItemError, ItemTooLargeError, UnexpectedItemError for URLs of other schemes */
export async function bytesOfStored(item: StoredItem): Promise<Uint8Array> {
  if (item instanceof Uint8Array) return item;
  if (item instanceof ArrayBuffer) return new Uint8Array(item);
  const path = pathOf(item);
  if (path !== undefined) {
    return readFile(path).catch((error: unknown) => {
      throw new UnreadableItemError(path, error);
    });
  }
  const url = item instanceof URL ? item : typeof item === 'string' ? urlOf(item) : undefined;
  if (url) return bytesOfUrl(url);
  if (item instanceof Blob) return bytesOfBlob(item);
  if (isUpload(item)) return item.buffer as Uint8Array;
  return bytesOfStream(item as Readable | ReadableStream<Uint8Array>);
}

/**
 * Replacements that can go to another thread or process: bytes for items in objects that cannot be
 * sent, or a path. Undefined if all items can be sent unchanged, the usual case.
 */
export function portable(given: unknown): Promise<unknown> | undefined {
  if (!holdsElsewhere(given)) return undefined;
  if (isElsewhere(given)) return Promise.resolve(pathOf(given) ?? bytesOfStored(given));
  if (Array.isArray(given)) return Promise.all(given.map((one: unknown) => portable(one) ?? one));
  const entries = Object.entries(given as object).map(
    async ([name, value]) => [name, isElsewhere(value) ? await portable(value) : value] as const,
  );
  return Promise.all(entries).then((all) => Object.fromEntries(all));
}

/**
 * Most items contain no such object, and arrays may have millions of numbers: this check allocates
 * nothing.
 */
function holdsElsewhere(given: unknown): boolean {
  if (typeof given !== 'object' || given === null) return false;
  if (isElsewhere(given)) return true;
  if (Array.isArray(given)) return !looksLikeRows(given) && given.some(holdsElsewhere);
  return isRecord(given) && Object.values(given).some(isElsewhere);
}

/**
 * The first of many rows represents all: scanning every cell would take longer than packing them.
 */
function looksLikeRows(items: readonly unknown[]): boolean {
  return items.length > 16 && isRecord(items[0]) && !holdsElsewhere(items[0]);
}

/** Whether an item is in an object that contains its bytes or leads to them. */
export function isElsewhere(
  item: unknown,
): item is URL | Blob | Readable | ReadableStream<Uint8Array> | UploadedFile {
  if (typeof item !== 'object' || item === null || isBytes(item)) return false;
  if (item instanceof URL || item instanceof Blob || item instanceof Readable) return true;
  return item instanceof ReadableStream || isUpload(item);
}

function isBytes(item: unknown): item is Uint8Array | ArrayBuffer {
  return item instanceof Uint8Array || item instanceof ArrayBuffer;
}

function isUpload(item: unknown): item is UploadedFile {
  if (typeof item !== 'object' || item === null) return false;
  const { originalname, buffer, path } = item as Partial<UploadedFile>;
  return (
    typeof originalname === 'string' && (buffer instanceof Uint8Array || typeof path === 'string')
  );
}

function isRecord(item: unknown): item is Record<string, unknown> {
  if (typeof item !== 'object' || item === null) return false;
  const prototype: unknown = Object.getPrototypeOf(item);
  return prototype === Object.prototype || prototype === null;
}

/** Text that begins like a URL of a known scheme. A single letter is a Windows drive. */
function urlOf(text: string): URL | undefined {
  return /^(file|data|blob|https?):/i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
}

async function bytesOfUrl(url: URL): Promise<Uint8Array> {
  if (url.protocol === 'data:') {
    const response = await fetch(url).catch((error: unknown) => {
      throw new UnreadableItemError(url.href, error);
    });
    return new Uint8Array(await response.arrayBuffer());
  }
  const blob = url.protocol === 'blob:' ? resolveObjectURL(url.href) : undefined;
  if (blob) return bytesOfBlob(blob as Blob);
  throw new UnexpectedItemError(
    `the URL "${shortened(url.href)}", which the learner does not fetch`,
    'the bytes at that URL: (await fetch(url)).arrayBuffer()',
  );
}

async function bytesOfBlob(blob: Blob): Promise<Uint8Array> {
  if (blob.size > MOST_BYTES) throw new ItemTooLargeError(MOST_BYTES);
  return new Uint8Array(await blob.arrayBuffer());
}

async function bytesOfStream(stream: Readable | ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MOST_BYTES) throw new ItemTooLargeError(MOST_BYTES);
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks);
}
