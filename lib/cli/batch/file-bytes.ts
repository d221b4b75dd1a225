import { open, type FileHandle } from 'node:fs/promises';
import type { BytesOf } from '../predict/read-stream.js';
import { isS3 } from '../s3/address.js';

/** A file that is read in parts. */
export interface FileBytes {
  readonly byteLength: number;
  /** The bytes from `start` up to, but not including, `end`. */
  slice(start: number, end?: number): Promise<ArrayBuffer>;
  close(): Promise<void>;
}

/** Opens a file or an object to read parts of it. */
export async function openBytes(file: BytesOf): Promise<FileBytes> {
  if (isS3(file.path)) return openObject(file);
  const handle = await open(file.path);
  return new LocalBytes(handle, (await handle.stat()).size);
}

async function openObject(file: BytesOf): Promise<FileBytes> {
  const { readBytes } = await import('../s3/read.js');
  const byteLength = file.size ?? 0;
  return {
    byteLength,
    slice: async (start, end = byteLength) => {
      const until = Math.max(start, Math.min(end, byteLength));
      const bytes = await readBytes(file, start, until);
      return Uint8Array.from(bytes).buffer;
    },
    close: async () => {},
  };
}

class LocalBytes implements FileBytes {
  constructor(
    private readonly handle: FileHandle,
    readonly byteLength: number,
  ) {}

  async slice(start: number, end = this.byteLength): Promise<ArrayBuffer> {
    const bytes = new Uint8Array(Math.max(0, Math.min(end, this.byteLength) - start));
    let read = 0;
    while (read < bytes.length) {
      const { bytesRead } = await this.handle.read(bytes, read, bytes.length - read, start + read);
      if (bytesRead === 0) throw new RangeError('the file became shorter');
      read += bytesRead;
    }
    return bytes.buffer;
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}
