import { describe, expect, it } from 'vitest';
import { InvalidBodyError, InvalidOutputError } from './errors.js';
import { PandasSeries, type PandasSeriesOptions } from './pandas-series.js';

function read(content: unknown, options: PandasSeriesOptions = {}): unknown[] {
  const bytes = Buffer.from(JSON.stringify(content));
  const values = new PandasSeries(options).parse({
    bytes,
    charset: undefined,
    mediaType: undefined,
  });
  return Array.from(values as ArrayLike<unknown>);
}

const written = (values: ArrayLike<unknown>, options: PandasSeriesOptions = {}): unknown =>
  JSON.parse(new PandasSeries(options).serialize(values).body as string);

describe('PandasSeries', () => {
  it.each([
    ['records', [1, null, 'x']],
    ['values', [1, null, 'x']],
    ['index', { 0: 1, 1: null, 2: 'x' }],
    ['split', { name: null, index: [0, 1, 2], data: [1, null, 'x'] }],
  ] as const)('reads and writes orient %s as pandas does', (orient, json) => {
    expect(read(json, { orient })).toEqual([1, null, 'x']);
    expect(written([1, NaN, 'x'], { orient })).toEqual(json);
  });

  it('reads and writes tables', () => {
    const table = written([1, 2], { orient: 'table' });
    expect(table).toMatchObject({
      data: [
        { index: 0, values: 1 },
        { index: 1, values: 2 },
      ],
    });
    expect(read(table, { orient: 'table' })).toEqual([1, 2]);
  });

  it('gives typed arrays of numbers', () => {
    const bytes = Buffer.from('[1, 2]');
    const body = { bytes, charset: undefined, mediaType: undefined };
    expect(new PandasSeries().parse(body)).toEqual(new Float64Array([1, 2]));
    expect(new PandasSeries({ dtype: 'int32' }).parse(body)).toEqual(new Int32Array([1, 2]));
  });

  it('names the row that breaks the contract', () => {
    const strict = { dtype: 'int64', enforceDtype: true } as const;
    expect(() => read([1, 2.5], strict)).toThrow(/at row 1 \(counted from 0\) holds 2.5/);
    expect(() => read([1], { shape: [2], enforceShape: true })).toThrow(
      /expecting a series of 2 values/,
    );
    expect(() => read({ a: 1 })).toThrow(InvalidBodyError);
    expect(() => read([1], { orient: 'index' })).toThrow(InvalidBodyError);
  });

  it('refuses outputs that are not a list', () => {
    const tensor = { dims: [2, 2], data: [1, 2, 3, 4] };
    expect(() => new PandasSeries().serialize(tensor)).toThrow(InvalidOutputError);
    expect(() => new PandasSeries().serialize('x' as never)).toThrow(InvalidOutputError);
    expect(
      JSON.parse(new PandasSeries().serialize({ dims: [2], data: [1, 2] }).body as string),
    ).toEqual([1, 2]);
  });

  it('documents the type of its values', () => {
    expect(new PandasSeries({ dtype: 'int64' }).schema).toEqual({
      type: 'array',
      items: { type: 'integer', format: 'int64' },
    });
    expect(PandasSeries.fromSample([1, 2]).example).toEqual([1, 2]);
  });
});
