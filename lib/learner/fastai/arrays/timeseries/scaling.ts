import { asItems, asNumber, type PyObject, type PyValue } from '../../../torch/index.js';
import {
  axesOf,
  flag,
  integers,
  isGiven,
  malformed,
  numberIn,
  places,
  statistic,
  type SeriesReader,
} from './attributes.js';
import {
  along,
  combined,
  copyOf,
  deviation,
  each,
  hasNaN,
  joined,
  least,
  mean,
  most,
  picked,
  put,
  quantile,
  type Series,
} from './series.js';

const f = Math.fround;
const scaled = (x: Series, middle: Series, spread: Series): Series =>
  combined(x, [middle, spread], (value, m, s) => f(f(value - m) / s));
const filled = (like: Series, value: number): Series => each(like, () => value);

/** Groups of variables that share a statistic: `by_var=[0, [1, 3]]`. */
function groupsOf(record: PyObject): number[][] | undefined {
  const value = record.attr('by_var');
  const items = typeof value === 'boolean' ? undefined : asItems(value);
  if (!items || items.length === 0) return undefined;
  return items.map((item) => {
    const group = integers(item);
    if (!group) throw malformed(record, 'its by_var is not a list of variables');
    return group;
  });
}

/** tsai's `TSStandardize`: with statistics of training, or with each item's own (`by_sample`). */
export const readStandardize: SeriesReader = (record) => {
  if (!flag(record, 'by_sample')) {
    const [middle, spread] = [statistic(record, 'mean'), statistic(record, 'std')];
    return (x) => scaled(x, middle, spread);
  }
  const axes = axesOf(record, 'axes');
  const eps = asNumber(record.attr('eps'));
  // Up to 0.2.12 eps is a constant of the code, not an attribute.
  const spreadOf = (value: number): number =>
    eps === undefined ? f(value + f(1e-7)) : value < eps ? f(eps) : value;
  const statistics = (x: Series, over: readonly number[]): [Series, Series] => {
    const skips = hasNaN(x);
    return [
      along(x, over, (values) => mean(values, skips)),
      along(x, over, (values) => spreadOf(deviation(values, skips))),
    ];
  };
  const groups = groupsOf(record);
  if (groups && record.attr('list_axes') === undefined && axes.includes(1)) {
    return bySizes(groups.flat(), record, (x) => scaled(x, ...statistics(x, axes)));
  }
  const excluded = record.attr('exc_vars');
  const listAxes =
    groups && record.attr('list_axes') !== undefined ? axesOf(record, 'list_axes') : axes;
  return (x) => {
    let [middle, spread] = statistics(x, axes);
    if (groups && record.attr('list_axes') !== undefined) {
      [middle, spread] = [filled(middle, 0), filled(spread, 1)];
      for (const group of groups) {
        const variables = places(record, group, x.dims[1]!);
        const own = statistics(picked(x, variables), group.length === 1 ? axes : listAxes);
        put(middle, variables, own[0]);
        put(spread, variables, own[1]);
      }
    }
    if (isGiven(excluded)) {
      const variables = places(record, excluded, middle.dims[1] ?? 0);
      put(middle, variables, scalar(0));
      put(spread, variables, scalar(1));
    }
    return scaled(x, middle, spread);
  };
};

const scalar = (value: number): Series => ({ data: Float32Array.of(value), dims: [] });

/**
 * tsai 0.2.15 and 0.2.16: `by_var` holds the sizes of groups of neighbours, and the remaining
 * variables are dropped.
 */
function bySizes(sizes: readonly number[], record: PyObject, scale: (x: Series) => Series) {
  return (x: Series): Series => {
    let start = 0;
    const parts = sizes.map((size) => {
      const variables = Array.from({ length: Math.min(size, x.dims[1]!) }, (_, i) => start + i);
      start += size;
      return scale(picked(x, places(record, variables, x.dims[1]!)));
    });
    return joined(...(parts as [Series]));
  };
}

