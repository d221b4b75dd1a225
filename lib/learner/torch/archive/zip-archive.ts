import zlib from 'node:zlib';
import yauzl from 'yauzl';
import { CorruptEntryError, LimitExceededError } from '../errors.js';
import { checkLimit, type ReadLimits } from '../limits.js';
import type { ByteSource } from './byte-source.js';

const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED_FLAG = 1;
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_HEADER_SIZE = 30;

/** The directory of a zip archive, by name. */
export type ZipArchive = ReadonlyMap<string, ZipEntry>;

/**
 * Reads a zip archive's directory. Refuses duplicate names, entries that overlap or leave the file,
 * encryption, and more than the limits.
 */
export function openZip(source: ByteSource, limits: Readonly<ReadLimits>): ZipArchive {
  const archive = new Map<string, ZipEntry>();
  let inflatedBytes = 0;
  for (const entry of readDirectory(source, limits)) {
    const name = entry.fileName;
    if (archive.has(name)) throw source.corrupt(`it has two entries named "${name}"`);
    if (entry.generalPurposeBitFlag & ENCRYPTED_FLAG) {
      throw source.corrupt(`the entry "${name}" is encrypted`);
    }
    if (entry.compressionMethod !== STORED) {
      inflatedBytes += entry.uncompressedSize;
      checkDeflated(source, limits, entry, inflatedBytes);
    }
    archive.set(name, new ZipEntry(source, entry));
  }
  const inOrder = [...archive.values()].sort((a, b) => a.start - b.start);
  for (const [i, { name, start }] of inOrder.entries()) {
    const before = inOrder[i - 1];
    if (before && before.end > start) {
      throw source.corrupt(`the entries "${before.name}" and "${name}" share bytes`);
    }
  }
  return archive;
}

function checkDeflated(
  source: ByteSource,
  limits: Readonly<ReadLimits>,
  entry: yauzl.Entry,
  inflated: number,
): void {
  const { fileName, compressionMethod, compressedSize, uncompressedSize } = entry;
  if (compressionMethod !== DEFLATED) {
    throw source.corrupt(`the entry "${fileName}" is compressed with method ${compressionMethod}`);
  }
  const what = `deflated entries of at least ${inflated} bytes`;
  checkLimit(source.name, limits, 'maxInflatedBytes', inflated, what);
  const ratio = uncompressedSize / Math.max(1, compressedSize);
  if (ratio > limits.maxInflateRatio) {
    throw new LimitExceededError(
      source.name,
      `an entry "${fileName}" that inflates to ${Math.round(ratio)} times its size`,
      'maxInflateRatio',
      limits.maxInflateRatio,
    );
  }
}

/** One file of a zip archive; its bytes are read, inflated and checked on demand. */
export class ZipEntry {
  readonly name: string;
  readonly size: number;
  readonly crc32: number;
  /** The offsets of its local header and of the end of its bytes. */
  readonly start: number;
  readonly end: number;
  #verified = false;

  constructor(
    private readonly source: ByteSource,
    private readonly entry: yauzl.Entry,
  ) {
    this.name = entry.fileName;
    this.size = entry.uncompressedSize;
    this.crc32 = entry.crc32;
    this.start = entry.relativeOffsetOfLocalHeader;
    // Only the local header itself states its length.
    const header = Buffer.from(source.read(this.start, LOCAL_HEADER_SIZE));
    if (header.readUInt32LE(0) !== LOCAL_SIGNATURE) {
      throw source.corrupt(`the entry "${this.name}" has no local header`);
    }
    const names = header.readUInt16LE(26) + header.readUInt16LE(28);
    this.end = this.start + LOCAL_HEADER_SIZE + names + entry.compressedSize;
    if (this.end > source.size) {
      throw source.truncated(`the entry "${this.name}" extends past its end`);
    }
  }

