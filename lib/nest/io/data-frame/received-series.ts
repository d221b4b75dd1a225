import {
  restoreCells,
  storeCells,
  type StoredCells,
} from '../../../learner/fastai/tabular/packed-frame.js';
import { inTurns } from '../../../learner/runtime/turns.js';
import type { Cells } from './raw-frame.js';

/** A series in transit from the thread that has read it. */
export const storeSeries = (values: Cells): StoredCells => storeCells(values);

/** Decodes the values part by part, so that other work gets its turn. */
export const receivedSeries = (stored: StoredCells): Promise<Cells> =>
  inTurns(restoreCells(stored));
