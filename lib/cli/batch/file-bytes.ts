import { open, type FileHandle } from 'node:fs/promises';

/** What is read of an input: a file of this machine. */
export interface BytesOf {
  readonly path: string;
}

/** A file of which parts are read. */
export interface FileBytes {
  readonly byteLength: number;
  /** Bytes `start` to `end`, without the last. */
  slice(start: number, end?: number): Promise<ArrayBuffer>;
  close(): Promise<void>;
}

/** Opens a file to read parts of it. */
export async function openBytes(file: BytesOf): Promise<FileBytes> {
  const handle = await open(file.path);
  return new LocalBytes(handle, (await handle.stat()).size);
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
