import { readFileSync } from 'node:fs';
import { table } from 'arquero';
import { describe, expect, it } from 'vitest';
import type { TabularSchema } from '../../learner/fastai/contract.js';
import { InvalidBodyError, InvalidDescriptorError, InvalidOutputError } from './errors.js';
import { PandasDataFrame, type PandasDataFrameOptions } from './pandas-data-frame.js';
import type { DataFrame } from './data-frame/data-frame.js';
import type { RequestBody } from './request-body.js';

const folder = new URL('../../../test/fixtures/tabular/frames/', import.meta.url);
type Columns = Record<string, unknown[]>;
const fixture = JSON.parse(readFileSync(new URL('frames.json', folder), 'utf8')) as {
  csv: { text: string; columns?: Columns; error?: string }[];
  orients: Record<string, { body: unknown }>;
  columns: Columns;
};

function body(content: unknown, mediaType?: string, charset?: string): RequestBody {
  const bytes =
    content instanceof Uint8Array
      ? content
      : Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  return { bytes, mediaType, charset };
}

async function read(
  content: unknown,
  options: PandasDataFrameOptions = {},
  mediaType?: string,
): Promise<DataFrame> {
  return new PandasDataFrame(options).parse(body(content, mediaType));
}

/** Column by column, infinities as the fixtures have them. */
function columnsOf(frame: DataFrame): Columns {
  return Object.fromEntries(
    frame
      .columnNames()
      .map((name) => [
        name,
        Array.from(frame.array(name) as ArrayLike<unknown>, (value) =>
          typeof value === 'number' && !Number.isFinite(value)
            ? String(value).replace('Infinity', 'inf')
            : value,
        ),
      ]),
  );
}

const refusal = (pattern: RegExp) =>
  expect.objectContaining({ message: expect.stringMatching(pattern) });

