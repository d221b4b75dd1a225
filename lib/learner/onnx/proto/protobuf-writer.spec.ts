import { describe, expect, it } from 'vitest';
import { ProtobufWriter } from './protobuf-writer.js';

function hex(write: (writer: ProtobufWriter) => void): string {
  const writer = new ProtobufWriter();
  write(writer);
  const bytes = writer.finish();
  expect(bytes.byteLength).toBe(writer.byteLength);
  return Buffer.from(bytes).toString('hex');
}

describe('ProtobufWriter', () => {
  it('writes integers as varints, negative ones in ten bytes', () => {
    expect(hex((w) => w.int(1, 150))).toBe('089601');
    expect(hex((w) => w.int(1, 0))).toBe('0800');
    expect(hex((w) => w.int(2, -1))).toBe('10ffffffffffffffffff01');
    expect(hex((w) => w.int(20, 2 ** 40))).toBe('a001808080808020');
    expect(hex((w) => w.int(1, 2n ** 63n - 1n))).toBe('08ffffffffffffffff7f');
  });

  it('writes floats, strings and packed numbers', () => {
    expect(hex((w) => w.float(2, 1.5))).toBe('150000c03f');
    expect(hex((w) => w.string(2, 'tést'))).toBe('120574c3a97374');
    expect(hex((w) => w.packedInts(8, [3, 270, -1]))).toBe('420d038e02ffffffffffffffffff01');
    expect(hex((w) => w.packedFloats(7, [1]))).toBe('3a040000803f');
    expect(hex((w) => w.packedInts(8, []))).toBe('');
  });

  it('nests messages, and keeps large parts in their place', () => {
    const large = new Uint8Array(300).fill(7);
    const text = hex((w) =>
      w.message(3, (inner) => inner.int(1, 1).bytes(2, large).int(3, 2)).int(4, 5),
    );
    expect(text).toBe(`1ab3020801 12ac02 ${'07'.repeat(300)} 1802 2005`.replaceAll(' ', ''));
  });

  it('asks for chunks only when it finishes', () => {
    let asked = 0;
    const writer = new ProtobufWriter().bytes(1, {
      byteLength: 3,
      *chunks() {
        asked++;
        yield Uint8Array.of(1);
        yield Uint8Array.of(2, 3);
      },
    });
    expect(asked).toBe(0);
    expect([...writer.finish()]).toEqual([0x0a, 3, 1, 2, 3]);
    expect(asked).toBe(1);
  });
});
