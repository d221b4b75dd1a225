import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Program } from '../../../onnx/tracing/program.js';
import { SourceFiles } from '../../../python/source/index.js';
import { loadParser } from '../../../python/source/syntax/parser.js';
import { List } from '../../../python/values.js';
import type { DecodedRow, LearnerOptions } from '../../contract.js';
import { UnsupportedLearnerError } from '../../errors.js';
import { Learner } from '../../learner.js';
import { tabularNames } from './pandas-names.js';
import { RowsValue } from './rows-value.js';

interface Case {
  readonly input: Record<string, unknown>;
  readonly pred: number;
  readonly row: Record<string, unknown>;
  readonly probs: number[];
}

const folder = new URL('../../../../../test/fixtures/code/own_procs/', import.meta.url);
const code = fileURLToPath(
  new URL('../../../../../test/fixtures/make/own_procs.py', import.meta.url),
);
const fileOf = (name: string): Buffer =>
  brotliDecompressSync(readFileSync(new URL(`${name}.pkl.br`, folder)));
const load = (name: string, options: LearnerOptions): Promise<Learner<unknown, DecodedRow>> =>
  Learner.load<unknown, DecodedRow>(fileOf(name), options);
await loadParser();

describe.each([
  ['by_value', {}],
  ['by_name', { code }],
])('Procs of a notebook: %s', (name, options) => {
  const { cases, preds } = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as {
    cases: Case[];
    preds: number[][];
  };
  let learner: Learner<unknown, DecodedRow>;
  beforeAll(async () => {
    learner = await load(name, options);
  });
  afterAll(() => learner.release());

  it('prepare a row as fastai does', async () => {
    for (const { input, pred, row, probs } of cases) {
      const [decoded, target, scores] = await learner.predict(input);
      expect(Number(target.data[0])).toBe(pred);
      probs.forEach((prob, i) => expect(Number(scores.data[i])).toBeCloseTo(prob, 5));
      for (const [column, value] of Object.entries(decoded)) {
        if (column !== 'y') expect(Number(value)).toBeCloseTo(Number(row[column]), 4);
      }
    }
  });

  it('prepare many rows as fastai does', async () => {
    const [scores] = await learner.getPreds(cases.map(({ input }) => input));
    preds.flat().forEach((prob, i) => expect(Number(scores.data[i])).toBeCloseTo(prob, 5));
  });
});

describe('Columns that a proc creates', () => {
  it('are not required in rows', async () => {
    const learner = await load('by_name', { code });
    expect(learner.schema!.columns.map(({ name }) => name)).toEqual([
      'city',
      'kind',
      'zip',
      'age',
      'fare',
      'size',
    ]);
    expect(learner.schema!.ownCode).toBe(true);
    await learner.release();
  });
});

describe('Procs known only by name', () => {
  it('are refused by name', async () => {
    const error = await load('by_name', {}).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UnsupportedLearnerError);
    expect((error as Error).message).toContain('__main__.Made');
    expect((error as Error).message).toContain('"code"');
  });
});

describe('Columns in a proc', () => {
  const run = async (body: string, cell: unknown, alone = true): Promise<unknown> => {
    const { evaluator } = Program.of({ names: tabularNames() });
    const text = `import numpy as np, pandas as pd\ndef proc(to):\n    ${body}\n    return to\n`;
    const sources = await SourceFiles.read({ name: 'notebook.py', text });
    const to = new RowsValue(
      {
        rows: 1,
        alone,
        names: ['a'],
        column: (name) => (name === 'a' ? [cell] : undefined),
        typeOf: () => 'given',
        whole: () => undefined,
      },
      { cat_names: new List(), cont_names: new List(['a']), y_names: new List() },
    );
    evaluator.call(sources.lookup(evaluator, '__main__', 'proc')!, [to]);
    return to.cells('a')[0];
  };

  // What pandas makes of pd.Series([cell], dtype=object).
  it.each<[string, unknown, unknown]>([
    ["to['a'] = to['a'] // 0.1", 1, 9],
    ["to['a'] = to['a'] % 5", -3, 2],
    ["to['a'] = to['a'].astype(float)", ' 1.5 ', 1.5],
    ["to['a'] = to['a'].astype(float).round()", 2.5, 2],
    ["to['a'] = to['a'] + 'x'", null, NaN],
    ["to['a'] = to['a'].isna()", null, true],
    ["to['a'] = to['a'].str.replace('b', '', regex=False)", 'abc', 'ac'],
    ["to['a'] = to['a'].str.contains('^b', na=False)", null, false],
    ["to['a'] = to['a'].map({1: 'one'})", 2, NaN],
    ["to['a'] = to['a'].replace({1: 3})", 2, 2],
    ["to['a'] = to['a'].apply(lambda v: -1 if pd.isna(v) else v)", null, -1],
    ["to['a'] = pd.to_numeric(to['a'], errors='coerce')", 'x', NaN],
    ["to['a'] = np.where(to['a'] > 3, 1, 0)", 4, 1],
    ["to['a'] = to['a'] - to['a'].mean()", 4, 0],
  ])('%s', async (body, cell, expected) => {
    expect(await run(body, cell)).toEqual(expected);
  });

  it.each<[string, unknown, string]>([
    ["to['a'] = to['a'].apply(str)", 1, 'is an int or a float'],
    ["to['a'] = to['a'].apply(lambda v: v is None)", null, 'None or NaN'],
    ["to['a'] = to['a'].astype(str)", 1, 'it may be 1 or 1.0'],
    ["to['a'] = to['a'].round()", 1.5, 'call astype(float) first'],
    ["to['a'] = ~to['a']", true, 'not the result of a comparison'],
    ["to['a'] = to['a'].astype('category')", 'x', 'astype(category)'],
    ["to['a'] = to['a'].rank()", 1, 'Series.rank'],
    ["to['a'] = to['a'] % 0", 1, 'by zero'],
    ["to['a'] = to['b']", 1, '"b"'],
  ])('refuses %s', async (body, cell, message) => {
    await expect(run(body, cell)).rejects.toThrow(message);
  });

  it('refuses code that depends on how rows are grouped', async () => {
    await expect(run("to['a'] = to['a'].mean()", 1, false)).rejects.toThrow('over several rows');
  });
});
