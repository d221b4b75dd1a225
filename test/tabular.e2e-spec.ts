import SwaggerParser from '@apidevtools/swagger-parser';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Controller, type INestApplication } from '@nestjs/common';
import { table } from 'arquero';
import {
  createVtsDocument,
  PandasDataFrame,
  PandasSeries,
  VtsApi,
  VtsModule,
  type DataFrame,
} from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IncomeController } from '../sample/03-tabular/src/income.controller.js';
import { HttpClient } from './helpers/http-client.js';
import { startApp } from './helpers/testing-app.js';

const home = fileURLToPath(new URL('../sample/03-tabular/models-home', import.meta.url));
const parquetFile = (name: string): Buffer =>
  readFileSync(new URL(`fixtures/tabular/frames/${name}.parquet`, import.meta.url));

const PARQUET = 'application/vnd.apache.parquet';
const alice = {
  age: 28,
  hours: 40.3,
  gain: 3968,
  workclass: 'Self-emp',
  education: 'Masters',
  sex: 'M',
  years: 14,
  is_married: false,
};
const bob = { ...alice, age: null, workclass: 'never seen', is_married: true };

@Controller()
class EchoController {
  @VtsApi({ input: PandasDataFrame, output: PandasDataFrame })
  echo(frame: DataFrame): DataFrame {
    return frame;
  }

  @VtsApi({ input: PandasDataFrame, output: new PandasDataFrame({ defaultFormat: 'csv' }) })
  toCsv(frame: DataFrame): DataFrame {
    return frame;
  }

  @VtsApi({ input: PandasDataFrame, output: new PandasDataFrame({ defaultFormat: 'parquet' }) })
  toParquet(frame: DataFrame): DataFrame {
    return frame;
  }

  @VtsApi({
    input: new PandasSeries<number>({ dtype: 'float64', enforceDtype: true }),
    output: PandasSeries<number>,
  })
  doubled(values: ArrayLike<number>): number[] {
    return Array.from(values, (value) => 2 * value);
  }
}

