import { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';

/**
 * The bytes of an answer. Streaming them costs more than the rest of the answer, so the response
 * gets them at once, and the stream ends without data.
 */
class WholeBytes extends Readable {
  #sent = false;

  constructor(private readonly bytes: Uint8Array) {
    super();
  }

  override _read(): void {
    if (!this.#sent) this.push(this.bytes);
    this.push(null);
  }

  override pipe<T extends NodeJS.WritableStream>(to: T, options?: { end?: boolean }): T {
    const untouched = !this.readableDidRead && this.readableFlowing === null;
    if (!(to instanceof ServerResponse) || options?.end === false || !untouched) {
      return super.pipe(to, options);
    }
    this.#sent = true;
    to.end(this.bytes);
    // Frameworks wait for its end.
    this.resume();
    return to;
  }
}

/** The return value of a handler for an answer of bytes. */
export function wholeFile(bytes: Uint8Array, type: string): StreamableFile {
  return new StreamableFile(new WholeBytes(bytes), { type, length: bytes.length });
}
