import { CorruptTensorError, TooManyElementsError, UnreadableColumnError } from './errors/index.js';
import { arrayDtypeName, arrayValues } from './pandas-array.js';
import { readManager, type BlockManager } from './pandas-manager.js';
import { PyDict, PyTuple, type PyValue } from './python.js';

/** Entries of an index that the file only describes. */
const MOST_ENTRIES = 2 ** 26;

/** A pandas index. Values are decoded when they are asked for. */
export class Index {
  #values: PyValue[] | undefined;

  constructor(
    /** Its class in pandas: `Index`, `RangeIndex`, `MultiIndex`… */
    readonly kind: string,
    readonly name: PyValue,
    private readonly state: PyDict,
  ) {}

  /**
   * The labels in order; tuples for a MultiIndex. Throws {@link UnreadableColumnError} for unknown
   * kinds of values.
   */
  get values(): PyValue[] {
    return (this.#values ??= this.#decode());
  }

  #decode(): PyValue[] {
    const { state } = this;
    if (this.kind === 'RangeIndex') return rangeValues(state);
    if (this.kind === 'MultiIndex') return multiValues(state);
    const data = state.get('data');
    if (data === undefined) throw new UnreadableColumnError('an index', this.kind);
    return arrayValues(data, 'an index');
  }
}

/** A pandas series. */
export class Series {
  name: PyValue = null;
  manager: PyValue | undefined;
  #values: PyValue[] | undefined;
  #read: BlockManager | undefined;

  /** Its values in order; missing ones are null (masked), or NaN where pandas has NaN. */
  get values(): PyValue[] {
    return (this.#values ??= this.#columns().column(0, describeLabel(this.name)));
  }

  get index(): Index {
    const [index] = this.#columns().axes;
    if (!index) throw new UnreadableColumnError(describeLabel(this.name), 'a series without index');
    return index;
  }

  /**
   * The dtype as pandas prints it, as far as it is known: `int64`, `object`, `category`, `string`.
   */
  get dtype(): string {
    return arrayDtypeName(this.#columns().arrayOf(0));
  }

  #columns(): BlockManager {
    return (this.#read ??= readManager(this.manager, describeLabel(this.name)));
  }
}

/** A pandas data frame. */
export class DataFrame {
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
   * The values of a column, undefined when there is none of that name; missing ones are null
   * (masked), or NaN where pandas has NaN. Throws {@link UnreadableColumnError} when its values are
   * of an unknown class.
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

function rangeValues(state: PyDict): PyValue[] {
  const [start, stop, step] = ['start', 'stop', 'step'].map((key) => state.get(key) ?? 0);
  if (typeof start !== 'number' || typeof stop !== 'number' || typeof step !== 'number' || !step) {
    throw new CorruptTensorError('a RangeIndex has no start, stop and step');
  }
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (count > MOST_ENTRIES) throw new TooManyElementsError('A RangeIndex', count, MOST_ENTRIES);
  return Array.from({ length: count }, (_, i) => start + i * step);
}

function multiValues(state: PyDict): PyValue[] {
  const levels = state.get('levels');
  const codes = state.get('codes') ?? state.get('labels');
  if (!Array.isArray(levels) || !Array.isArray(codes) || levels.length !== codes.length) {
    throw new CorruptTensorError('a MultiIndex has no levels and codes');
  }
  const labels = levels.map((level) => arrayValues(level, 'an index'));
  const positions = codes.map((code) => arrayValues(code, 'an index'));
  const rows = positions[0] ?? [];
  return rows.map((_, row) =>
    PyTuple.of_(labels.map((level, i) => level[Number(positions[i]![row])] ?? null)),
  );
}

function describeLabel(label: PyValue): string {
  return typeof label === 'string' ? `the column "${label}"` : 'a column';
}
