import { crc32 } from 'node:zlib';

const LARGEST_CHUNK = 65_536;
const CHECK_CRC32 = 1;

/**
 * Writes bytes in the xz format without compressing them: LZMA2 has chunks for that. Every reader
 * of xz accepts it. We found no maintained library that encodes xz on all platforms of Node 20.
 * Trained weights shrink little. Use `.tar.gz` to save space.
 */
export async function* storeAsXz(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const flags = Uint8Array.of(0, CHECK_CRC32);
  yield Buffer.concat([Buffer.from('\xfd7zXZ\0', 'latin1'), flags, sum(flags)]);

  // One filter, LZMA2 (0x21), with the smallest dictionary, because stored chunks do not use it.
  const blockHeader = Uint8Array.of(2, 0, 0x21, 1, 0, 0, 0, 0);
  yield Buffer.concat([blockHeader, sum(blockHeader)]);
  let packed = blockHeader.length + 4;
  let plain = 0;
  let check = 0;
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; at += LARGEST_CHUNK) {
      const part = chunk.subarray(at, at + LARGEST_CHUNK);
      const size = part.length - 1;
      // The first chunk resets the dictionary.
      yield Uint8Array.of(plain === 0 ? 1 : 2, size >> 8, size & 0xff);
      yield part;
      check = crc32(part, check);
      packed += 3 + part.length;
      plain += part.length;
    }
  }
  packed += 1;
  yield Buffer.concat([new Uint8Array(1 + padding(packed)), uint32(check)]);

  // The index: one block, its size without padding, and the size of its content.
  const records = Buffer.concat([Uint8Array.of(0, 1), varint(packed + 4), varint(plain)]);
  const index = Buffer.concat([records, new Uint8Array(padding(records.length))]);
  const footer = Buffer.concat([uint32(index.length / 4), flags]);
  yield Buffer.concat([index, sum(index), sum(footer), footer, Buffer.from('YZ')]);
}

function padding(length: number): number {
  return (4 - (length % 4)) % 4;
}

function sum(bytes: Uint8Array): Buffer {
  return uint32(crc32(bytes));
}

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

/** Seven bits per byte, the lowest first; also for sizes beyond 2^32. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
