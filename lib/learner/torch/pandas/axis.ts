import { CorruptTensorError, TooManyElementsError, UnreadableColumnError } from '../errors.js';
import { PyTuple, type PyDict, type PyValue } from '../python.js';
import { arrayValues, PandasVector } from './array.js';

/** The most entries of an index that the file only describes. */
const MOST_ENTRIES = 2 ** 26;

/** A pandas index. Values are decoded on demand. */
export class Index extends PandasVector {
  #values: PyValue[] | undefined;

  constructor(
    /** Its class in pandas: `Index`, `RangeIndex`, `MultiIndex`… */
    readonly kind: string,
    readonly name: PyValue,
    private readonly state: PyDict,
  ) {
    super();
  }

  /** Tuples for a MultiIndex. @throws UnreadableColumnError for unknown values. */
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
