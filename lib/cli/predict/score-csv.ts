import { createWriteStream, existsSync } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import Papa from 'papaparse';
import { writeAside } from '../../serving/store/durable.js';
import { CommandError, describeFailure, unreadable } from '../errors.js';
import { toJson } from '../output/print.js';
import { shortestFloat32 } from './csv-cells.js';
import { csvItems } from './csv-items.js';
import type { Predictor } from './predictor.js';
import type { Scored } from './scored.js';

export interface CsvOptions {
  readonly input: string;
  /** Undefined for stdout. */
  readonly output: string | undefined;
  readonly overwrite: boolean;
  readonly column: string | undefined;
  readonly onProgress: (bytes: number, total: number) => void;
}

/**
 * Scores the rows of a CSV file in constant memory: a row is written before the next but a few is
 * read.
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
  const target = resolve(output);
  if (!overwrite && existsSync(target)) {
    throw new CommandError(`The file ${target} is there already`, 'Give another, or add --force');
  }
  await writeAside(target, async (aside) => {
    await pipeline(lines, createWriteStream(aside, { flags: 'wx', flush: true }));
    await rename(aside, target);
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === undefined || error.syscall === undefined) throw error;
    throw new CommandError(
      `The file ${target} cannot be written (${error.code})`,
      'Check the free space and the permissions there',
    );
  });
  return Math.max(0, rows - 1);
}

/** The cells to write: first the names, then each row with what was predicted. */
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

/** The columns that are added, as the first prediction tells them. */
class ScoreColumns {
  readonly names: string[];
  readonly #several: boolean;
  readonly #numbers: boolean;

  constructor(first: Scored, targets: readonly string[], header: readonly string[]) {
    const { prediction, probabilities, classes = [] } = first;
    this.#several = targets.length > 1 && Array.isArray(prediction);
    // A mask's probabilities are one a pixel and class: too many for columns.
    this.#numbers = classes.length > 0 && flatNumbers(probabilities).length === classes.length;
    const added = [
      ...(this.#several ? targets.map((name) => `predicted ${name}`) : ['prediction']),
      ...(this.#numbers ? classes.map((name) => `p(${name})`) : []),
    ];
    this.names = added.map((name) => (header.includes(name) ? `${name} (vts)` : name));
  }

  cells({ prediction, probabilities }: Scored): string[] {
    const predictions = this.#several ? (prediction as unknown[]) : [prediction];
    const numbers = this.#numbers ? flatNumbers(probabilities) : [];
    return [...predictions.map(cellOf), ...numbers.map(shortestFloat32)];
  }
}

function flatNumbers(value: unknown): number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number') ? value : [];
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return shortestFloat32(value);
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) {
    return value.join(';');
  }
  return typeof value === 'object' ? toJson(value, 0) : String(value);
}