describe('JSON bodies', () => {
  it.each(Object.keys(fixture.orients))(
    'reads what pandas writes with orient %s',
    async (orient) => {
      const frame = await read(fixture.orients[orient]!.body, { orient: orient as 'records' });
      const names = orient === 'values' ? ['0', '1', '2', '3'] : Object.keys(fixture.columns);
      expect(columnsOf(frame)).toEqual(
        Object.fromEntries(names.map((name, i) => [name, Object.values(fixture.columns)[i]])),
      );
    },
  );

  it.each(Object.keys(fixture.orients))('writes as pandas does with orient %s', async (orient) => {
    const { body: text, contentType } = await new PandasDataFrame({
      orient: orient as 'records',
    }).serialize(table(fixture.columns));
    expect(contentType).toBe('application/json; charset=utf-8');
    expect(JSON.parse(text as string)).toEqual(fixture.orients[orient]!.body);
  });

  it('fills in cells that records lack', async () => {
    const frame = await read([{ a: 1 }, { b: 'x' }, {}]);
    expect(columnsOf(frame)).toEqual({ a: [1, null, null], b: [null, 'x', null] });
  });

  it('takes an empty list for an empty frame', async () => {
    expect((await read([])).numRows()).toBe(0);
  });

  it.each([
    ['not JSON', '[{"a": NaN}]', /not valid JSON/],
    ['an object', { a: 1 }, /the body is an object; send \[/],
    ['a row that is not an object', [{ a: 1 }, 5], /row 1 \(counted from 0\) is a number/],
    ['a null body', null, /the body is null/],
  ])('refuses %s', async (_what, content, pattern) => {
    const reading = read(content);
    await expect(reading).rejects.toBeInstanceOf(InvalidBodyError);
    await expect(reading).rejects.toEqual(refusal(pattern));
  });

  it('refuses ragged lists, and names the row', async () => {
    await expect(read([[1, 2], [3]], { orient: 'values' })).rejects.toEqual(
      refusal(/row 1 \(counted from 0\) has 1 values/),
    );
    const split = { columns: ['a', 'a'], data: [] };
    await expect(read(split, { orient: 'split' })).rejects.toEqual(
      refusal(/two columns are named "a"/),
    );
  });

  it('refuses lists of different lengths as columns', async () => {
    await expect(read({ a: [1, 2], b: [1] }, { orient: 'columns' })).rejects.toEqual(
      refusal(/the column "b" has 1 values/),
    );
  });

  it('refuses rows with many different columns, because each would need cells in all rows', async () => {
    const rows = Array.from({ length: 20_000 }, (_, row) => ({ [`c${row}`]: 1 }));
    const spread = /20000 values are spread over 20000 rows and 20000 columns/;
    await expect(read(rows)).rejects.toThrow(spread);
    const columns = Object.fromEntries(rows.map((_, row) => [`c${row}`, { [row]: 1 }]));
    await expect(read(columns, { orient: 'columns' })).rejects.toThrow(spread);
  });

  it('keeps names such as __proto__ away from prototypes', async () => {
    const frame = await read('[{"a":1,"constructor":2,"toString":3}]');
    expect(frame.columnNames()).toEqual(['a', 'constructor', 'toString']);
    await expect(read('[{"__proto__":5,"a":1}]')).rejects.toEqual(refusal(/is named "__proto__"/));
    await read('[{"__proto__":{"polluted":1},"a":1}]').catch(() => undefined);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('CSV bodies', () => {
  it.each(fixture.csv.map(({ text, ...rest }) => [JSON.stringify(text), text, rest] as const))(
    'reads %s as pandas does',
    async (_name, text, { columns, error }) => {
      // pandas makes the surplus field of the first row an index, and so moves every name by one
      // column.
      const shifted = text === 'a,b\n1,2,3\n4,5\n';
      if (error !== undefined || shifted) {
        await expect(read(text, {}, 'text/csv')).rejects.toBeInstanceOf(InvalidBodyError);
        return;
      }
      expect(columnsOf(await read(text, {}, 'text/csv'))).toEqual(columns);
    },
  );

  it('refuses short rows under a long header', async () => {
    const text = `${'a,'.repeat(20_000)}z\n${'x\n'.repeat(20_000)}`;
    await expect(read(text, {}, 'text/csv')).rejects.toThrow('spread over 20000 rows');
  });

  // Either would take minutes where names or digits are gone through again and again.
  it('distinguishes columns with the same name, however many they are', async () => {
    const frame = await read(`${'a,'.repeat(30_000)}a`, {}, 'text/csv');
    expect(frame.numCols()).toBe(30_001);
    expect(frame.columnNames().at(-1)).toBe('a.30000');
  });

  it('does not read a long run of digits as a number', async () => {
    const cell = `${'1'.repeat(300_000)}x`;
    expect((await read(`a\n${cell}`, {}, 'text/csv')).get('a', 0)).toBe(cell);
  });

  it('names the row that has too many fields', async () => {
    await expect(read('a,b\n1,2\n4,5,6\n', {}, 'text/csv')).rejects.toEqual(
      refusal(/row 1 \(counted from 0\) has 3 fields, but the header has 2/),
    );
  });

  it('keeps texts that look like numbers if the dtype says so', async () => {
    const frame = await read('zip,n\n00501,1\n,2\n', { dtype: { zip: 'string' } }, 'text/csv');
    expect(columnsOf(frame)).toEqual({ zip: ['00501', null], n: [1, 2] });
  });

  it('heeds the charset', async () => {
    const descriptor = new PandasDataFrame();
    const latin = Buffer.from('name\nÜber\n', 'latin1');
    const frame = await descriptor.parse(body(latin, 'text/csv', 'iso-8859-1'));
    expect(frame.array('name')).toEqual(['Über']);
    await expect(descriptor.parse(body(latin, 'text/csv'))).rejects.toEqual(
      refusal(/not valid UTF-8/),
    );
    await expect(descriptor.parse(body(latin, 'text/csv', 'klingon'))).rejects.toMatchObject({
      name: 'UnsupportedBodyError',
    });
  });

  it('writes what it reads', async () => {
    const { body: text, contentType } = await new PandasDataFrame({
      defaultFormat: 'csv',
    }).serialize([
      { a: 1.5, b: 'x "y", z', c: true },
      { a: null, b: null, c: false },
    ]);
    expect(contentType).toBe('text/csv; charset=utf-8');
    expect(text).toBe('a,b,c\n1.5,"x ""y"", z",True\n,,False\n');
    expect(columnsOf(await read(text, {}, 'text/csv'))).toEqual({
      a: [1.5, null],
      b: ['x "y", z', null],
      c: [true, false],
    });
  });
});

describe('Parquet bodies', () => {
  const parquet = 'application/vnd.apache.parquet';
  const file = (name: string): Buffer => readFileSync(new URL(`${name}.parquet`, folder));

  it.each(['snappy', 'gzip', 'zstd', 'brotli', 'none'])('reads %s', async (codec) => {
    const frame = await read(file(codec), {}, parquet);
    expect(columnsOf(frame)).toEqual({
      ...fixture.columns,
      c: ['u', 'v', 'u'],
      t: [new Date('2020-01-01T00:00:00Z'), new Date('2021-06-30T12:34:56Z'), null],
      f: [1, 2, 3],
      big: [2n ** 60n, 5, 6],
    });
  });

  it('reads columns with only missing cells', async () => {
    const rows = [
      { a: null, b: 'x' },
      { a: null, b: null },
    ];
    const { body: file } = await new PandasDataFrame({ defaultFormat: 'parquet' }).serialize(rows);
    const frame = await read(file, {}, 'application/vnd.apache.parquet');
    expect(frame.objects()).toEqual(rows);
  });

  it('leaves the index out, and accepts a frame without rows', async () => {
    expect((await read(file('index'), {}, parquet)).columnNames()).not.toContain('i');
    const empty = await read(file('empty'), {}, 'application/octet-stream');
    expect([empty.numRows(), empty.columnNames()]).toEqual([0, ['a', 'b']]);
  });

  it.each([
    ['empty', Buffer.alloc(0)],
    ['text', Buffer.from('PAR1 is not enough')],
    ['truncated', file('snappy').subarray(0, 900)],
    ['damaged', Buffer.from(file('snappy')).fill(7, 10, 200)],
  ])('refuses a file that is %s', async (_what, bytes) => {
    await expect(read(bytes, {}, parquet)).rejects.toBeInstanceOf(InvalidBodyError);
  });

  it('writes what it reads', async () => {
    const { body: bytes, contentType } = await new PandasDataFrame({
      defaultFormat: 'parquet',
    }).serialize(table(fixture.columns));
    expect(contentType).toBe(parquet);
    expect(columnsOf(await read(bytes, {}, parquet))).toEqual(fixture.columns);
  });
});

describe('the contract', () => {
  it('names missing columns, and accepts additional ones', async () => {
    const options = { columns: ['a', 'b', 'c'] };
    await expect(read([{ a: 1 }], options)).rejects.toEqual(refusal(/no columns "b", "c"/));
    expect((await read([{ a: 1, b: 2, c: 3, d: 4 }], options)).numCols()).toBe(4);
  });

  it('renames columns by their order', async () => {
    const options = { columns: ['x', 'y'], applyColumnNames: true };
    expect(columnsOf(await read([{ a: 1, b: 2 }], options))).toEqual({ x: [1], y: [2] });
    await expect(read([{ a: 1 }], options)).rejects.toEqual(
      refusal(/1 columns, but the contract has 2/),
    );
  });

  it('enforces the shape', async () => {
    const options = { shape: [-1, 2], enforceShape: true } as const;
    expect((await read([{ a: 1, b: 2 }], options)).numRows()).toBe(1);
    await expect(read([{ a: 1 }], options)).rejects.toEqual(
      refusal(/shape \(-1, 2\), but got \(1, 1\)/),
    );
    expect((await read([{ a: 1 }], { shape: [-1, 2] })).numRows()).toBe(1);
  });

  it('enforces dtypes cell by cell', async () => {
    const options: PandasDataFrameOptions = {
      dtype: { n: 'int64', s: 'string' },
      enforceDtype: true,
    };
    expect((await read([{ n: 1, s: null }], options)).numRows()).toBe(1);
    for (const [row, pattern] of [
      [
        { n: 1.5, s: 'x' },
        /column "n" at row 1 \(counted from 0\) holds 1.5, which is not a valid int64/,
      ],
      [{ n: '1', s: 'x' }, /column "n" at row 1/],
      [{ n: null, s: 'x' }, /holds nothing, which is not a valid int64; send int64/],
      [{ n: 1, s: 5 }, /column "s" at row 1/],
    ] as const) {
      await expect(read([{ n: 1, s: 'x' }, row], options)).rejects.toEqual(refusal(pattern));
    }
  });

  it('converts cells if possible when dtypes are not enforced', async () => {
    const frame = await read(
      [
        { f: '1.5', i: 2, b: 1, s: 7 },
        { f: null, i: 'x', b: false, s: null },
      ],
      {
        dtype: { f: 'float32', i: 'int8', b: 'bool', s: 'str' },
      },
    );
    expect(frame.column('f')).toEqual(new Float32Array([1.5, NaN]));
    expect(columnsOf(frame.select('i', 'b', 's'))).toEqual({
      i: [2, 'x'],
      b: [true, false],
      s: ['7', null],
    });
  });

  it.each<[string, PandasDataFrameOptions]>([
    ['an unknown orient', { orient: 'rows' as 'records' }],
    ['an unknown dtype', { dtype: 'number' as 'int64' }],
    ['enforceDtype alone', { enforceDtype: true }],
    ['enforceShape alone', { enforceShape: true }],
    ['applyColumnNames alone', { applyColumnNames: true }],
    ['one name twice', { columns: ['a', 'a'] }],
    ['a negative shape', { shape: [-2, 1] }],
  ])('refuses %s', (_what, options) => {
    expect(() => new PandasDataFrame(options)).toThrow(InvalidDescriptorError);
  });

  it('refuses outputs that are not a frame', () => {
    for (const value of [5, null, { a: 1 }, { a: [1], b: [1, 2] }, [1]]) {
      expect(() => new PandasDataFrame().serialize(value as never)).toThrow(InvalidOutputError);
    }
  });
});

describe('documents', () => {
  it('have the columns of a sample', () => {
    const { schema, example } = PandasDataFrame.fromSample([
      { age: 48, work: 'Private', married: true },
      { age: null, work: 'State', married: false },
    ]);
    expect(schema).toEqual({
      type: 'array',
      items: {
        type: 'object',
        properties: {
          age: { type: 'number', nullable: true },
          work: { type: 'string' },
          married: { type: 'boolean' },
        },
        required: ['age', 'work', 'married'],
      },
    });
    expect(example).toHaveLength(2);
  });

  it('have the columns of a learner once it is loaded', async () => {
    const learner: { schema: TabularSchema } = {
      get schema(): TabularSchema {
        throw new Error('not ready');
      },
    };
    const descriptor = PandasDataFrame.from(learner);
    expect(descriptor.schema).toEqual({ type: 'array', items: { type: 'object' } });
    Object.defineProperty(learner, 'schema', {
      value: {
        columns: [
          {
            name: 'zip',
            kind: 'category',
            categories: ['00501', '10001'],
            nullable: true,
            example: '00501',
          },
          { name: 'age', kind: 'number', nullable: false, example: 40 },
        ],
        targets: ['price'],
      },
    });
    expect(descriptor.schema.items?.properties?.['age']).toEqual({ type: 'number' });
    expect(descriptor.schema.items?.properties?.['zip']).toMatchObject({
      type: 'string',
      nullable: true,
      description: expect.stringContaining('00501, 10001'),
    });
    expect(descriptor.example).toEqual([{ zip: '00501', age: 40 }]);
    const frame = await descriptor.parse(body('zip,age\n00501,3\n', 'text/csv'));
    expect(columnsOf(frame)).toEqual({ zip: ['00501'], age: [3] });
  });
});
