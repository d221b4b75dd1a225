import { readFileSync, readdirSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { from } from 'arquero';
import type { Tensor } from 'onnxruntime-common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InputError } from '../../errors/index.js';
import { lowerModel, writeModel } from '../../onnx/index.js';
import { Learner } from '../learner.js';
import { openLearnerFile } from '../learner-file.js';
import type { DecodedRow } from '../contract.js';
import { packFrame } from './packed-frame.js';

const folder = new URL('../../../../test/fixtures/tabular/', import.meta.url);

interface Case {
  input: Record<string, unknown>;
  row?: Record<string, unknown>;
  shown?: Record<string, unknown>;
  pred?: unknown;
  probs?: unknown;
  error?: string;
}
interface Fixture {
  name: string;
  vocab: unknown[] | null;
  cases: Case[];
  batch_probs: unknown[];
}
type Row = Record<string, unknown>;

/** Numbers that JSON has not are written as { float: 'nan' }. */
function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('float' in value)) return value;
  const { float } = value;
  return float === 'nan' ? NaN : float === 'inf' ? Infinity : -Infinity;
}

const bytes = (name: string): Buffer => gunzipSync(readFileSync(new URL(`${name}.pkl.gz`, folder)));
const fixture = (name: string): Fixture =>
  JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'), revive) as Fixture;

function flat(value: unknown): number[] {
  return Array.isArray(value) ? value.flatMap(flat) : [Number(value)];
}

function expectClose(actual: ArrayLike<number | bigint>, expected: unknown): void {
  const numbers = Array.from(actual as ArrayLike<number>, Number);
  const wanted = flat(expected);
  expect(numbers.length).toBe(wanted.length);
  numbers.forEach((value, i) => {
    const limit = 1e-5 * Math.max(1, Math.abs(wanted[i]!));
    if (!Number.isFinite(wanted[i])) expect(value).toBe(wanted[i]);
    else
      expect(Math.abs(value - wanted[i]!), `${value} for ${wanted[i]}`).toBeLessThanOrEqual(limit);
  });
}

function expectRow(actual: Row, expected: Row): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, value] of Object.entries(expected)) {
    if (typeof value === 'number') expectClose([actual[name] as number], value);
    else expect(actual[name], name).toEqual(value);
  }
}

const names = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace('.json', ''));

describe.each(names)('%s', (name) => {
  const { vocab, cases, batch_probs: batch } = fixture(name);
  let learner: Learner<Row, DecodedRow>;

  beforeAll(async () => {
    learner = await Learner.load<Row, DecodedRow>(bytes(name));
  });
  afterAll(() => learner.release());

  it.each(cases.map((expected, index) => [index, expected] as const))(
    'answers case %i as fastai does',
    async (_index, { input, row, shown, pred, probs, error }) => {
      if (error !== undefined) {
        await expect(learner.predict(input)).rejects.toMatchObject({ name: 'CellError' });
        return;
      }
      const [decoded, target, probabilities] = await learner.predict(input);
      expectClose(probabilities.data as Float32Array, probs);
      expectClose(target.data as Float32Array, pred);
      expect(probabilities.dims).toEqual(Array.isArray(probs) ? [probs.length] : []);
      expect(target.dims).toEqual(Array.isArray(pred) ? [pred.length] : []);
      if (row) expectRow(decoded, row);
      if (shown) expectRow(learner.decodeRow(decoded), shown);
    },
  );

  it('answers several rows as one batch', async () => {
    const rows = cases.slice(0, batch.length).map(({ input }) => input);
    const [predictions, targets] = await learner.getPreds(rows);
    expect(targets).toBeNull();
    expect(predictions.dims[0]).toBe(batch.length);
    expectClose(predictions.data as Float32Array, batch);
  });

  it('has the vocabulary of fastai', () => {
    const python = (name: unknown): string =>
      typeof name === 'boolean' ? (name ? 'True' : 'False') : String(name);
    expect(learner.vocab).toEqual((vocab ?? []).map(python));
  });
});

