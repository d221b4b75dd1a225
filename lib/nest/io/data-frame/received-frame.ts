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

/** A frame in transit from the thread that has read it. */
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

/** Decodes all cells of a frame from another thread, with turns of the event loop in between. */
export async function fillIn(frame: object): Promise<void> {
  await fillers.get(frame)?.();
}

export function isReceived(frame: object): boolean {
  return fillers.has(frame);
}

/**
 * An arquero table of a frame from another thread. The cells of a column are decoded on first
 * access, so a large frame that is only passed on to a runner never is.
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
        // A handler may have changed cells that it has seen.
        const seen = made.get(name);
        return [name, seen ? packCells(seen) : packStored(columns.get(name)!)];
      }),
    ),
  }));
  return frame;
}

/**
 * Gives an object the state of a table on the first method call that needs it. Until then,
 * `answers` replaces the methods that do not need it.
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
