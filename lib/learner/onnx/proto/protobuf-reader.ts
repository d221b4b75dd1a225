/** One field of a message, in byte order. */
export interface Field {
  readonly number: number;
  /** The number of a varint field; NaN for other fields. */
  readonly int: number;
  /** The bytes of a field with a length or a fixed size; empty for a varint. */
  readonly body: Uint8Array;
  /** Whether the field has a length. */
  readonly delimited: boolean;
  /** The whole field, including its tag. */
  readonly whole: Uint8Array;
}

/**
 * The fields of a message in the protobuf wire format, without copies.
 *
 * @throws RangeError if the bytes are not a message.
 */
export function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  for (let at = 0; at < bytes.length;) {
    const start = at;
    const tag = varint(bytes, at);
    at = tag.end;
    const type = tag.value % 8;
    let int = NaN;
    let length = type === 1 ? 8 : type === 5 ? 4 : 0;
    if (type === 0 || type === 2) {
      const number = varint(bytes, at);
      at = number.end;
      if (type === 0) int = number.value;
      else length = number.value;
    } else if (type !== 1 && type !== 5) {
      throw new RangeError('a field has an unknown type');
    }
    if (length < 0 || at + length > bytes.length) throw new RangeError('a field is truncated');
    const body = bytes.subarray(at, at + length);
    at += length;
    yield {
      number: Math.floor(tag.value / 8),
      int,
      body,
      delimited: type === 2,
      whole: bytes.subarray(start, at),
    };
  }
}

/** The numbers of a repeated integer field, which may be packed or not. */
export function intsOf({ delimited, int, body }: Field): number[] {
  if (!delimited) return [int];
  const values: number[] = [];
  for (let at = 0; at < body.length;) {
    const { value, end } = varint(body, at);
    values.push(value);
    at = end;
  }
  return values;
}

/** The text of a message's first field with this number; '' if it has none. */
export function textIn(message: Uint8Array, number: number): string {
  const body = bodyIn(message, number);
  return body ? textOf(body) : '';
}

export function bodyIn(message: Uint8Array, number: number): Uint8Array | undefined {
  for (const field of fieldsOf(message)) if (field.number === number) return field.body;
  return undefined;
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function varint(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let at = start, scale = 1; at < start + 10; at++, scale *= 128) {
    const byte = bytes[at];
    if (byte === undefined) break;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      // Negative numbers are written in two's complement, which exceeds the range of a double.
      const end = at + 1;
      return end - start < 10 ? { value, end } : { value: signed(bytes, start, end), end };
    }
  }
  throw new RangeError('a number is truncated');
}

function signed(bytes: Uint8Array, start: number, end: number): number {
  let value = 0n;
  for (let at = end - 1; at >= start; at--) value = (value << 7n) | BigInt(bytes[at]! & 0x7f);
  return Number(BigInt.asIntN(64, value));
}