describe('a tabular learner', () => {
  let learner: Learner<Row, DecodedRow>;
  const rows = fixture('typed').cases.map(({ input }) => input);

  beforeAll(async () => {
    learner = await Learner.load<Row, DecodedRow>(bytes('typed'));
  });
  afterAll(() => learner.release());

  it('predicts a data frame like its rows, in several runs', async () => {
    const many = Array.from({ length: 20_000 }, (_, i) => rows[i % rows.length]!);
    const [fromRows] = await learner.getPreds(many);
    const [fromFrame] = await learner.getPreds(from(many));
    const [fromWire] = await learner.getPreds(packFrame(from(many)) as never);
    expect(fromRows.dims).toEqual([20_000, 3]);
    expect(fromFrame.data).toEqual(fromRows.data);
    expect(fromWire.data).toEqual(fromRows.data);
    const last = 19_999;
    const [, , alone] = await learner.predict(many[last]!);
    expectClose((fromRows.data as Float32Array).slice(last * 3), [...(alone.data as Float32Array)]);
  });

  it('treats true as 1 in a column with other numbers, for any number of rows', async () => {
    // pandas keeps true beside null as an object that equals 1, but true alone as a boolean.
    const cells = Array.from({ length: 5000 }, (_, i) => (i === 4999 ? null : true));
    const [mixed] = await learner.getPreds(cells.map((level) => ({ ...rows[0], level })));
    const [all] = await learner.getPreds([true, false].map((level) => ({ ...rows[0], level })));
    const [ones] = await learner.getPreds([1, null].map((level) => ({ ...rows[0], level })));
    const row = ({ data }: Tensor, at: number): number[] => [
      ...(data as Float32Array).subarray(3 * at, 3 * at + 3),
    ];
    expectClose(row(mixed, 0), row(ones, 0));
    expectClose(row(mixed, 4998), row(ones, 0));
    expectClose(row(mixed, 4999), row(ones, 1));
    expectClose(row(all, 0), row(ones, 1));
  });

  it('shows numbers as people write them', async () => {
    for (const age of [18, 33.5, 79, 17.25]) {
      const [decoded] = await learner.predict({ ...rows[0]!, age });
      expect(learner.decodeRow(decoded)).toMatchObject({ age });
    }
  });

  it('takes a frame without rows, and returns no predictions', async () => {
    const empty = from(rows).filter(() => false);
    expect((await learner.getPreds(empty))[0].dims).toEqual([0, 3]);
    await expect(learner.getPreds([])).rejects.toMatchObject({ name: 'UnexpectedItemError' });
  });

  it('names the error in a row', async () => {
    const [row] = rows;
    const { age: _age, size: _size, ...rest } = row!;
    await expect(learner.predict(rest)).rejects.toMatchObject({
      name: 'MissingColumnError',
      columns: ['size', 'age'],
    });
    await expect(learner.getPreds([row!, { ...row, hours: 'many' }])).rejects.toMatchObject({
      name: 'CellError',
      column: 'hours',
      row: 1,
    });
    await expect(learner.predict({ ...row, hours: null })).rejects.toThrow(/no empty cell/);
    await expect(learner.predict({ ...row, work: ['Private'] })).rejects.toThrow(
      /an array, not a category/,
    );
    await expect(learner.predict('Private' as never)).rejects.toMatchObject({
      name: 'UnexpectedItemError',
    });
  });

  it('predicts the rows that it does not refuse, and has the error of each other one', async () => {
    const flaws = [{ hours: 'many' }, { work: ['Private'], size: {} }, { hours: null, work: {} }];
    const items = Array.from({ length: 9000 }, (_, at) => {
      return at % 2 === 0 ? rows[at % rows.length]! : { ...rows[0]!, ...flaws[at % 3] };
    });
    const good = items.filter((_, at) => at % 2 === 0);
    const options = { withDecoded: true } as const;
    const [wanted, , wantedDecoded] = await learner.getPreds(good, options);
    for (const given of [items, from(items), packFrame(from(items)) as never]) {
      const faults = new Map<number, InputError>();
      const [predictions, decoded] = await learner.predsOfRows(given, faults);
      const kept = ({ data }: Tensor, width: number): unknown[] =>
        [...(data as Float32Array)].filter((_, at) => Math.floor(at / width) % 2 === 0);
      expect(kept(predictions as Tensor, 3)).toEqual([...(wanted.data as Float32Array)]);
      expect(kept(decoded, 1)).toEqual([...(wantedDecoded.data as Float32Array)]);
      expect(faults.size).toBe(4500);
      for (const at of [1, 3, 5, 8195, 8197, 8999]) {
        const alone = await learner.predict(items[at]!).catch((error: unknown) => error);
        expect(faults.get(at)).toEqual(alone);
        expect(faults.get(at)?.message).toBe((alone as Error).message);
      }
    }
  });

  it('tells its columns', () => {
    const { columns, targets } = learner.schema;
    expect(targets).toEqual(['target']);
    expect(columns.map(({ name, kind, nullable }) => [name, kind, nullable])).toEqual([
      ['work', 'category', true],
      ['level', 'category', true],
      ['married', 'category', true],
      ['size', 'category', true],
      ['age', 'number', true],
      ['hours', 'number', false],
      ['years', 'number', false],
    ]);
    expect(columns[1]).toMatchObject({ categories: [1, 3, 7, 12], example: 1 });
    expect(columns[2]).toMatchObject({ categories: [false, true] });
  });

  it('runs an ONNX file instead of its model', async () => {
    const opened = openLearnerFile(bytes('typed'));
    const { model } = writeModel(lowerModel(opened.model).graph);
    opened.torchFile.close();
    const other = await Learner.load<Row, DecodedRow>(bytes('typed'), { onnx: model });
    const [decoded, , probabilities] = await other.predict(rows[0]!);
    const [expected, , own] = await learner.predict(rows[0]!);
    expect(decoded).toEqual(expected);
    expectClose(probabilities.data as Float32Array, [...(own.data as Float32Array)]);
    await other.release();
  });
});
