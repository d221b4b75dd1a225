import {
  restoreCells,
  storeCells,
  type StoredCells,
} from '../../../learner/fastai/tabular/packed-frame.js';
import { inTurns } from '../../../learner/runtime/turns.js';
import type { Cells } from './raw-frame.js';

/** A series on its way from the thread that has read it. */
export const storeSeries = (values: Cells): StoredCells => storeCells(values);

/** The values, made part by part, so that others have their turn. */
export const receivedSeries = (stored: StoredCells): Promise<Cells> =>
  inTurns(restoreCells(stored));
