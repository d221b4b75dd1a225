import type { RebuildContext, RebuilderList } from '../pickle/rebuilder.js';
import { PyDict, PyGlobal, PyObject, type PyValue } from '../python.js';
import { Index } from './axis.js';
import { DataFrame, Series } from './frame.js';

/** Calls of pandas that make frames, series and indexes; pandas 3 shortened the modules' names. */
export const pandasRebuilders: RebuilderList = [
  ['pandas.DataFrame', rebuildDataFrame],
  ['pandas.core.frame.DataFrame', rebuildDataFrame],
  ['pandas.Series', rebuildSeries],
  ['pandas.core.series.Series', rebuildSeries],
  ['pandas.core.indexes.base._new_Index', rebuildIndex],
  ['pandas.core.indexes.datetimes._new_DatetimeIndex', rebuildIndex],
  ['pandas.core.indexes.timedeltas._new_TimedeltaIndex', rebuildIndex],
  ['pandas.core.indexes.period._new_PeriodIndex', rebuildIndex],
  ['pandas.core.indexes.interval._new_IntervalIndex', rebuildIndex],
  ['pandas._libs.arrays.__pyx_unpickle_NDArrayBacked', rebuildBackedArray],
];

function rebuildDataFrame(
  args: readonly PyValue[],
  context: RebuildContext,
): DataFrame | undefined {
  if (args.length > 0) return undefined;
  const frame = new DataFrame();
  context.onState(frame, (state) => {
    frame.manager = managerIn(state);
  });
  return frame;
}

function rebuildSeries(args: readonly PyValue[], context: RebuildContext): Series | undefined {
  if (args.length > 0) return undefined;
  const series = new Series();
  context.onState(series, (state) => {
    series.manager = managerIn(state);
    if (state instanceof PyDict) series.name = state.get('_name') ?? state.get('name') ?? null;
  });
  return series;
}

/** `_mgr` since pandas 1.1, `_data` before. */
function managerIn(state: PyValue): PyValue | undefined {
  return state instanceof PyDict ? (state.get('_mgr') ?? state.get('_data')) : undefined;
}

/** `(class, { data, name, … })`. */
function rebuildIndex(args: readonly PyValue[]): Index | undefined {
  const [cls, state] = args;
  if (!(cls instanceof PyGlobal) || !(state instanceof PyDict)) return undefined;
  return new Index(cls.name, state.get('name') ?? null, state);
}

/** `(class, checksum, None)`, then the state: an extension array around a numpy array. */
function rebuildBackedArray(args: readonly PyValue[]): PyObject | undefined {
  const [cls] = args;
  return cls instanceof PyGlobal ? new PyObject(cls) : undefined;
}
