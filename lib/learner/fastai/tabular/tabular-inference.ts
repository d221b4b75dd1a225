import { Tensor } from 'onnxruntime-common';
import type { Target } from '../data/target.js';
import { categoryNames } from '../data/vocab.js';
import { UnsupportedLearnerError } from '../errors/index.js';
import type { Inference, Vocab } from '../inference.js';
import type { LearnerFile } from '../learner-file.js';
import type { LearnerOptions } from '../learner.js';
import { RowDecoder, type DecodedRow, type ShownRow } from './row-decoder.js';
import { RowEncoder, type EncodedRows } from './row-encoder.js';
import { tableOfItem, tableOfItems } from './table.js';
import { TabularModel } from './tabular-model.js';
import { readTabularRecord, type TabularRecord } from './tabular-record.js';
import { schemaOf, type TabularSchema } from './tabular-schema.js';

/**
 * Rows in one run: enough that the run is all that counts, few enough that a large table needs no
 * large memory.
 */
const MAX_ROWS = 8192;

/**
 * Rows of a data frame in, codes and numbers through the model: fastai's `TabularPandas` at
 * inference.
 */
export class TabularInference implements Inference<EncodedRows, DecodedRow> {
  readonly #decoder: RowDecoder;

  private constructor(
    private readonly record: TabularRecord,
    private readonly encoder: RowEncoder,
    private readonly model: TabularModel,
  ) {
    this.#decoder = new RowDecoder(record);
  }

  /** @throws UnsupportedLearnerError where rows are prepared by more than fastai's own procs. */
  static async create(
    file: LearnerFile,
    _target: Target,
    options: LearnerOptions,
  ): Promise<TabularInference> {
    const { dataset, afterBatch } = file.dls;
    if (!dataset) {
      throw new UnsupportedLearnerError(
        'The learner has no TabularPandas that says how its rows are prepared',
        'export a learner that was made with TabularDataLoaders',
      );
    }
    const record = readTabularRecord(dataset, afterBatch);
    const encoder = new RowEncoder(record);
    const classes = (name: string) => encoder.index(name)?.size;
    const model = await TabularModel.open(file, record, classes, options);
    return new TabularInference(record, encoder, model);
  }

  /** The classes of the target; empty for a regression. */
  get vocab(): Vocab {
    for (const step of this.record.steps) {
      if (step.kind === 'categorize' || step.kind === 'flags') return categoryNames(step.vocab);
    }
    return [];
  }

  get schema(): TabularSchema {
    return schemaOf(
      this.record,
      (name) => this.encoder.index(name),
      (name) => this.encoder.isMade(name),
    );
  }

  encode(item: unknown): EncodedRows {
    return this.encoder.open(tableOfItem(item))({ start: 0, end: 1 });
  }

  forward(batch: readonly EncodedRows[]): Promise<Tensor> {
    const [first] = batch;
    if (first && batch.length === 1) return this.model.forward(first);
    return this.#runs(batch);
  }

  /** All rows of an array or a data frame, some thousand at a time. */
  forwardAll(items: unknown): Promise<Tensor> {
    const table = tableOfItems(items);
    return this.#runs(ranges(table.rows, this.encoder.open(table)));
  }

  async #runs(batches: Iterable<EncodedRows>): Promise<Tensor> {
    const parts: Tensor[] = [];
    for (const batch of batches) parts.push(await this.model.forward(batch));
    return concatRows(parts, this.model.rowShape);
  }

  decode(target: Tensor, encoded: EncodedRows): DecodedRow {
    return this.#decoder.decode(target, encoded);
  }

  readonly decodeRow = (row: DecodedRow): ShownRow => this.#decoder.show(row);

  release(): Promise<void> {
    return this.model.release();
  }
}

function* ranges(
  rows: number,
  encode: (range: { start: number; end: number }) => EncodedRows,
): Generator<EncodedRows> {
  for (let start = 0; start < rows; start += MAX_ROWS) {
    yield encode({ start, end: Math.min(rows, start + MAX_ROWS) });
  }
}

/**
 * The parts one below the other; no row where there is no part, as onnxruntime must not be given an
 * empty batch.
 */
function concatRows(parts: readonly Tensor[], rowShape: readonly number[]): Tensor {
  const [first] = parts;
  if (first && parts.length === 1) return first;
  const shape = first?.dims.slice(1) ?? rowShape;
  const rows = parts.reduce((sum, { dims }) => sum + (dims[0] ?? 0), 0);
  const data = new Float32Array(shape.reduce((product, size) => product * size, rows));
  let at = 0;
  for (const part of parts) {
    data.set(part.data as Float32Array, at);
    at += part.data.length;
  }
  return new Tensor('float32', data, [rows, ...shape]);
}
