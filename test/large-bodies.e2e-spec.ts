import { Controller, type INestApplication } from '@nestjs/common';
import {
  IoDescriptor,
  Multipart,
  PandasDataFrame,
  PandasSeries,
  Text,
  VtsApi,
  VtsModule,
  type DataFrame,
} from 'nestjs-vts';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IncomeController } from '../sample/03-tabular/src/income.controller.js';
import { HttpClient } from './helpers/http-client.js';
import { startApp } from './helpers/testing-app.js';

const home = fileURLToPath(new URL('../sample/03-tabular/models-home', import.meta.url));
const PARQUET = 'application/vnd.apache.parquet';
const ORIENTS = ['records', 'columns', 'index', 'split', 'values', 'table'] as const;
const ROWS = 8000;

const rows = Array.from({ length: ROWS }, (_, i) => ({
  age: i % 11 === 0 ? null : 17 + (i % 60),
  hours: 20 + (i % 400) / 7,
  gain: (i * 37) % 9000,
  years: i % 20,
  workclass: ['Private', 'Federal', 'unknown', null][i % 4] as string | null,
  education: `Ünknown ${i}`,
  sex: i % 2 ? 'M' : 'F',
  is_married: i % 3 === 0,
}));
const names = Object.keys(rows[0]!);
const csvOf = (some: readonly object[]): string =>
  [names.join(','), ...some.map((row) => Object.values(row).join(','))].join('\n');

type Row = (typeof rows)[number];

class Broken extends IoDescriptor<never, string> {
  readonly mediaType = 'text/plain';
  readonly schema = { type: 'string' } as const;
  parse(): never {
    throw new Error('not read');
  }
  serialize(text: string) {
    return { contentType: 'text/plain; charset=utf-8', body: this.#pieces(text) };
  }
  *#pieces(text: string): Generator<string> {
    for (let i = 0; i < 10; i++) yield text;
    throw new Error('broken');
  }
}

@Controller()
class EchoController {
  @VtsApi({ input: PandasDataFrame, output: PandasDataFrame })
  echo(frame: DataFrame): DataFrame {
    return frame;
  }

  @VtsApi({ input: PandasDataFrame, output: new PandasDataFrame({ defaultFormat: 'parquet' }) })
  toParquet(frame: DataFrame): DataFrame {
    return frame;
  }

  @VtsApi({ input: new PandasDataFrame({ orient: 'columns' }), output: PandasDataFrame })
  columns(frame: DataFrame): Row[] {
    return frame.objects() as Row[];
  }
  @VtsApi({ input: new PandasDataFrame({ orient: 'index' }), output: PandasDataFrame })
  index(frame: DataFrame): Row[] {
    return frame.objects() as Row[];
  }
  @VtsApi({ input: new PandasDataFrame({ orient: 'split' }), output: PandasDataFrame })
  split(frame: DataFrame): Row[] {
    return frame.objects() as Row[];
  }
  @VtsApi({
    input: new PandasDataFrame({ orient: 'values', columns: names, applyColumnNames: true }),
    output: PandasDataFrame,
  })
  values(frame: DataFrame): Row[] {
    return frame.objects() as Row[];
  }
  @VtsApi({ input: new PandasDataFrame({ orient: 'table' }), output: PandasDataFrame })
  table(frame: DataFrame): Row[] {
    return frame.objects() as Row[];
  }
  @VtsApi({ input: PandasDataFrame, output: PandasDataFrame })
  records(frame: DataFrame): Row[] {
    return frame.objects() as Row[];
  }

  @VtsApi({
    input: new PandasDataFrame({ dtype: { hours: 'float64' }, enforceDtype: true }),
    output: PandasDataFrame,
  })
  strict(frame: DataFrame): DataFrame {
    return frame;
  }

  @VtsApi({ input: new Multipart({ table: PandasDataFrame }), output: PandasDataFrame })
  form({ table }: { table: DataFrame }): DataFrame {
    return table;
  }

  @VtsApi({ input: PandasSeries, output: PandasSeries })
  series(values: ArrayLike<unknown>): ArrayLike<unknown> {
    return values;
  }

  @VtsApi({ input: Text, output: Broken })
  broken(text: string): string {
    return text.repeat(1000);
  }
}

const write = (orient: (typeof ORIENTS)[number]): unknown =>
  new PandasDataFrame({ orient }).serialize(rows);

async function textOf(payload: unknown): Promise<string> {
  const { body } = (await payload) as { body: string | Iterable<string> };
  return typeof body === 'string' ? body : [...body].join('');
}

