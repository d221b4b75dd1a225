import { resolveObjectURL } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { shortened } from '../../errors/index.js';
import { ItemTooLargeError, UnexpectedItemError, UnreadableItemError } from '../errors.js';

/** A file as multer hands it over: its bytes, or where it was put. @publicApi */
export interface UploadedFile {
  readonly originalname: string;
  readonly buffer?: Uint8Array;
  readonly path?: string;
}

/**
 * Where the bytes of an item may be: the path of a file or a `file:`, `data:` or `blob:` URL as text
 * or as a `URL`, bytes, a `Blob` or `File`, a stream of Node or of the web, or multer's file.
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

/** More of a stream is not read. */
const MOST_BYTES = 2 ** 29;

export function isStored(item: unknown): item is StoredItem {
  return typeof item === 'string' || isBytes(item) || isElsewhere(item);
}

/**
 * The path of an item that is a file's, which fastai would be given as a `Path`: text that is no
 * other URL, a `file:` URL, a file that multer has put somewhere.
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
 * What can be sent to another thread or process in place of items: bytes where they are in an
 * object that cannot go there, or a path. Undefined where all can go as it is, which is usual.
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

/** Most items hold nothing of the kind, and arrays may have millions of numbers: nothing is made. */
function holdsElsewhere(given: unknown): boolean {
  if (typeof given !== 'object' || given === null) return false;
  if (isElsewhere(given)) return true;
  if (Array.isArray(given)) return !looksLikeRows(given) && given.some(holdsElsewhere);
  return isRecord(given) && Object.values(given).some(isElsewhere);
}

/** Of many rows the first tells: to look at all their cells would take longer than to pack them. */
function looksLikeRows(items: readonly unknown[]): boolean {
  return items.length > 16 && isRecord(items[0]) && !holdsElsewhere(items[0]);
}

/** Whether an item lies in an object that holds or leads to its bytes. */
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

/** Text that begins as a URL of a known scheme does. A drive of Windows is one letter. */
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
    `the URL "${shortened(url.href)}", which is not fetched`,
    'the bytes of what is there: (await fetch(url)).arrayBuffer()',
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
