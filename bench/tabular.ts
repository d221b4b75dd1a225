import { from } from 'arquero';
import { Tensor } from 'onnxruntime-common';
import { Learner } from '../lib/learner/fastai/learner.js';
import { openLearnerFile } from '../lib/learner/fastai/learner-file.js';
import { RowEncoder } from '../lib/learner/fastai/tabular/row-encoder.js';
import { tableOfItems } from '../lib/learner/fastai/tabular/table.js';
import { readTabularRecord } from '../lib/learner/fastai/tabular/tabular-record.js';
import { createSession, lowerModel, type OnnxSession } from '../lib/learner/onnx/index.js';
import { sideBySide, table } from './statistics.js';

type Row = Record<string, string | number | boolean | null>;

/** Rows of the sample's learner, of all its categories and some that it does not know. */
function rowsOf(count: number): Row[] {
  const pick = <T>(values: readonly T[], at: number): T => values[at % values.length]!;
  return Array.from({ length: count }, (_, i) => ({
    age: i % 11 === 0 ? null : 17 + (i % 60),
    hours: 20 + (i % 400) / 10,
    gain: i % 13 === 0 ? null : (i * 37) % 9000,
    years: i % 20,
    workclass: pick(['Private', 'State-gov', 'Self-emp', 'Federal', '?', 'unknown', null], i),
    education: pick(['HS-grad', 'Bachelors', 'Masters', 'Doctorate', 'Some-college'], i >> 1),
    sex: pick(['M', 'F'], i >> 2),
    is_married: i % 3 === 0,
  }));
}

/**
 * Scoring of tables, and of one row, against the bare graph on arrays that have been prepared for
 * it.
 */
export async function benchTabular(file: string, count = 100_000): Promise<void> {
  const learner = await Learner.load<Row>(file);
  const opened = openLearnerFile(file);
  const record = readTabularRecord(opened.dls.dataset!, opened.dls.afterBatch);
  const { graph } = lowerModel(opened.model, {
    inputs: [
      { name: 'codes', dtype: 'int32', dims: ['batch', record.categories.length] },
      { name: 'numbers', dtype: 'float32', dims: ['batch', record.numbers.length] },
    ],
  });
  const session = await createSession(graph, { intraOpNumThreads: 1 });
  opened.torchFile.close();

  const rows = rowsOf(count);
  const frame = from(rows);
  const whole = bareRun(session, record, rows);
  const results: string[][] = [];
  const measure = async (
    name: string,
    bare: () => Promise<unknown>,
    items: Row[] | typeof frame,
    rounds: number,
  ) => {
    const scored = items === frame ? count : (items as Row[]).length;
    const call = () => learner.getPreds(items);
    await sideBySide(bare, call, 2);
    const [run, full] = await sideBySide(bare, call, rounds);
    const perSecond = (ms: number): string => Math.round((scored / ms) * 1000).toLocaleString('en');
    results.push([name, perSecond(run), perSecond(full), (run / full).toFixed(2)]);
  };
  await measure(`${count} rows, a data frame`, whole, frame, 9);
  await measure(`${count} rows, objects`, whole, rows, 9);
  await measure(
    '1000 rows, objects',
    bareRun(session, record, rows.slice(0, 1000)),
    rows.slice(0, 1000),
    50,
  );
  table(
    'getPreds of a tabular learner against session.run on prepared arrays (rows/s, 1 thread)',
    ['items', 'session.run', 'getPreds', 'ratio'],
    results,
  );

  const [one] = rows;
  const bare = bareRun(session, record, [one!]);
  const predict = () => learner.predict(one!);
  await sideBySide(bare, predict, 100);
  const [run, full] = await sideBySide(bare, predict, 1000);
  table(
    'predict of one row (median ms)',
    ['session.run', 'predict', 'ratio'],
    [[run.toFixed(3), full.toFixed(3), `${(full / run).toFixed(2)}x`]],
  );
  await learner.release();
  await session.release();
}

function bareRun(
  session: OnnxSession,
  record: ReturnType<typeof readTabularRecord>,
  rows: Row[],
): () => Promise<unknown> {
  const encode = new RowEncoder(record).open(tableOfItems(rows));
  const { codes, numbers } = encode({ start: 0, end: rows.length });
  return () =>
    session.run({
      codes: new Tensor('int32', codes, [rows.length, record.categories.length]),
      numbers: new Tensor('float32', numbers, [rows.length, record.numbers.length]),
    });
}
