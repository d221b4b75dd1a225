import { TruncatedFileError, CorruptPickleError } from '../errors.js';
import { decodeUtf8 } from './text.js';

/** Reads a pickle from front to back; every read is checked against the remaining bytes. */
export class Cursor {
  position: number;
  readonly #buffer: Buffer;
  readonly #view: DataView;
  readonly #end: number;

  constructor(
    readonly file: string,
    bytes: Uint8Array,
    position = 0,
  ) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.byteLength;
    this.position = position;
  }

  get remaining(): number {
    return this.#end - this.position;
  }

  uint8(): number {
    const { position } = this;
    if (position >= this.#end) this.#missing(1);
    this.position = position + 1;
    return this.#buffer[position]!;
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  /** A length in eight bytes. */
  length64(): number {
    const value = this.#view.getBigUint64(this.#advance(8), true);
    if (value > BigInt(this.remaining)) this.#missing(Number(value));
    return Number(value);
  }

  /** Pickle's BINFLOAT is big-endian, unlike all its integers. */
  float64(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  /** A view of the caller's bytes. */
  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return new Uint8Array(this.#buffer.buffer, this.#buffer.byteOffset + start, length);
  }

  utf8(length: number): string {
    const start = this.#advance(length);
    const text = decodeUtf8(this.#buffer, start, start + length);
    if (text === undefined) throw this.corrupt('a text is not UTF-8');
    return text;
  }

  latin1(length: number): string {
    const start = this.#advance(length);
    return this.#buffer.toString('latin1', start, start + length);
  }

  /**
   * Reads up to the next line feed, which it consumes and omits; each byte becomes one character.
   */
  line(): string {
    const text = this.latin1(this.#lineLength());
    this.position += 1;
    return text;
  }

  utf8Line(): string {
    const text = this.utf8(this.#lineLength());
    this.position += 1;
    return text;
  }

  #lineLength(): number {
    const end = this.#buffer.indexOf(0x0a, this.position);
    if (end < 0) this.#missing(this.remaining + 1);
    return end - this.position;
  }

  corrupt(reason: string, cause?: unknown): CorruptPickleError {
    return new CorruptPickleError(this.file, this.position, reason, { cause });
  }

  #advance(length: number): number {
    const start = this.position;
    if (length > this.#end - start) this.#missing(length);
    this.position = start + length;
    return start;
  }

  #missing(length: number): never {
    throw new TruncatedFileError(
      this.file,
      `its pickle needs ${length} more bytes at byte ${this.position}, but only ` +
        `${this.remaining} remain`,
    );
  }
}
