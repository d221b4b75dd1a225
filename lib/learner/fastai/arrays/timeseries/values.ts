import { asItems, asNumber, type PyObject } from '../../../torch/index.js';
import {
  flag,
  isGiven,
  isSlice,
  malformed,
  numberIn,
  places,
  statistic,
  type SeriesReader,
} from './attributes.js';
import {
  along,
  byVariable,
  combined,
  copyOf,
  each,
  hasNaN,
  lowerMedian,
  picked,
  put,
  type Series,
} from './series.js';

const f = Math.fround;
const MOST = 3.4028234663852886e38;

/** `torch.nan_to_num`, which also makes infinities finite. */
const toNumber =
  (value: number) =>
  (x: number): number =>
    Number.isNaN(x) ? value : x === Infinity ? MOST : x === -Infinity ? -MOST : x;

/** tsai's `TSNan2Value`, and `Nan2Value` before 0.3. */
export const readNanToValue: SeriesReader = (record) => {
  const value = f(numberIn(record, 'value'));
  // Up to 0.2.16 it replaces only NaN.
  if (record.attr('median') === undefined) {
    return (x) => each(x, (one) => (Number.isNaN(one) ? value : one));
  }
  const withMedian = flag(record, 'median');
  const byVariables = flag(record, 'by_sample_and_var');
  const chosen = record.attr('sel_vars');
  const replaced = (x: Series, keepsMedians: boolean): Series => {
    let out = x;
    if (withMedian && hasNaN(x)) {
      if (!byVariables) out = each(x, toNumber(lowerMedian(x.data)));
      else if (keepsMedians) {
        const medians = along(x, [x.dims.length - 1], lowerMedian);
        out = combined(x, [medians], (one, median) => (Number.isNaN(one) ? median : one));
      }
    }
    return each(out, toNumber(value));
  };
  if (!isGiven(chosen)) return (x) => replaced(x, true);
  return (x) => {
    const variables = places(record, chosen, x.dims[1]!);
    const out = copyOf(x);
    // torch writes medians of a list of variables to a copy and drops it.
    put(out, variables, replaced(picked(x, variables), isSlice(chosen)));
    return out;
  };
};

/** tsai's `TSClip`. */
export const readClip: SeriesReader = (record) => {
  const [low, high] = [statistic(record, 'min'), statistic(record, 'max')];
  return (x) => combined(x, [low, high], (value, a, b) => (value < a ? a : value > b ? b : value));
};

/** tsai's `TSClipByVar`: `(variable, minimum or None, maximum or None)`. */
export const readClipByVariable: SeriesReader = (record) => {
  const ranges = (asItems(record.attr('var_min_max')) ?? []).map((item) => {
    const [variable, low = null, high = null] = asItems(item) ?? [];
    if (variable === undefined) throw malformed(record, 'its var_min_max has no variables');
    return { variable, low: asNumber(low) ?? -Infinity, high: asNumber(high) ?? Infinity };
  });
  return (x) => {
    const out = copyOf(x);
    for (const { variable, low, high } of ranges) {
      const variables = places(record, variable, x.dims[1]!);
      const clip = (value: number): number => (value < low ? low : value > high ? high : value);
      put(out, variables, each(picked(out, variables), clip));
    }
    return out;
  };
};

/** tsai's `TSLog`: of positive numbers up to 0.2.22, of all numbers since. */
export const readLog: SeriesReader = (record) => {
  const excluded = record.attr('ex');
  if (excluded === undefined) return (x) => each(x, Math.log);
  const log = (value: number): number => (value < 0 ? -Math.log1p(-value) : Math.log1p(value));
  return (x) => {
    // NaN is neither above nor below zero, so tsai leaves a zero.
    const out = each(x, (value) => (Number.isNaN(value) ? 0 : log(value)));
    if (excluded === null) return out;
    const variables = places(record, excluded, x.dims[1]!);
    put(out, variables, picked(x, variables));
    return out;
  };
};

/** The difference from the step `lag` before, padded with zeros in front. */
function differences(record: PyObject): (x: Series) => Series {
  const lag = numberIn(record, 'lag');
  if (!Number.isInteger(lag) || lag < 1) throw malformed(record, 'its lag is not 1 or more');
  const pads = flag(record, 'pad');
  return (x) =>
    byVariable(x, (steps) => {
      const behind = steps.subarray(lag).map((value, at) => value - steps[at]!);
      if (!pads) return behind;
      const out = new Float32Array(behind.length + lag);
      out.set(behind, lag);
      return out;
    });
}

/** tsai's `TSDiff`. */
export const readDiff: SeriesReader = differences;

/** tsai's `TSLogReturn`. */
export const readLogReturn: SeriesReader = (record) => {
  const diff = differences(record);
  return (x) => diff(each(x, Math.log));
};

/** tsai's `TSAdd`. */
export const readAdd: SeriesReader = (record) => {
  const added = statistic(record, 'add');
  return (x) => combined(x, [added], (value, more) => f(value + more));
};
