import { WIRE } from './reader.js';

/** Writes protobuf; large bytes are copied once, by `finish`. */
export class WireWriter {
  readonly #chunks: Uint8Array[] = [];
  #small: number[] = [];
  #length = 0;

  get length(): number {
    return this.#length + this.#small.length;
  }

  tag(field: number, type: number): this {
    return this.varint((field << 3) | type);
  }

  /** A negative number takes ten bytes, as protobuf requires. */
  varint(value: number | bigint): this {
    if (typeof value === 'bigint' || value < 0) {
      let rest = BigInt.asUintN(64, BigInt(value));
      for (; rest > 127n; rest >>= 7n) this.#small.push(Number(rest & 127n) | 128);
      this.#small.push(Number(rest));
      return this;
    }
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#small.push((rest % 128) | 128);
    this.#small.push(rest);
    return this;
  }

  /** A field of bytes; also written if it is empty. */
  bytes(field: number, value: Uint8Array): this {
    this.tag(field, WIRE.bytes).varint(value.length);
    return this.#append(value);
  }

  /** Left out if it is empty, as in proto3. */
  text(field: number, value: string | undefined): this {
    return value ? this.bytes(field, Buffer.from(value)) : this;
  }

  /** A nested message. */
  message(field: number, value: WireWriter): this {
    this.tag(field, WIRE.bytes).varint(value.length);
    for (const chunk of value.chunks()) this.#append(chunk);
    return this;
  }

  double(field: number, value: number): this {
    this.tag(field, WIRE.fixed64);
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    return this.#append(bytes);
  }

  chunks(): readonly Uint8Array[] {
    this.#flush();
    return this.#chunks;
  }

  finish(): Buffer {
    return Buffer.concat(this.chunks());
  }

  #append(bytes: Uint8Array): this {
    this.#flush();
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    return this;
  }

  #flush(): void {
    if (this.#small.length === 0) return;
    this.#chunks.push(Buffer.from(this.#small));
    this.#length += this.#small.length;
    this.#small = [];
  }
}
