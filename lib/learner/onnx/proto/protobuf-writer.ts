const utf8 = new TextEncoder();

/** The input of {@link ProtobufWriter.bytes}: raw bytes in one piece or several. */
export type ByteSource =
  Uint8Array | { readonly byteLength: number; chunks(): Iterable<Uint8Array> };

/**
 * Writes the protobuf wire format. Large byte fields are kept by reference until {@link finish},
 * which makes the only copy.
 */
export class ProtobufWriter {
  readonly #parts: ByteSource[] = [];
  #pending: number[] = [];
  #flushed = 0;

  get byteLength(): number {
    return this.#flushed + this.#pending.length;
  }

  /** An integer field (int32, int64, uint64, bool, enum). */
  int(field: number, value: number | bigint): this {
    this.#varint(field << 3);
    this.#varint(value);
    return this;
  }

  float(field: number, value: number): this {
    this.#varint((field << 3) | 5);
    this.#append(new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, utf8.encode(value));
  }

  bytes(field: number, value: ByteSource): this {
    this.#varint((field << 3) | 2);
    this.#varint(value.byteLength);
    this.#append(value);
    return this;
  }

  message(field: number, write: (writer: ProtobufWriter) => void): this {
    const nested = new ProtobufWriter();
    write(nested);
    this.#varint((field << 3) | 2);
    this.#varint(nested.byteLength);
    nested.#flush();
    for (const part of nested.#parts) this.#append(part);
    return this;
  }

  /** Fields that are already written. */
  raw(fields: Uint8Array): this {
    this.#append(fields);
    return this;
  }

  packedInts(field: number, values: readonly number[]): this {
    if (values.length === 0) return this;
    const nested = new ProtobufWriter();
    for (const value of values) nested.#varint(value);
    return this.bytes(field, nested.finish());
  }

  packedFloats(field: number, values: readonly number[]): this {
    if (values.length === 0) return this;
    return this.bytes(field, new Uint8Array(Float32Array.from(values).buffer));
  }

  finish(): Uint8Array {
    this.#flush();
    const bytes = new Uint8Array(this.byteLength);
    let offset = 0;
    for (const part of this.#parts) {
      for (const chunk of part instanceof Uint8Array ? [part] : part.chunks()) {
        bytes.set(chunk, offset);
        offset += chunk.byteLength;
      }
    }
    return bytes;
  }

  #varint(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0 && Number.isSafeInteger(value)) {
      let rest = value;
      // Uses division, not shifts: lengths may exceed 32 bits.
      for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.#pending.push((rest % 128) | 0x80);
      this.#pending.push(rest);
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 0x7fn; rest >>= 7n) this.#pending.push(Number(rest & 0x7fn) | 0x80);
    this.#pending.push(Number(rest));
  }

  #append(part: ByteSource): void {
    if (part instanceof Uint8Array && part.byteLength <= 64) {
      for (const byte of part) this.#pending.push(byte);
      return;
    }
    this.#flush();
    this.#parts.push(part);
    this.#flushed += part.byteLength;
  }

  #flush(): void {
    if (this.#pending.length === 0) return;
    this.#parts.push(Uint8Array.from(this.#pending));
    this.#flushed += this.#pending.length;
    this.#pending = [];
  }
}
