import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import Papa from 'papaparse';
import { CommandError, describeFailure, unreadable } from '../errors.js';
import { ScoreColumns } from '../../nest/served-model/score-columns.js';
import { csvItems } from './csv-items.js';
import type { Predictor } from './predictor.js';
import { writeResult } from './result-file.js';

export interface CsvOptions {
  readonly input: string;
  /** Undefined for stdout. */
  readonly output: string | undefined;
  readonly overwrite: boolean;
  readonly column: string | undefined;
  readonly onProgress: (bytes: number, total: number) => void;
}

/**
 * Scores the rows of a CSV file in constant memory: only a few rows are read ahead of the written
 * ones.
 *
 * @returns The number of rows.
 */
export async function scoreCsv(predictor: Predictor, options: CsvOptions): Promise<number> {
  const { input, output, overwrite, onProgress } = options;
  const { size } = await stat(input).catch(unreadable(input));
  let rows = 0;
  const lines = async function* (): AsyncGenerator<string> {
    const scored = score(predictor, options, (bytes) => onProgress(bytes, size));
    for await (const cells of scored) {
      yield `${Papa.unparse([cells])}\n`;
      // The first line has the names.
      rows++;
    }
  };
  if (output === undefined) {
    await pipeline(lines, process.stdout, { end: false });
    return Math.max(0, rows - 1);
  }
  await writeResult(output, overwrite, (aside) =>
    pipeline(lines, createWriteStream(aside, { flags: 'wx', flush: true })),
  );
  return Math.max(0, rows - 1);
}

/** The cells to write: first the names, then each row with its prediction. */
async function* score(
  predictor: Predictor,
  { input, column }: CsvOptions,
  onBytes: (bytes: number) => void,
): AsyncGenerator<string[]> {
  let columns: ScoreColumns | undefined;
  let row = 0;
  for await (const { header, cells, item } of csvItems(predictor, { input, column, onBytes })) {
    row++;
    const scored = await predictor.predict(item).catch((error: unknown) => {
      throw new CommandError(
        `Row ${row} of ${input} cannot be scored: ${describeFailure(error).replace(/\.$/, '')}`,
        'Correct the row, or remove it',
      );
    });
    if (columns === undefined) {
      columns = new ScoreColumns(scored, predictor.schema?.targets ?? [], header);
      yield [...header, ...columns.names];
    }
    yield [...header.map((_, i) => cells[i] ?? ''), ...columns.cells(scored)];
  }
}
