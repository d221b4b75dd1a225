import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import {
  CorruptArchiveError,
  FileClosedError,
  TruncatedFileError,
  UnreadableFileError,
} from '../errors.js';

/** Random access to the bytes of a file, on disk or in memory. */
export abstract class ByteSource {
  /** The name of the file in error messages: its path, or `<buffer>`. */
  abstract readonly name: string;
  abstract readonly size: number;
  abstract close(): void;
  protected abstract readRange(offset: number, length: number): Uint8Array;
  protected abstract pieces(offset: number, length: number): Iterable<Uint8Array>;

  /** Exactly `length` bytes from `offset`; a view if the bytes are in memory already. */
  read(offset: number, length: number): Uint8Array {
    this.#check(offset, length);
    return this.readRange(offset, length);
  }

  /** The same bytes in pieces. The memory of a piece is reused for the next one. */
  readPieces(offset: number, length: number): Iterable<Uint8Array> {
    this.#check(offset, length);
    return this.pieces(offset, length);
  }

  corrupt(reason: string, cause?: unknown): CorruptArchiveError {
    return new CorruptArchiveError(this.name, reason, { cause });
  }

  truncated(detail: string, cause?: unknown): TruncatedFileError {
    return new TruncatedFileError(this.name, detail, { cause });
  }

  #check(offset: number, length: number): void {
    const end = offset + length;
    // Views of legacy files may state NaN, and no comparison finds NaN too small.
    if (!(offset >= 0 && length >= 0 && end <= this.size)) {
      throw this.truncated(`it needs bytes ${offset} to ${end}, but has ${this.size} bytes`);
    }
  }
}

export function openSource(source: string | Uint8Array): ByteSource {
  return typeof source === 'string' ? new FileSource(source) : new MemorySource(source);
}

class MemorySource extends ByteSource {
  readonly name = '<buffer>';
  readonly size: number;

  constructor(private readonly bytes: Uint8Array) {
    super();
    this.size = bytes.byteLength;
  }

  protected override readRange(offset: number, length: number): Uint8Array {
    // A Buffer's slice() shares memory, a Uint8Array's copies: return only the latter.
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + offset, length);
  }

  protected override pieces(offset: number, length: number): Iterable<Uint8Array> {
    return [this.readRange(offset, length)];
  }

  close(): void {
    // The caller owns the bytes.
  }
}

const PIECE_BYTES = 2 ** 18;

/** Reads ranges through a descriptor, because files past 2 GiB cannot be read at once. */
class FileSource extends ByteSource {
  readonly size: number;
  #fd: number | undefined;
  /** Memory of pieces, while nobody reads any: fresh memory costs more than reading into it. */
  #spare: Uint8Array | undefined;

  constructor(readonly name: string) {
    super();
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

  protected override readRange(offset: number, length: number): Uint8Array {
    // Not a pooled Buffer: typed arrays of any element size must be able to view it from its start.
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    this.#fill(bytes, length, offset);
    return bytes;
  }

  protected override *pieces(offset: number, length: number): Generator<Uint8Array> {
    const piece = this.#spare ?? new Uint8Array(PIECE_BYTES);
    this.#spare = undefined;
    try {
      for (let done = 0; done < length;) {
        const count = Math.min(length - done, piece.byteLength);
        this.#fill(piece, count, offset + done);
        yield piece.subarray(0, count);
        done += count;
      }
    } finally {
      this.#spare = piece;
    }
  }

  #fill(bytes: Uint8Array, length: number, offset: number): void {
    if (this.#fd === undefined) throw new FileClosedError(this.name);
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
      if (count === 0) throw this.truncated('it shrank during the read');
      done += count;
    }
  }

  close(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
  }
}
