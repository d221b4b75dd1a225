import { gunzipSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { codingFor, compressed, namesOne } from './compression.js';

describe('the coding of an answer', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['identity', undefined],
    ['br, zstd', undefined],
    ['*', undefined],
    ['gzip', 'gzip'],
    ['deflate', 'deflate'],
    [' GZIP ;q=0.5', 'gzip'],
    ['gzip, deflate, br', 'gzip'],
    ['deflate, gzip', 'deflate'],
    ['gzip;q=0.2, deflate;q=0.8', 'deflate'],
    ['gzip;q=0', undefined],
    ['gzip;q=none', undefined],
    ['identity, gzip;q=0.5', undefined],
    ['toString, __proto__, gzip', 'gzip'],
    [`${'br,'.repeat(100_000)}gzip`, undefined],
  ])('of "%.40s" is %s', (header, coding) => {
    expect(codingFor(header)).toBe(coding);
  });

  it("is the client's if it names no other", () => {
    expect(['gzip', 'deflate;q=1', 'gzip, deflate', undefined].map(namesOne)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it.each([10, 100_000])('gives back %i bytes', async (size) => {
    const bytes = Buffer.alloc(size, 'abc');
    expect(gunzipSync(await compressed(bytes, 'gzip')).equals(bytes)).toBe(true);
    expect(inflateSync(await compressed(bytes, 'deflate')).equals(bytes)).toBe(true);
  });
});
