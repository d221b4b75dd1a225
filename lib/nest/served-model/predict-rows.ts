import { InputError } from '../../learner/errors/index.js';
import type { Vocab } from '../../learner/fastai/contract.js';
import type { FastaiRunner } from '../../serving/models/fastai/types.js';
import { inOrder } from '../../serving/runtime/in-order.js';
import { InvalidBodyError } from '../io/errors.js';
import { Answer } from './answer-body.js';
import type { GivenRows } from './rows-body.js';
import { ScoreColumns } from './score-columns.js';
import { classesOf, scoredOf, type Scored } from './scored.js';

type RowsRunner = FastaiRunner<unknown, never>;

/** The answer to one row, or to a table, which may be sent as one. */
export async function predictRows(runner: RowsRunner, given: GivenRows): Promise<Answer> {
  const { single, rows } = given;
  if (single) return new Answer(await scoreRow(runner, rows[0]));
  const predictions = await inOrder(rows, (row, index) =>
    scoreRow(runner, row).catch((error: unknown) => {
      throw error instanceof InputError ? ofRow(index, error) : error;
    }),
  );
  const { default: Papa } = await import('papaparse');
  const line = (cells: readonly unknown[]): string => `${Papa.unparse([cells as unknown[]])}\n`;
  const csv = (): Iterable<string> => table(given, predictions, runner.schema?.targets ?? [], line);
  return new Answer({ predictions }, { 'text/csv': csv });
}

async function scoreRow(runner: RowsRunner, row: unknown): Promise<Scored> {
  const triple = await runner.predict.run(row);
  const shown = await runner.decodeRow.run(triple[0]);
  const targets = runner.schema?.targets ?? [];
  return scoredOf(triple, classesOf(runner.vocab as Vocab), { row: shown, targets });
}

function ofRow(index: number, { message }: Error): InvalidBodyError {
  const fact = `row ${index} (counted from 0) cannot be predicted: ${message.replace(/\.$/, '')}`;
  return new InvalidBodyError('Rows', fact, 'correct the row, or leave it out');
}

function* table(
  { header, cellsOf }: GivenRows,
  predictions: readonly Scored[],
  targets: readonly string[],
  line: (cells: readonly unknown[]) => string,
): Generator<string> {
  const [first] = predictions;
  if (first === undefined) return yield line(header);
  const columns = new ScoreColumns(first, targets, header);
  yield line([...header, ...columns.names]);
  for (const [row, scored] of predictions.entries()) {
    yield line([...cellsOf(row), ...columns.cells(scored)]);
  }
}
