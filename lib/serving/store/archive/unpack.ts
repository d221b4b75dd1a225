import { createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { VtsError } from '../../../learner/errors/index.js';
import { codeOf } from '../durable.js';
import { ArchiveEntryError, CorruptModelArchiveError } from '../errors.js';
import { formatOfFile } from './archive-format.js';
import { entryPath } from './entry-path.js';
import { readArchive, type ArchiveEntry } from './read-archive.js';

/** Limits on the content of an archive. */
export interface UnpackLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/** No model is larger; a machine that serves one holds it in memory. */
const MAX_BYTES = 64 * 1024 ** 3;
const MAX_ENTRIES = 10_000;
/**
 * Weights hardly compress. An archive that grows more than this, beyond a free amount, is a bomb.
 */
const MAX_GROWTH = 200;
const FREE_BYTES = 64 * 1024 ** 2;

/**
 * Unpacks an archive into an empty folder. It accepts only files and folders inside it. It refuses
 * all other entries before it writes any part of them.
 *
 * @param onProgress Called with the number of written bytes.
 * @throws ArchiveFormatError if it is not an archive.
 * @throws ArchiveEntryError for an entry that is a link, has an unacceptable path, or makes the
 *   content too large.
 * @throws CorruptModelArchiveError if it is damaged or ends early.
 */
export async function unpack(
  archive: string,
  folder: string,
  limits: Partial<UnpackLimits> = {},
  onProgress?: (bytes: number) => void,
): Promise<void> {
  const format = await formatOfFile(archive);
  const { maxBytes = MAX_BYTES, maxEntries = MAX_ENTRIES } = limits;
  const grown = FREE_BYTES + (await stat(archive)).size * MAX_GROWTH;
  const unpacker = new Unpacker(archive, folder, maxEntries, Math.min(maxBytes, grown), onProgress);
  try {
    for await (const entry of readArchive(archive, format)) await unpacker.add(entry);
  } catch (error) {
    // System errors of the disk are not errors of the archive.
    if (error instanceof VtsError || isSystemError(error)) throw error;
    throw new CorruptModelArchiveError(archive, reasonOf(error), { cause: error });
  }
}

class Unpacker {
  readonly #taken = new Set<string>();
  #entries = 0;
  #bytes = 0;

  constructor(
    private readonly archive: string,
    private readonly folder: string,
    private readonly maxEntries: number,
    private readonly maxBytes: number,
    private readonly onProgress: ((bytes: number) => void) | undefined,
  ) {}

  async add(entry: ArchiveEntry): Promise<void> {
    const refuse = (reason: string): never => {
      throw new ArchiveEntryError(this.archive, entry.name, reason);
    };
    if (++this.#entries > this.maxEntries)
      refuse(`the archive has more than ${this.maxEntries} entries`);
    const path = entryPath(entry.name, refuse);
    if (entry.kind === 'other') refuse(`it is a ${entry.type}`);
    if (path === undefined) return;
    if (entry.kind === 'folder') {
      await mkdir(join(this.folder, path), { recursive: true });
      return;
    }
    // File systems may treat names that differ in case or composition as the same.
    const key = path.normalize('NFC').toLowerCase();
    if (this.#taken.has(key)) refuse('its name appears twice in the archive');
    this.#taken.add(key);
    if (!(this.#bytes + entry.size <= this.maxBytes)) {
      refuse(`its ${entry.size} bytes make the content larger than the ${this.maxBytes} allowed`);
    }
    await this.#write(entry, join(this.folder, path), refuse);
  }

  async #write(
    entry: ArchiveEntry,
    target: string,
    refuse: (reason: string) => never,
  ): Promise<void> {
    await mkdir(dirname(target), { recursive: true });
    let written = 0;
    const counted = async function* (this: Unpacker): AsyncGenerator<Uint8Array> {
      for await (const chunk of entry.content()) {
        written += chunk.length;
        // The limits were checked against the declared size.
        if (written > entry.size) refuse(`it is larger than the ${entry.size} bytes it declares`);
        yield chunk;
        this.onProgress?.(this.#bytes + written);
      }
    }.bind(this);
    await pipeline(counted, createWriteStream(target, { flags: 'wx' }));
    if (written < entry.size) refuse(`it ends after ${written} of ${entry.size} bytes`);
    this.#bytes += written;
  }
}

/** Errors of the file system. zlib's errors also have a code, but not a system call. */
function isSystemError(error: unknown): boolean {
  return codeOf(error) !== undefined && 'syscall' in (error as object);
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  // The xz reader reports only a number.
  return /get_next_output/.test(text) ? 'its compressed data is damaged or ends early' : text;
}
