import fc from 'fast-check';
import { Tensor } from 'onnxruntime-common';
import { table } from 'arquero';
import { describe, expect, it } from 'vitest';
import { Json } from './json.js';
import { jsonPieces, writeJson } from './json/write-json.js';
import { ndarrayPieces } from './ndarray/pieces.js';
import { toJson } from './ndarray/write.js';
import { NumpyNdarray } from './numpy-ndarray.js';
import { PandasDataFrame } from './pandas-data-frame.js';
import { PandasSeries } from './pandas-series.js';
import { wholeOrPieces } from './pieces.js';

const rows = Array.from({ length: 9000 }, (_, i) => ({ a: i / 7, b: i % 5 ? `é ${i}` : null }));
const columns = { a: rows.map(({ a }) => a), b: rows.map(({ b }) => b) };

describe('Large answers', () => {
  it('of JSON have the same bytes as one text', () => {
    const large = fc.oneof(
      fc.constant(rows),
      fc.constant(Float32Array.from({ length: 5000 }, (_, i) => i / 3)),
      fc.constant(
        new Map<string, unknown>([
          ['b', rows],
          ['1', undefined],
          ['a', new Set(rows)],
        ]),
      ),
      fc.constant({ t: new Tensor('float32', new Float32Array(6000), [2, 3000]), n: 2n ** 70n }),
      fc.constant({ f: table(columns), x: () => 1, d: new Date(0) }),
      fc.array(fc.jsonValue()),
    );
    fc.assert(
      fc.property(fc.array(large, { maxLength: 3 }), fc.jsonValue(), (many, one) => {
        for (const value of [many, { one, many }, { many, undefined, one }]) {
          expect([...jsonPieces(value)].join('')).toBe(writeJson(value));
        }
      }),
      { numRuns: 30 },
    );
  });

  it('of arrays have the same bytes as one text', () => {
    const shapes = [[5000], [5000, 1], [3, 4000], [2, 3, 1500], [1, 1, 9000], [0, 5], [4097, 2, 1]];
    for (const dims of shapes) {
      const length = dims.reduce((product, size) => product * size, 1);
      const values = Float32Array.from({ length }, (_, i) => (i % 50 ? i / 3 : NaN));
      for (const elements of [
        { dtype: 'float32', dims, values } as const,
        { dtype: 'int64', dims, values: BigInt64Array.from(values, (_, i) => BigInt(i)) } as const,
      ]) {
        expect([...ndarrayPieces(elements)].join('')).toBe(toJson(elements));
      }
    }
  });

  it.each([
    ['an array', new NumpyNdarray(), new Tensor('float64', Float64Array.from(columns.a), [9000])],
    ['a series', new PandasSeries(), [...columns.a, ...columns.a]],
    ['a frame', new PandasDataFrame(), rows],
    ['a frame as CSV', new PandasDataFrame({ defaultFormat: 'csv' }), columns],
    ['JSON', new Json(), rows],
  ])('come in pieces: %s', async (_, descriptor, value) => {
    const { body } = await descriptor.serialize(value as never);
    const parts = [...(body as Iterable<string>)];
    expect(parts.length).toBeGreaterThan(1);
    expect(Math.max(...parts.map((part) => part.length))).toBeLessThan(200_000);
  });

  it.each(['records', 'columns', 'index', 'split', 'values', 'table'] as const)(
    'of frames equal those of small frames: %s',
    async (orient) => {
      const { body } = await new PandasDataFrame({ orient }).serialize(rows);
      const text = [...(body as Iterable<string>)].join('');
      const read = await new PandasDataFrame({ orient }).parse({
        bytes: Buffer.from(text),
        mediaType: 'application/json',
        charset: undefined,
      });
      expect(Object.values(read.objects())).toEqual(
        orient === 'values' ? rows.map(({ a, b }) => ({ 0: a, 1: b })) : rows,
      );
    },
  );

  it('do not change if the returned value changes', async () => {
    const kept = { a: [...columns.a], b: [...columns.b] };
    const { body } = await new PandasDataFrame({ defaultFormat: 'csv' }).serialize(kept);
    kept.a.fill(0);
    expect([...(body as Iterable<string>)].at(-1)).toContain(`,é 8999\n`);
    expect([...(body as Iterable<string>)].join('')).not.toContain('\n0,é 8999');
  });

  it('throw an error of their beginning at once', () => {
    const circle: Record<string, unknown> = { rows: Array.from({ length: 100 }) };
    circle['self'] = circle;
    expect(() => new Json().serialize(circle)).toThrow(/circular structure/);
    function* broken(): Generator<string> {
      yield 'a';
      throw new Error('broken');
    }
    expect(() => wholeOrPieces(broken())).toThrow('broken');
  });
});
