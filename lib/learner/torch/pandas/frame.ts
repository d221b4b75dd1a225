import { UnreadableColumnError } from '../errors.js';
import { PyLibraryValue, type PyValue } from '../python.js';
import { arrayDtypeName, PandasVector } from './array.js';
import type { Index } from './axis.js';
import { readManager, type BlockManager } from './manager.js';

/** A pandas series. */
export class Series extends PandasVector {
  name: PyValue = null;
  manager: PyValue | undefined;
  #values: PyValue[] | undefined;
  #read: BlockManager | undefined;

  /** Its values in order; missing values are null (masked), or NaN if pandas has NaN. */
  get values(): PyValue[] {
    return (this.#values ??= this.#columns().column(0, describeLabel(this.name)));
  }

  get index(): Index {
    const [index] = this.#columns().axes;
    if (!index)
      throw new UnreadableColumnError(describeLabel(this.name), 'a series without an index');
    return index;
  }

  /** As pandas prints it: `int64`, `object`, `category`, `string`. */
  get dtype(): string {
    return arrayDtypeName(this.#columns().arrayOf(0));
  }

  #columns(): BlockManager {
    return (this.#read ??= readManager(this.manager, describeLabel(this.name)));
  }
}

/** A pandas data frame. */
export class DataFrame extends PyLibraryValue {
  manager: PyValue | undefined;
  readonly #decoded = new Map<number, PyValue[]>();
  #read: BlockManager | undefined;

  /** Column labels in order. */
  get columns(): PyValue[] {
    return this.#axis(0).values;
  }

  get index(): Index {
    return this.#axis(1);
  }

  has(name: PyValue): boolean {
    return this.#position(name) >= 0;
  }

  /**
   * Missing values are as in {@link Series}. @throws UnreadableColumnError for an unknown class.
   */
  column(name: PyValue): PyValue[] | undefined {
    const position = this.#position(name);
    if (position < 0) return undefined;
    let values = this.#decoded.get(position);
    if (!values) {
      values = this.#manager().column(position, describeLabel(name));
      this.#decoded.set(position, values);
    }
    return values;
  }

  /** The dtype of a column as pandas prints it: `int64`, `object`, `category`, `string`. */
  dtype(name: PyValue): string | undefined {
    const position = this.#position(name);
    return position < 0 ? undefined : arrayDtypeName(this.#manager().arrayOf(position));
  }

  #position(name: PyValue): number {
    return this.columns.indexOf(name);
  }

  #axis(number: 0 | 1): Index {
    const axis = this.#manager().axes[number];
    if (!axis) throw new UnreadableColumnError('a data frame', `a frame without axis ${number}`);
    return axis;
  }

  #manager(): BlockManager {
    return (this.#read ??= readManager(this.manager, 'a data frame'));
  }
}

function describeLabel(label: PyValue): string {
  return typeof label === 'string' ? `the column "${label}"` : 'a column';
}