/** tsai's `TSNormalize`: to a range, by minimum and maximum of training or of each item. */
export const readNormalize: SeriesReader = (record) => {
  const [low, high] = [numberIn(record, 'range_min'), numberIn(record, 'range_max')];
  const groups = groupsOf(record);
  const bySample = flag(record, 'by_sample');
  const clips = record.attr('clip_values') === undefined || flag(record, 'clip_values');
  const axes = bySample ? axesOf(record, 'axes') : [];
  const learned = bySample
    ? undefined
    : ([statistic(record, 'min'), statistic(record, 'max')] as const);
  const ends = (x: Series): readonly [Series, Series] => {
    let [from, to] = [along(x, axes, least), along(x, axes, most)];
    if (!groups) return [from, to];
    // tsai's values for variables outside the list.
    [from, to] = [filled(from, low), filled(to, 1 + high)];
    for (const group of groups) {
      const variables = places(record, group, x.dims[1]!);
      const own = picked(x, variables);
      put(from, variables, along(own, axes, least));
      put(to, variables, along(own, axes, most));
    }
    return [from, to];
  };
  const clip = (value: number): number => (value < low ? low : value > high ? high : value);
  return (x) => {
    const [from, to] = learned ?? ends(x);
    const out = combined(x, [from, to], (value, a, b) =>
      f(f(f(f(value - a) / f(b - a)) * f(high - low)) + low),
    );
    if (!clips) return out;
    if (!groups) return each(out, clip);
    const variables = places(record, groups.flat(), x.dims[1]!);
    put(out, variables, each(picked(out, variables), clip));
    return out;
  };
};

type Ends = readonly [low: Series, high: Series];

/** The fences of boxplots: the quartiles, moved outwards by 1.5 times the distance between them. */
function fences(x: Series, axes: readonly number[], [q1, q3]: readonly [number, number]): Ends {
  const [first, third] = [
    along(x, axes, (values) => quantile(values, q1)),
    along(x, axes, (values) => quantile(values, q3)),
  ];
  const beyond = (sign: number) => (a: number, b: number, c: number) =>
    f(a + sign * f(1.5 * f(c - b)));
  return [combined(first, [first, third], beyond(-1)), combined(third, [first, third], beyond(1))];
}

function quartiles(record: PyObject): readonly [number, number] {
  const given = record.attr('quantile_range');
  if (given === undefined) return [0.25, 0.75];
  const [low, high] = (asItems(given) ?? []).map((item: PyValue) => asNumber(item));
  if (low === undefined || high === undefined) {
    throw malformed(record, 'its quantile_range is not a pair of numbers');
  }
  return [low / 100, high / 100];
}

/** tsai's `TSClipOutliers`. */
export const readClipOutliers: SeriesReader = (record) => {
  const clip = (x: Series, [low, high]: Ends): Series =>
    combined(x, [low, high], (value, a, b) => (value < a ? a : value > b ? b : value));
  if (flag(record, 'by_sample')) {
    const axes = axesOf(record, 'axis');
    return (x) => clip(x, fences(x, axes, [0.25, 0.75]));
  }
  const ends = [statistic(record, 'min'), statistic(record, 'max')] as const;
  return (x) => clip(x, ends);
};

/** tsai's `TSRobustScale`, and `TSRobustScaler` of 0.2.8. */
export const readRobustScale: SeriesReader = (record) => {
  if (record.attr('iqr') !== undefined) {
    const [middle, spread] = [statistic(record, 'median'), statistic(record, 'iqr')];
    return (x) => scaled(x, middle, spread);
  }
  // Up to 0.2.25 it divides by the distance between the fences.
  const between = (x: Series, middle: Series, [low, high]: Ends): Series =>
    combined(x, [middle, low, high], (value, m, a, b) => f(f(value - m) / f(b - a)));
  if (flag(record, 'by_sample')) {
    const axes = axesOf(record, 'axis');
    const range = quartiles(record);
    const middle = (values: Float32Array): number => quantile(values, 0.5);
    return (x) => between(x, along(x, axes, middle), fences(x, axes, range));
  }
  const middle = statistic(record, 'median');
  const ends = [statistic(record, 'min'), statistic(record, 'max')] as const;
  return (x) => between(x, middle, ends);
};

/** tsai's `TSStandardizeTuple`, which also changes the target in training. */
export const readStandardizeTuple: SeriesReader = (record) => {
  const [middle, spread] = [statistic(record, 'x_mean'), statistic(record, 'x_std')];
  return (x) => scaled(copyOf(x), middle, spread);
};
