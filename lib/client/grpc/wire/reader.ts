import { InferenceMessageError } from '../../protocol/errors.js';

/** The wire type of a field. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Short texts such as names and datatypes, for which a TextDecoder is slower than this. */
const SHORT = 32;

function shortAscii(bytes: Uint8Array): string | undefined {
  if (bytes.length > SHORT) return undefined;
  let text = '';
  for (const byte of bytes) {
    if (byte > 127) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

/**
 * Reads protobuf, one field at a time. It trusts nothing: it refuses a length beyond the message, a
 * number without an end and an unknown wire type.
 *
 * It reads tensor messages because protobufjs would create an object for every number before any
 * check: 64 MiB of `int64_contents` become 67 million objects.
 */
export class WireReader {
  #at = 0;
  /** The field that `next` found. */
  field = 0;
  type = 0;
  /** The number that `varint` read: its lower and upper 32 bits. */
  low = 0;
  high = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get done(): boolean {
    return this.#at === this.bytes.length;
  }

  /** Goes to the next field; false at the end. */
  next(): boolean {
    if (this.done) return false;
    this.varint();
    this.type = this.low & 7;
    this.field = this.low >>> 3;
    if (this.field === 0 || this.high !== 0) throw this.broken('a field without a number');
    return true;
  }

  /** Reads a number into `low` and `high`. */
  varint(): void {
    const { bytes } = this;
    let at = this.#at;
    let low = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) throw this.broken('a number without an end');
      if (shift > 63) throw this.broken('a number of more than 10 bytes');
      const part = byte & 127;
      if (shift < 28) low |= part << shift;
      else if (shift === 28) {
        low |= part << 28;
        high = part >>> 4;
      } else high |= part << (shift - 32);
      if (byte < 128) break;
    }
    this.#at = at;
    this.low = low >>> 0;
    this.high = high >>> 0;
  }

  /** A view of the field's bytes. */
  view(): Uint8Array {
    this.expect(WIRE.bytes);
    this.varint();
    return this.#take(this.high === 0 ? this.low : Infinity);
  }

  text(): string {
    const bytes = this.view();
    const name = shortAscii(bytes);
    if (name !== undefined) return name;
    try {
      return decoder.decode(bytes);
    } catch {
      throw this.broken('a text that is not UTF-8');
    }
  }

  bool(): boolean {
    this.expect(WIRE.varint);
    this.varint();
    return (this.low | this.high) !== 0;
  }

  /** The number that `varint` read. */
  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  uint64(): bigint {
    return (BigInt(this.high) << 32n) | BigInt(this.low);
  }

  double(): number {
    this.expect(WIRE.fixed64);
    const { buffer, byteOffset } = this.#take(8);
    return new DataView(buffer, byteOffset).getFloat64(0, true);
  }

  /** The bytes of the next number of `size` bytes. */
  fixed(size: number): Uint8Array {
    return this.#take(size);
  }

  skip(): void {
    if (this.type === WIRE.varint) this.varint();
    else if (this.type === WIRE.fixed64) this.#take(8);
    else if (this.type === WIRE.bytes) this.view();
    else if (this.type === WIRE.fixed32) this.#take(4);
    else throw this.broken(`a field of the kind ${this.type}`);
  }

  expect(type: number): void {
    if (this.type !== type) throw this.broken(`field ${this.field} of the kind ${this.type}`);
  }

  broken(fact: string): InferenceMessageError {
    return new InferenceMessageError(
      `The message is not protobuf of this protocol (${fact} before byte ${this.#at} of ${this.bytes.length})`,
      'send what open_inference.proto describes',
    );
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (!(end <= this.bytes.length)) {
      throw this.broken(`${length} bytes where ${this.bytes.length - this.#at} are left`);
    }
    const taken = this.bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}
