import type { SchemaElement } from 'hyparquet';
import { listed, quoted } from '../../learner/errors/index.js';
import { cellsWith, type Column } from '../../learner/fastai/tabular/table.js';
import { CommandError } from '../errors.js';
import { gathered, lengthOf, type BatchColumn, type Chunk } from './chunk.js';
import type { Scores, ScoreShape } from './scorer.js';

/** The type of an output cell. */
export type CellType = 'any' | 'text' | 'json' | 'float';

export interface OutputColumn {
  readonly name: string;
  readonly type: CellType;
  /** For a column that is kept from a Parquet file. */
  readonly element?: SchemaElement;
}

interface PredictedColumn extends OutputColumn {
  cells(scores: Scores): Column;
}

/** The columns of the output: the kept columns, then the predictions. */
export interface Layout {
  readonly kept: readonly OutputColumn[];
  readonly predicted: readonly PredictedColumn[];
}

export const PARTS = ['prediction', 'score', 'probabilities'] as const;
export type Part = (typeof PARTS)[number];

/**
 * @param names All columns of the input.
 * @param keep The columns to keep; undefined for all.
 * @param elements Their types in a Parquet file.
 * @throws CommandError for a column that the input does not have.
 */
export function layoutOf(
  names: readonly string[],
  keep: readonly string[] | undefined,
  parts: readonly Part[],
  shape: ScoreShape,
  elements: readonly SchemaElement[],
): Layout {
  const other = keep?.filter((name) => !names.includes(name)) ?? [];
  if (other.length > 0) {
    throw new CommandError(
      `The input has no column ${quoted(other)}`,
      `Use --keep with some of ${listed(names)}`,
    );
  }
  const kept = (keep ?? names).map((name): OutputColumn => {
    const element = elements.find((each) => each.name === name);
    return { name, type: 'any', ...(element && { element }) };
  });
  return layoutWith(kept, parts, shape);
}

/** The layout, with columns that the input is known to have. */
export function layoutWith(
  kept: readonly OutputColumn[],
  parts: readonly Part[],
  shape: ScoreShape,
): Layout {
  const taken = new Set(kept.map(({ name }) => name));
  return {
    kept,
    predicted: predictedColumns(parts, shape).map((column) =>
      taken.has(column.name) ? { ...column, name: `${column.name} (vts)` } : column,
    ),
  };
}

const PREDICTIONS = {
  text: 'text',
  mask: 'text',
  image: 'text',
  number: 'float',
  json: 'json',
} as const;

function predictedColumns(parts: readonly Part[], shape: ScoreShape): PredictedColumn[] {
  const { classes, chooses } = shape;
  const columns: PredictedColumn[] = [];
  if (parts.includes('prediction')) {
    columns.push({
      name: 'prediction',
      type: PREDICTIONS[shape.prediction],
      cells: ({ predictions }) => predictions,
    });
  }
  if (parts.includes('score') && chooses) {
    const places = new Map(classes.map((name, at) => [name, at]));
    columns.push({
      name: 'score',
      type: 'float',
      cells: (scores) => {
        const placeOf = cellsWith(scores.predictions, (name) => places.get(String(name)) ?? NaN);
        return probabilitiesAt(scores, (row) => row * classes.length + placeOf(row));
      },
    });
  }
  if (!parts.includes('probabilities')) return columns;
  const named = classes.map((name, at): PredictedColumn => {
    return {
      name: `p(${name})`,
      type: 'float',
      cells: (scores) => probabilitiesAt(scores, (row) => row * classes.length + at),
    };
  });
  return [...columns, ...named];
}

/** A probability of each row; NaN without one. */
function probabilitiesAt(
  { predictions, probabilities }: Scores,
  place: (row: number) => number,
): Float32Array {
  const cells = new Float32Array(lengthOf(predictions));
  if (!probabilities) return cells.fill(NaN);
  for (let row = 0; row < cells.length; row++) cells[row] = probabilities[place(row)] ?? NaN;
  return cells;
}

/** The cells of the predicted rows, by column. A column with only numbers is a typed array. */
export interface OutputCells {
  readonly rows: number;
  readonly columns: readonly BatchColumn[];
}

/** @param scores Of the chunk's rows, in order. */
export function cellsOf(layout: Layout, chunk: Chunk, scores: Scores): OutputCells {
  const { predictions, faults } = scores;
  const all = lengthOf(predictions);
  const rows = new Uint32Array(all - faults.size);
  for (let row = 0, at = 0; row < all; row++) if (!faults.has(row)) rows[at++] = row;
  const of = (column: BatchColumn, length: number): BatchColumn =>
    rows.length === length ? column : gathered(column, rows);
  const kept = layout.kept.map(({ name }): BatchColumn => {
    const column = chunk.columns?.get(name);
    if (!column) return { cells: { codes: new Int32Array(rows.length), values: [null] } };
    return of(column, chunk.rows);
  });
  const predicted = layout.predicted.map(({ cells }) => of({ cells: cells(scores) }, all));
  return { rows: rows.length, columns: [...kept, ...predicted] };
}
