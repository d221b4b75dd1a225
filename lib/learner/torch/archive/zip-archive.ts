import zlib from 'node:zlib';
import yauzl from 'yauzl';
import {
  CorruptArchiveError,
  CorruptEntryError,
  LimitExceededError,
  TruncatedFileError,
} from '../errors.js';
import { checkLimit, type ReadLimits } from '../limits.js';
import type { ByteSource } from './byte-source.js';

const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED_FLAG = 1;
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_HEADER_SIZE = 30;

/** One file of a zip archive; its bytes are read, inflated and checked when asked for. */
export interface ZipEntry {
  readonly name: string;
  readonly size: number;
  /**
   * Throws {@link CorruptEntryError} when the CRC-32 differs; the sum is taken on the first call
   * only.
   */
  read(): Uint8Array;
}

/** The directory of a zip archive, by name. */
export type ZipArchive = ReadonlyMap<string, ZipEntry>;

/**
 * Reads a zip archive's directory. Refuses duplicate names, entries that overlap or leave the file,
 * encryption, and more than the limits.
 */
export function openZip(source: ByteSource, limits: Readonly<ReadLimits>): ZipArchive {
  const directory = readDirectory(source, limits);
  const inflated = { bytes: 0 };
  const archive = new Map<string, ZipEntry>();
  const ranges: [start: number, end: number, name: string][] = [];
  for (const entry of directory) {
    const name = entry.fileName;
    if (archive.has(name)) {
      throw new CorruptArchiveError(source.name, `it has two entries named "${name}"`);
    }
    checkEntry(source, limits, entry, inflated);
    const start = dataStart(source, entry);
    ranges.push([entry.relativeOffsetOfLocalHeader, start + entry.compressedSize, name]);
    archive.set(name, new StoredEntry(source, entry, start));
  }
  checkOverlaps(source, ranges);
  return archive;
}

function checkEntry(
  source: ByteSource,
  limits: Readonly<ReadLimits>,
  entry: yauzl.Entry,
  inflated: { bytes: number },
): void {
  const name = entry.fileName;
  if (entry.generalPurposeBitFlag & ENCRYPTED_FLAG) {
    throw new CorruptArchiveError(source.name, `the entry "${name}" is encrypted`);
  }
  if (entry.compressionMethod === STORED) return;
  if (entry.compressionMethod !== DEFLATED) {
    throw new CorruptArchiveError(
      source.name,
      `the entry "${name}" is compressed with method ${entry.compressionMethod}`,
    );
  }
  inflated.bytes += entry.uncompressedSize;
  checkLimit(
    source.name,
    limits,
    'maxInflatedBytes',
    inflated.bytes,
    `deflated entries of ${inflated.bytes} bytes or more`,
  );
  const ratio = entry.uncompressedSize / Math.max(1, entry.compressedSize);
  if (ratio > limits.maxInflateRatio) {
    throw new LimitExceededError(
      source.name,
      `an entry "${name}" that grows ${Math.round(ratio)} times when inflated`,
      'maxInflateRatio',
      limits.maxInflateRatio,
    );
  }
}

/**
 * Where an entry's bytes start: after its local header, whose length only the header itself states.
 */
function dataStart(source: ByteSource, entry: yauzl.Entry): number {
  const offset = entry.relativeOffsetOfLocalHeader;
  const header = view(source.read(offset, LOCAL_HEADER_SIZE));
  if (header.getUint32(0, true) !== LOCAL_SIGNATURE) {
    throw new CorruptArchiveError(source.name, `the entry "${entry.fileName}" has no local header`);
  }
  const start =
    offset + LOCAL_HEADER_SIZE + header.getUint16(26, true) + header.getUint16(28, true);
  if (start + entry.compressedSize > source.size) {
    throw new TruncatedFileError(source.name, `the entry "${entry.fileName}" goes past its end`);
  }
  return start;
}

function checkOverlaps(
  source: ByteSource,
  ranges: [start: number, end: number, name: string][],
): void {
  ranges.sort((a, b) => a[0] - b[0]);
  for (const [i, [start, , name]] of ranges.entries()) {
    const before = ranges[i - 1];
    if (before && before[1] > start) {
      throw new CorruptArchiveError(
        source.name,
        `the entries "${before[2]}" and "${name}" share bytes`,
      );
    }
  }
}

class StoredEntry implements ZipEntry {
  readonly name: string;
  readonly size: number;
  #verified = false;

  constructor(
    private readonly source: ByteSource,
    private readonly entry: yauzl.Entry,
    private readonly start: number,
  ) {
    this.name = entry.fileName;
    this.size = entry.uncompressedSize;
  }

  read(): Uint8Array {
    const raw = this.source.read(this.start, this.entry.compressedSize);
    const bytes = this.entry.compressionMethod === DEFLATED ? this.#inflate(raw) : raw;
    if (!this.#verified) {
      const sum = zlib.crc32(bytes);
      if (sum !== this.entry.crc32) {
        throw new CorruptEntryError(this.source.name, this.name, this.entry.crc32, sum);
      }
      this.#verified = true;
    }
    return bytes;
  }

  #inflate(raw: Uint8Array): Uint8Array {
    let bytes: Buffer;
    try {
      bytes = zlib.inflateRawSync(raw, { maxOutputLength: Math.max(1, this.size) });
    } catch (cause) {
      throw new CorruptArchiveError(
        this.source.name,
        `the entry "${this.name}" does not inflate to the ${this.size} bytes it announces`,
        { cause },
      );
    }
    if (bytes.byteLength !== this.size) {
      throw new CorruptArchiveError(
        this.source.name,
        `the entry "${this.name}" inflates to ${bytes.byteLength} bytes and announces ${this.size}`,
      );
    }
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Answers yauzl's reads at once, so that its callbacks have all run when a call to it returns. */
class SyncReader extends yauzl.RandomAccessReader {
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
    let bytes: Uint8Array;
    try {
      bytes = this.source.read(position, length);
    } catch (error) {
      callback(error as Error);
      return;
    }
    buffer.set(bytes, offset);
    callback(null);
  }

  override _readStreamForRange(): never {
    throw new Error('Entries are read from the source itself.');
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
    // The directory stands at the end of the file, so a file without one has lost its end.
    throw new TruncatedFileError(
      source.name,
      'the zip directory at its end is missing or damaged',
      {
        cause: errors[0],
      },
    );
  }
  checkLimit(source.name, limits, 'maxEntries', zip.entryCount, `${zip.entryCount} entries`);
  const entries: yauzl.Entry[] = [];
  zip.on('error', (error: Error) => errors.push(error));
  zip.on('entry', (entry: yauzl.Entry) => entries.push(entry));
  while (entries.length < zip.entryCount) {
    const before = entries.length;
    zip.readEntry();
    if (errors.length > 0 || entries.length === before) {
      throw new CorruptArchiveError(
        source.name,
        `entry ${before} of its directory cannot be read (${errors[0]?.message ?? 'no answer'})`,
        { cause: errors[0] },
      );
    }
  }
  return entries;
}