describe('A tabular learner over HTTP', () => {
  let app: INestApplication;
  let client: HttpClient;
  let expected: number[][];

  beforeAll(async () => {
    app = await startApp({
      imports: [VtsModule.forRoot({ home })],
      controllers: [IncomeController, EchoController],
    });
    client = await HttpClient.of(app);
    const answer = await client.json('/score', JSON.stringify([alice, bob]));
    expect(answer.status, answer.text).toBe(200);
    expected = answer.json as number[][];
  });
  afterAll(() => app.close());

  it('answers the probabilities of every row', () => {
    expect(expected).toHaveLength(2);
    for (const row of expected) {
      expect(row).toHaveLength(3);
      expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    }
    expect(expected[0]).not.toEqual(expected[1]);
  });

  it('answers CSV and Parquet like JSON', async () => {
    const csv = await client.post('/toCsv', 'application/json', JSON.stringify([alice, bob]));
    expect(csv).toMatchObject({ status: 200, type: 'text/csv; charset=utf-8' });
    const scored = await client.post('/score', 'text/csv; charset=UTF-8', csv.text);
    expect(scored.json).toEqual(expected);

    const response = await fetch(`${await app.getUrl()}/toParquet`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([alice, bob]),
    });
    expect(response.headers.get('content-type')).toBe(PARQUET);
    const parquet = new Uint8Array(await response.arrayBuffer());
    expect((await client.post('/score', PARQUET, parquet)).json).toEqual(expected);
  });

  it('explains one row', async () => {
    const { status, json } = await client.json('/explain', JSON.stringify([bob]));
    expect(status).toBe(200);
    expect(json).toEqual([
      expect.objectContaining({
        workclass: '#na#',
        is_married: true,
        age_na: true,
        target: expect.stringMatching(/^(high|low|mid)$/),
      }),
    ]);
  });

  it('accepts an empty frame, and returns no rows', async () => {
    const header = `${Object.keys(alice).join(',')}\n`;
    expect(await client.post('/score', 'text/csv', header)).toMatchObject({
      status: 200,
      json: [],
    });
  });

  it.each([
    [
      'a missing column',
      [{ ...alice, age: undefined, hours: undefined }],
      /columns "age", "hours"/,
    ],
    ['an empty list', [], /needs the columns/],
    [
      'a text where a number belongs',
      [alice, { ...alice, hours: 'many' }],
      /"hours" at row 1 .*"many"/,
    ],
    ['null where there never was one', [{ ...alice, hours: null }], /"hours" at row 0 .*is empty/],
    ['a list where a category belongs', [{ ...alice, sex: ['M'] }], /"sex" at row 0 .*an array/],
    ['a row that is not an object', [alice, 3], /row 1 .*is a number/],
    ['no frame at all', { age: 3 }, /the body is an object/],
  ])('refuses %s', async (_what, body, message) => {
    const answer = await client.json('/score', JSON.stringify(body));
    expect(answer).toMatchObject({
      status: 400,
      json: { statusCode: 400, error: 'Bad Request', message: expect.stringMatching(message) },
    });
  });

  it.each([
    ['ragged CSV', 'text/csv', 'a,b\n1,2\n3,4,5\n', 400, /row 1 .*has 3 fields/],
    ['CSV with an open quote', 'text/csv', 'a,b\n1,"x\n', 400, /no end/],
    ['an empty CSV', 'text/csv', '', 400, /the CSV is empty/],
    ['bad Parquet', PARQUET, 'PAR1 nonsense', 400, /not a readable Parquet file/],
    ['another media type', 'text/plain', 'a', 415, /text\/plain/],
    ['an unknown charset', 'text/csv; charset=klingon', 'a\n1', 415, /klingon/],
  ])('refuses %s', async (_what, type, body, status, message) => {
    const answer = await client.post('/score', type, body);
    expect(answer).toMatchObject({ status, json: { message: expect.stringMatching(message) } });
  });

  it('scores unknown categories as missing, and ignores other columns', async () => {
    const odd = { ...alice, more: 'x', target: 'high' };
    const answer = await client.json('/score', JSON.stringify([odd]));
    expect((answer.json as number[][])[0]).toEqual(expected[0]);
  });

  it('scores large tables', async () => {
    const rows = 100_000;
    const columns = Object.fromEntries(
      Object.entries(alice).map(([name, value]) => [
        name,
        Array.from({ length: rows }, () => value),
      ]),
    );
    const response = await fetch(`${await app.getUrl()}/toParquet`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: table(columns).toCSV(),
    });
    const answer = await client.post(
      '/score',
      PARQUET,
      new Uint8Array(await response.arrayBuffer()),
    );
    const scores = answer.json as number[][];
    expect(scores).toHaveLength(rows);
    expect(scores[rows - 1]).toEqual(expected[0]);
  });

  it('returns frames unchanged', async () => {
    const rows = [
      { a: 1, b: 'x' },
      { a: null, b: '"quoted", ü' },
    ];
    expect((await client.json('/echo', JSON.stringify(rows))).json).toEqual(rows);
    expect((await client.post('/echo', PARQUET, parquetFile('snappy'))).json).toHaveLength(3);
  });

  it('serves series', async () => {
    expect((await client.json('/doubled', '[1, 2.5]')).json).toEqual([2, 5]);
    const refused = await client.json('/doubled', '[1, "x"]');
    expect(refused).toMatchObject({
      status: 400,
      json: { message: expect.stringMatching(/row 1/) },
    });
  });

  it('documents the learner’s columns, and is valid', async () => {
    const document = createVtsDocument(app);
    const copy = JSON.parse(JSON.stringify(document)) as never;
    await SwaggerParser.validate(copy);
    const { content } = (document.paths['/score']?.post?.requestBody ?? {}) as {
      content: Record<string, { schema: unknown; example?: unknown }>;
    };
    expect(Object.keys(content)).toEqual(['application/json', 'text/csv', PARQUET]);
    expect(content['application/json']?.schema).toMatchObject({
      type: 'array',
      items: {
        properties: {
          age: { type: 'number', nullable: true },
          hours: { type: 'number' },
          education: {
            type: 'string',
            nullable: true,
            description: expect.stringContaining('Bachelors, Doctorate'),
          },
          is_married: { type: 'boolean' },
        },
        required: expect.arrayContaining(Object.keys(alice)),
      },
    });
    const { example } = content['application/json']!;
    const scored = await client.json('/score', JSON.stringify(example));
    expect(scored.status).toBe(200);
  });
});
