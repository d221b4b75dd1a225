import { setImmediate as turn } from 'node:timers/promises';
import {
  packCells,
  packsAs,
  packStored,
  restoreCells,
  storeCells,
  type StoredCells,
} from '../../../learner/fastai/tabular/packed-frame.js';
import type { DataFrame } from './data-frame.js';
import { tableClass } from './frames.js';
import { finished, inTurns } from '../../../learner/runtime/turns.js';
import type { Cells, RawFrame } from './raw-frame.js';

/** A frame on its way from the thread that has read it. */
export interface StoredFrame {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, StoredCells>;
}

export function storeFrame({ rows, columns }: RawFrame): StoredFrame {
  return {
    rows,
    columns: new Map([...columns].map(([name, cells]) => [name, storeCells(cells)])),
  };
}

const fillers = new WeakMap<object, () => Promise<void>>();

/** Makes all cells of a frame that another thread has read, with turns of the event loop between. */
export async function fillIn(frame: object): Promise<void> {
  await fillers.get(frame)?.();
}

export function isReceived(frame: object): boolean {
  return fillers.has(frame);
}

/**
 * arquero's table of a frame that another thread has read. The cells of a column are made when they
 * are asked for: those of a large frame that is only handed on to a runner never are.
 *
 * @throws Fault
 */
export async function receivedTable({ rows, columns }: StoredFrame): Promise<DataFrame> {
  const names = [...columns.keys()];
  const ColumnTable = await tableClass(names);
  const made = new Map<string, Cells>();
  const cells = (name: string): Cells => {
    let known = made.get(name);
    if (known === undefined) made.set(name, (known = finished(restoreCells(columns.get(name)!))));
    return known;
  };
  const tableOf = (some: readonly string[]): DataFrame =>
    new ColumnTable(Object.fromEntries(some.map((name) => [name, cells(name)])), some);
  const frame = Object.create(ColumnTable.prototype as object) as DataFrame;
  answerLater(frame, new ColumnTable({}, []), () => tableOf(names), {
    numRows: () => (names.length === 0 ? 0 : rows),
    numCols: () => names.length,
    columnNames: (filter?: (name: string) => boolean) =>
      filter ? names.filter(filter) : names.slice(),
    isFiltered: () => false,
    isOrdered: () => false,
    column: (name) => (columns.has(name) ? cells(name) : undefined),
    array: (name, ...rest) => tableOf(columns.has(name) ? [name] : names).array(name, ...rest),
    get: (name, row) => tableOf(columns.has(name) ? [name] : names).get(name, row),
  });
  fillers.set(frame, async () => {
    for (const [name, column] of columns) {
      if (made.has(name)) continue;
      const filled = await inTurns(restoreCells(column));
      if (!made.has(name)) made.set(name, filled);
      await turn();
    }
  });
  packsAs(frame, () => ({
    vtsFrame: true,
    rows,
    columns: new Map(
      names.map((name) => {
        // Cells that somebody has seen, he may have changed.
        const seen = made.get(name);
        return [name, seen ? packCells(seen) : packStored(columns.get(name)!)];
      }),
    ),
  }));
  return frame;
}

/**
 * Gives an object the state of a table when the first of its methods looks for it; until then it
 * has `answers` in the place of those that need not look.
 */
function answerLater(
  frame: DataFrame,
  empty: DataFrame,
  whole: () => DataFrame,
  answers: Partial<DataFrame>,
): void {
  const state = Object.keys(empty);
  const fill = (): void => {
    for (const name of Object.keys(answers)) delete (frame as never)[name];
    Object.defineProperties(frame, Object.getOwnPropertyDescriptors(whole()));
  };
  for (const [name, value] of Object.entries(answers)) {
    Object.defineProperty(frame, name, { value, configurable: true });
  }
  for (const name of state) {
    Object.defineProperty(frame, name, {
      configurable: true,
      enumerable: true,
      get() {
        fill();
        return (frame as unknown as Record<string, unknown>)[name];
      },
      set(value: unknown) {
        fill();
        (frame as unknown as Record<string, unknown>)[name] = value;
      },
    });
  }
}
