import { Tensor } from 'onnxruntime-common';
import type { ResultForm } from '../../onnx/lowering/result-form.js';
import type {
  Answers,
  DecodedRow,
  Inference,
  LearnerOptions,
  OnFault,
  Results,
} from '../contract.js';
import { concatRows } from '../data/rows.js';
import type { Target } from '../data/target.js';
import { categoryNames } from '../data/vocab.js';
import { weighed } from '../explain/occlusion.js';
import { rowsWithout } from '../explain/row-parts.js';
import { UnexpectedItemError, UnsupportedLearnerError } from '../errors.js';
import type { LearnerFile } from '../learner-file.js';
import { joinResults, onlyResult } from '../results/results.js';
import { RowDecoder } from './row-decoder.js';
import { RowEncoder, type EncodedRows } from './row-encoder.js';
import { tableOfItem, tableOfItems, type RowRange } from './table.js';
import { TabularModel } from './tabular-model.js';
import { showRow } from './row-shower.js';
import { readTabularRecord, type TabularRecord, type TargetStep } from './tabular-record.js';
import { schemaOf } from './tabular-schema.js';
import { rowsDone } from '../../runtime/rows-done.js';

/** Rows per run: a run has a high fixed cost, and a large table must not use much memory. */
const MAX_ROWS = 8192;

/** `TabularPandas` at inference. @throws UnsupportedLearnerError for unknown procs. */
export async function createTabularInference(
  file: LearnerFile,
  _target: Target,
  options: LearnerOptions,
): Promise<Inference<EncodedRows, DecodedRow>> {
  const { dataset, afterBatch } = file.dls;
  if (!dataset) {
    throw new UnsupportedLearnerError(
      'The learner has no TabularPandas that describes how to prepare its rows',
      'export a learner from TabularDataLoaders',
    );
  }
  const record = readTabularRecord(dataset, afterBatch);
  const encoder = await openEncoder(record, options);
  const decoder = new RowDecoder(record);
  const model = await TabularModel.open(file, record, encoder, options, answersOf(record).classes);
  const run = async (
    batches: Iterable<EncodedRows>,
    rows: number,
    onFault?: OnFault,
  ): Promise<Results> => {
    const parts: Results[] = [];
    let done = 0;
    for (const batch of batches) {
      const first = done;
      parts.push(await model.forward(batch, onFault && ((row, of) => onFault(first + row, of))));
      rowsDone((done += batch.rows), rows);
    }
    // onnxruntime fails on an empty batch.
    if (parts.length === 1) return parts[0]!;
    if (parts.length === 0 && model.form !== 'tensor')
      throw new UnexpectedItemError('no rows', 'one row or more');
    return joinResults(parts, (tensors) => concatRows(tensors, model.rowShape));
  };
  return {
    vocab: answersOf(record).classes ?? [],
    get schema() {
      return schemaOf(record, encoder);
    },
    answers: answersOf(record),
    form: model.form,
    encode: (item) => encoder.open(tableOfItem(item))({ start: 0, end: 1 }),
    show: (item) => showRow(record, encoder, tableOfItem(item)),
    explain: async (item, question) => {
      const row = encoder.open(tableOfItem(item))({ start: 0, end: 1 });
      const { parts, batch } = rowsWithout(record, encoder, row);
      return weighed(parts, onlyResult(await model.forward(batch)), question);
    },
    forward: (batch) => run(batch, batch.length),
    forwardAll: (items, onFault) => {
      const table = tableOfItems(items);
      return run(pieces(table.rows, encoder.open(table, true), onFault), table.rows, onFault);
    },
    inputsAll: (items) => {
      const table = tableOfItems(items);
      return givenOf(encoder.open(table, true)({ start: 0, end: table.rows }));
    },
    decode: (target, encoded) => decoder.decode(target, encoded),
    decodeSeveral: (targets, encoded) => decoder.decodeSeveral(targets, encoded),
    severalAnswers: severalOf(record, model.form),
    decodeRow: (row) => decoder.show(row),
    release: () => model.release(),
  };
}

function givenOf({ rows, codes, numbers }: EncodedRows): Tensor[] {
  const dims = (length: number): number[] => [rows, rows === 0 ? 0 : length / rows];
  return [
    new Tensor('int64', BigInt64Array.from(codes, BigInt), dims(codes.length)),
    new Tensor('float32', numbers, dims(numbers.length)),
  ];
}

async function openEncoder(record: TabularRecord, options: LearnerOptions): Promise<RowEncoder> {
  if (!record.steps.some(({ kind }) => kind === 'code')) return new RowEncoder(record);
  const { openOwnRowEncoder } = await import('./own/own-row-encoder.js');
  return openOwnRowEncoder(record, options);
}

function answersOf({ steps, targets }: TabularRecord): Answers {
  const step = steps.find(
    (one): one is TargetStep => one.kind === 'categorize' || one.kind === 'flags',
  );
  if (!step) return { task: 'regress', targets };
  const task = step.kind === 'categorize' ? 'classify' : 'multilabel';
  return { task, classes: categoryNames(step.vocab) };
}

/** The results by the names of the columns, if there is one for each. */
function severalOf(
  { targets }: TabularRecord,
  form: ResultForm,
): Required<Pick<Answers, 'task' | 'results'>> {
  const count = form === 'tensor' ? 1 : form.items.length;
  return {
    task: 'several',
    results: Array.from({ length: count }, (_, at) => ({
      name: targets.length === count ? targets[at]! : `result${at + 1}`,
      task: 'regress',
    })),
  };
}

function* pieces(
  rows: number,
  encode: (range: RowRange) => EncodedRows,
  onFault: OnFault | undefined,
): Generator<EncodedRows> {
  for (let start = 0; start < rows; start += MAX_ROWS) {
    yield encode({ start, end: Math.min(rows, start + MAX_ROWS), onFault });
  }
}
