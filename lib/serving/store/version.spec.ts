import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTagPart } from './tag.js';
import { formatMicros, newVersion, nowMicros, parseMicros } from './version.js';

describe('newVersion', () => {
  const micros = fc.integer({ min: 0, max: Date.UTC(2200, 0) * 1000 });

  it('gives 16 characters of the grammar, a letter first', () => {
    fc.assert(
      fc.property(micros, (time) => {
        const version = newVersion(time);
        expect(version).toMatch(/^[k-z][a-z2-7]{15}$/);
        expect(isTagPart(version)).toBe(true);
      }),
    );
  });

  it('sorts by time', () => {
    fc.assert(
      fc.property(micros, micros, (a, b) => {
        if (a < b) expect(newVersion(a) < newVersion(b)).toBe(true);
      }),
    );
  });

  it('differs within a microsecond', () => {
    const versions = new Set(Array.from({ length: 100 }, () => newVersion(1)));
    expect(versions.size).toBeGreaterThan(95);
  });
});

describe('nowMicros', () => {
  it('rises with every call and stays near the clock', () => {
    const times = Array.from({ length: 10_000 }, () => nowMicros());
    expect(times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0))).toBe(true);
    expect(Math.abs((times[0] ?? 0) / 1000 - Date.now())).toBeLessThan(5000);
  });
});

describe('formatMicros and parseMicros', () => {
  it('write and read times as Python does', () => {
    const text = '2026-11-23T02:17:28.677310+00:00';
    const micros = parseMicros(text);
    expect(micros).toBe(Date.UTC(2026, 10, 23, 2, 17, 28) * 1000 + 677_310);
    expect(formatMicros(micros ?? 0)).toBe(text);
    expect(formatMicros(0)).toBe('1970-01-01T00:00:00+00:00');
  });

  it.each([
    ['2026-11-23T02:17:28Z', 0],
    ['2026-11-23 02:17:28', 0],
    ['2026-11-23T04:17:28+02:00', 0],
    ['2026-11-23T04:17:28+0200', 0],
    ['2026-11-22T21:17:28.5-05', 500_000],
    ['2026-11-23T02:17:28.123456789Z', 123_456],
  ])('reads %s', (text, fraction) => {
    expect(parseMicros(text)).toBe(Date.UTC(2026, 10, 23, 2, 17, 28) * 1000 + fraction);
  });

  it.each(['', 'yesterday', '2026-11-23', '2026-13-45T00:00:00Z', '1700000000'])(
    'refuses %j',
    (text) => expect(parseMicros(text)).toBeUndefined(),
  );

  it('lose nothing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(2200, 0) * 1000 }), (micros) => {
        expect(parseMicros(formatMicros(micros))).toBe(micros);
      }),
    );
  });
});
