import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { FileClosedError, TruncatedFileError, UnreadableFileError } from '../errors.js';

/** Random access to the bytes of a file, wherever they are. */
export interface ByteSource {
  /** The path, or `<buffer>`: what error messages call it. */
  readonly name: string;
  readonly size: number;
  /** Exactly `length` bytes from `offset`; a view where the bytes are in memory already. */
  read(offset: number, length: number): Uint8Array;
  close(): void;
}

export function openSource(source: string | Uint8Array): ByteSource {
  return typeof source === 'string' ? new FileSource(source) : new MemorySource(source);
}

class MemorySource implements ByteSource {
  readonly name = '<buffer>';
  readonly size: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    // A Buffer's slice() shares memory where a Uint8Array's copies: give out the latter only.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.size = bytes.byteLength;
  }

  read(offset: number, length: number): Uint8Array {
    checkRange(this, offset, length);
    return this.#bytes.subarray(offset, offset + length);
  }

  close(): void {
    // The caller owns the bytes.
  }
}

/** Reads ranges through a descriptor: files past 2 GiB cannot be read whole. */
class FileSource implements ByteSource {
  readonly size: number;
  #fd: number | undefined;

  constructor(readonly name: string) {
    try {
      this.#fd = openSync(name, 'r');
      const stats = fstatSync(this.#fd);
      if (stats.isDirectory()) throw Object.assign(new Error(name), { code: 'EISDIR' });
      this.size = stats.size;
    } catch (error) {
      this.close();
      throw new UnreadableFileError(name, error);
    }
  }

  read(offset: number, length: number): Uint8Array {
    if (this.#fd === undefined) throw new FileClosedError(this.name);
    checkRange(this, offset, length);
    // Not a pooled Buffer: typed arrays of any element size must be able to view it from its start.
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    let done = 0;
    while (done < length) {
      // One readSync takes at most 2 GiB.
      const wanted = Math.min(length - done, 2 ** 30);
      let count: number;
      try {
        count = readSync(this.#fd, bytes, done, wanted, offset + done);
      } catch (error) {
        throw new UnreadableFileError(this.name, error);
      }
      if (count === 0) {
        throw new TruncatedFileError(this.name, `it became shorter while it was read`);
      }
      done += count;
    }
    return bytes;
  }

  close(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
  }
}

function checkRange(source: ByteSource, offset: number, length: number): void {
  if (offset < 0 || length < 0 || offset + length > source.size) {
    throw new TruncatedFileError(
      source.name,
      `bytes ${offset} to ${offset + length} are needed, and it has ${source.size}`,
    );
  }
}