describe('Large bodies', () => {
  let app: INestApplication;
  let client: HttpClient;

  beforeAll(async () => {
    app = await startApp({
      imports: [VtsModule.forRoot({ home })],
      controllers: [IncomeController, EchoController],
    });
    client = await HttpClient.of(app);
  });
  afterAll(() => app.close());

  it.each(ORIENTS)('are read as small ones: orient %s', async (orient) => {
    const { status, json } = await client.json(`/${orient}`, await textOf(write(orient)));
    expect(status).toBe(200);
    expect(json).toEqual(rows);
  });

  it('are read as small ones: CSV, Parquet and parts of forms', async () => {
    const csv = csvOf(rows);
    expect((await client.post('/echo', 'text/csv', csv)).json).toEqual(rows);
    const quoted = csv.replace('Ünknown 0', '"Ünknown 0"');
    expect((await client.post('/echo', 'text/csv', quoted)).json).toEqual(rows);
    const head = '--xyz\r\ncontent-disposition: form-data; name="table"\r\ncontent-type: text/csv';
    const form = `${head}\r\n\r\n${csv}\r\n--xyz--\r\n`;
    const part = await client.post('/form', 'multipart/form-data; boundary=xyz', form);
    expect(part.json).toEqual(rows);
    const response = await fetch(`${await app.getUrl()}/toParquet`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: csv,
    });
    const parquet = new Uint8Array(await response.arrayBuffer());
    expect((await client.post('/echo', PARQUET, parquet)).json).toEqual(rows);
  });

  it.each([
    ['numbers', Array.from({ length: 9000 }, (_, i) => i / 7)],
    ['texts', Array.from({ length: 9000 }, (_, i) => (i % 9 ? `text ${i}` : null))],
  ])('are read as small ones: a series of %s', async (_, values) => {
    expect((await client.json('/series', JSON.stringify(values))).json).toEqual(values);
  });

  it('are scored as small ones, to the last digit', async () => {
    const { json } = await client.post('/score', 'text/csv', csvOf(rows));
    const few = [0, 1, 500, ROWS - 1];
    const alone = await client.post('/score', 'text/csv', csvOf(few.map((row) => rows[row]!)));
    expect(few.map((row) => (json as unknown[])[row])).toEqual(alone.json);
  });

  it('are refused as small ones, with the row', async () => {
    const wrong = rows.map((row, i) => (i === 7000 ? { ...row, hours: 'many' } : row));
    const { status, json } = await client.json('/strict', JSON.stringify(wrong));
    expect(status).toBe(400);
    expect((json as { message: string }).message).toBe(
      'PandasDataFrame: the column "hours" at row 7000 (counted from 0) holds "many", which is not a valid ' +
        'float64; send float64 or null.',
    );
    const long = `${csvOf(rows)}\n${'1,'.repeat(9)}`;
    expect(await client.post('/echo', 'text/csv', long)).toMatchObject({
      status: 400,
      json: { message: expect.stringMatching(/row 8000 \(counted from 0\) has 10 fields/) },
    });
    expect((await client.json('/echo', JSON.stringify(rows).slice(1))).status).toBe(400);
    const charset = await client.post('/echo', 'text/csv; charset=klingon', csvOf(rows));
    expect(charset.status).toBe(415);
  });

  it('cost nothing any more when their client has left', async () => {
    const leave = new AbortController();
    const csv = csvOf(rows);
    const all = Array.from({ length: 12 }, () =>
      client.post('/echo', 'text/csv', csv, {}, leave.signal).catch(() => 'left'),
    );
    setTimeout(() => leave.abort(), 20);
    await Promise.all(all);
    expect((await client.post('/echo', 'text/csv', csv)).json).toEqual(rows);
  });

  it('have answers in parts, without a length', async () => {
    const url = await app.getUrl();
    const post = (path: string, type: string, body: string): Promise<Response> =>
      fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': type }, body });
    const answer = await post('/echo', 'text/csv', csvOf(rows));
    expect(answer.headers.get('content-length')).toBeNull();
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await answer.text()).toBe(JSON.stringify(rows));
    const small = await post('/echo', 'text/csv', csvOf(rows.slice(0, 3)));
    expect(Number(small.headers.get('content-length'))).toBeGreaterThan(0);
    const broken = await post('/broken', 'text/plain', 'x'.repeat(100));
    await expect(broken.text()).rejects.toThrow();
  });

  it('are parsed again after all applications have closed', async () => {
    const other = await startApp({
      imports: [VtsModule.forRoot({ home })],
      controllers: [EchoController],
    });
    const csv = csvOf(rows);
    const otherClient = await HttpClient.of(other);
    expect((await otherClient.post('/echo', 'text/csv', csv)).status).toBe(200);
    await other.close();
    expect((await client.post('/echo', 'text/csv', csv)).json).toEqual(rows);
  });
});