  /** Only the first call checks the CRC-32. @throws CorruptEntryError */
  read(): Uint8Array {
    const { compressedSize, compressionMethod } = this.entry;
    const raw = this.source.read(this.end - compressedSize, compressedSize);
    const bytes = compressionMethod === DEFLATED ? this.#inflate(raw) : raw;
    if (!this.#verified) this.#verify(zlib.crc32(bytes));
    return bytes;
  }

  /**
   * The bytes in pieces. The memory of a piece is reused for the next one, and the CRC-32 is
   * checked after the last one.
   *
   * @throws CorruptEntryError
   */
  *pieces(): Generator<Uint8Array> {
    const { compressedSize, compressionMethod } = this.entry;
    if (compressionMethod === DEFLATED) {
      yield this.read();
      return;
    }
    let sum = 0;
    for (const piece of this.source.readPieces(this.end - compressedSize, compressedSize)) {
      if (!this.#verified) sum = zlib.crc32(piece, sum);
      yield piece;
    }
    if (!this.#verified) this.#verify(sum);
  }

  #verify(sum: number): void {
    if (sum !== this.crc32) {
      throw new CorruptEntryError(this.source.name, this.name, this.crc32, sum);
    }
    this.#verified = true;
  }

  #inflate(raw: Uint8Array): Uint8Array {
    let bytes: Buffer;
    try {
      bytes = zlib.inflateRawSync(raw, { maxOutputLength: Math.max(1, this.size) });
    } catch (cause) {
      throw this.source.corrupt(
        `the entry "${this.name}" does not inflate to the ${this.size} bytes it announces`,
        cause,
      );
    }
    if (bytes.byteLength !== this.size) {
      throw this.source.corrupt(
        `the entry "${this.name}" inflates to ${bytes.byteLength} bytes, not the ${this.size} it announces`,
      );
    }
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}

/** yauzl reads the directory in pieces of some 50 bytes; this many bytes are read ahead. */
const WINDOW_BYTES = 2 ** 16;

/**
 * Answers yauzl's reads synchronously, so that all its callbacks have run when a call to it
 * returns.
 */
class SyncReader extends yauzl.RandomAccessReader {
  #window: Uint8Array = new Uint8Array();
  #start = 0;

  constructor(private readonly source: ByteSource) {
    super();
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    try {
      buffer.set(this.#read(position, length), offset);
    } catch (error) {
      callback(error as Error);
      return;
    }
    callback(null);
  }

  #read(position: number, length: number): Uint8Array {
    const from = position - this.#start;
    if (!(from >= 0 && from + length <= this.#window.byteLength)) {
      const rest = this.source.size - position;
      this.#window = this.source.read(position, Math.max(length, Math.min(WINDOW_BYTES, rest)));
      this.#start = position;
      return this.#window.subarray(0, length);
    }
    return this.#window.subarray(from, from + length);
  }

  override _readStreamForRange(): never {
    throw new Error('Entries are read directly from the source.');
  }
}

function readDirectory(source: ByteSource, limits: Readonly<ReadLimits>): yauzl.Entry[] {
  let zip: yauzl.ZipFile | undefined;
  const errors: Error[] = [];
  yauzl.fromRandomAccessReader(
    new SyncReader(source),
    source.size,
    { lazyEntries: true, autoClose: false, validateEntrySizes: true },
    (error, opened) => {
      if (error) errors.push(error);
      zip = opened;
    },
  );
  if (!zip) {
    // The directory is at the end of the file, so a file without a directory has lost its end.
    throw source.truncated('the zip directory at its end is missing or damaged', errors[0]);
  }
  checkLimit(source.name, limits, 'maxEntries', zip.entryCount, `${zip.entryCount} entries`);
  const entries: yauzl.Entry[] = [];
  zip.on('error', (error: Error) => errors.push(error));
  zip.on('entry', (entry: yauzl.Entry) => entries.push(entry));
  while (entries.length < zip.entryCount) {
    const before = entries.length;
    zip.readEntry();
    if (errors.length > 0 || entries.length === before) {
      const reason = errors[0]?.message ?? 'no answer';
      throw source.corrupt(
        `entry ${before} of its directory cannot be read (${reason})`,
        errors[0],
      );
    }
  }
  return entries;
}
