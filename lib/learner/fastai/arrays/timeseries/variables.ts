import { asBool, asDict, asItems, asNumber, PyPartial, PyObject } from '../../../torch/index.js';
import {
  flag,
  integers,
  isGiven,
  malformed,
  places,
  statistic,
  type SeriesReader,
} from './attributes.js';
import { byVariable, copyOf, each, hasNaN, joined, picked, put, type Series } from './series.js';

const f = Math.fround;

/** An additional variable of the same length. */
const row = (x: Series, value: (step: number, steps: number) => number): Series => {
  const steps = x.dims.at(-1)!;
  return {
    data: Float32Array.from({ length: steps }, (_, at) => value(at, steps)),
    dims: [1, 1, steps],
  };
};

/** The position of a step as an angle, with torch's order of rounding. */
const angle = (at: number, steps: number): number => f(f(f(at / steps) * 2) * f(Math.PI));

const sine = (x: Series): Series => row(x, (at, steps) => Math.sin(angle(at, steps)));
const cosine = (x: Series): Series => row(x, (at, steps) => Math.cos(angle(at, steps)));

const linear = (x: Series, [low, high]: readonly [number, number]): Series =>
  row(x, (at, steps) => (steps === 1 ? low : low + ((high - low) * at) / (steps - 1)));

function without(record: PyObject, x: Series, gone: Parameters<typeof places>[1]): Series {
  const dropped = new Set(places(record, gone, x.dims[1]!));
  return picked(
    x,
    [...Array(x.dims[1]!).keys()].filter((at) => !dropped.has(at)),
  );
}

const isKept = (record: PyObject): boolean => !flag(record, 'drop_var');

/** tsai's `TSCyclicalPosition`. */
export const readCyclicalPosition: SeriesReader = (record) => {
  const variable = record.attr('cyclical_var');
  if (!isGiven(variable)) return (x) => joined(x, sine(x), cosine(x));
  return (x) => {
    const own = picked(x, places(record, variable, x.dims[1]!));
    const angles = each(own, (value) => angle(value, x.dims.at(-1)!));
    const rest = isKept(record) ? x : without(record, x, variable);
    return joined(rest, each(angles, Math.sin), each(angles, Math.cos));
  };
};

function rangeIn(record: PyObject): readonly [number, number] {
  const [low, high] = (asItems(record.attr('lin_range')) ?? []).map((item) => asNumber(item));
  if (low === undefined || high === undefined)
    throw malformed(record, 'its lin_range is not a pair of numbers');
  return [low, high];
}

/**
 * tsai's `TSLinearPosition`; with a variable, the variable on `lin_range`, regardless of its own
 * range.
 */
export const readLinearPosition: SeriesReader = (record) => {
  const [low, high] = rangeIn(record);
  const variable = record.attr('linear_var');
  if (!isGiven(variable)) return (x) => joined(x, linear(x, [low, high]));
  return (x) => {
    const own = picked(x, places(record, variable, x.dims[1]!));
    const rest = isKept(record) ? x : without(record, x, variable);
    return joined(
      rest,
      each(own, (value) => f(f(value - low) / (high - low))),
    );
  };
};

/** tsai's `TSPosition`: given steps, or both positions up to 0.3.1. */
export const readPosition: SeriesReader = (record) => {
  if (record.attr('steps') !== undefined) {
    const steps = statistic(record, 'steps');
    return (x) => joined(x, steps);
  }
  const range = rangeIn(record);
  return (x) => {
    const lines = flag(record, 'linear') ? [linear(x, range)] : [];
    return joined(x, ...lines, ...(flag(record, 'cyclical') ? [sine(x), cosine(x)] : []));
  };
};

/** The variables in `sel_vars` (`feature_idxs` before 0.3.1); undefined if it names none. */
function chosenIn(record: PyObject): number[] | undefined {
  const value = record.attr('sel_vars') ?? record.attr('feature_idxs');
  const chosen = isGiven(value) ? integers(value) : [];
  if (!chosen) throw malformed(record, 'its variables are not numbers');
  return chosen.length > 0 ? chosen : undefined;
}

/** tsai's `TSMissingness`. Since 0.3.1 it adds nothing if no variables are named. */
export const readMissingness: SeriesReader = (record) => {
  const chosen = chosenIn(record);
  if (!chosen && isGiven(record.attr('sel_vars'))) return (x) => x;
  return (x) => {
    const own = chosen ? picked(x, places(record, chosen, x.dims[1]!)) : x;
    return joined(
      x,
      each(own, (value) => Number(Number.isNaN(value))),
    );
  };
};

/** The keyword arguments of a `functools.partial`. */
function keywords(record: PyObject, name: string): (keyword: string) => unknown {
  const value = record.attr(name);
  if (!(value instanceof PyPartial))
    throw malformed(record, `its ${name} is not a functools.partial`);
  return (keyword) => value.kwargs.get(keyword);
}

/** Steps since the last present value; the beginning counts as one. */
function gaps(values: Float32Array, normalizes: boolean): Float32Array {
  let last = 0;
  return values.map((_, at) => {
    if (at > 0 && !Number.isNaN(values[at - 1]!)) last = at;
    const gap = at + 1 - last;
    return normalizes ? gap / values.length : gap;
  });
}

/** tsai's `TSPositionGaps`. */
export const readPositionGaps: SeriesReader = (record) => {
  const chosen = chosenIn(record);
  const keyword = keywords(record, 'gap_fn');
  const is = (name: string): boolean => keyword(name) !== false;
  const normalizes = is('normalize');
  const forward = (x: Series): Series => byVariable(x, (values) => gaps(values, normalizes));
  const backward = (x: Series): Series =>
    byVariable(x, (values) => gaps(values.toReversed(), normalizes).reverse());
  return (x) => {
    const own = chosen ? picked(x, places(record, chosen, x.dims[1]!)) : x;
    const [before, behind] = [forward(own), backward(own)];
    const nearest = {
      dims: own.dims,
      data: before.data.map((a, at) => Math.min(a, behind.data[at]!)),
    };
    const parts = [
      ...(is('forward') ? [before] : []),
      ...(is('backward') ? [behind] : []),
      ...(is('nearest') ? [nearest] : []),
    ];
    return joined(x, ...parts);
  };
};

/** The last present value, else the next one. */
function filledIn(values: Float32Array): Float32Array {
  const out = values.slice();
  for (let at = 1; at < out.length; at++) if (Number.isNaN(out[at]!)) out[at] = out[at - 1]!;
  for (let at = out.length - 2; at >= 0; at--) if (Number.isNaN(out[at]!)) out[at] = out[at + 1]!;
  return out;
}

/** tsai's `TSRollingMean`. */
export const readRollingMean: SeriesReader = (record) => {
  const chosen = chosenIn(record);
  const window = asNumber(keywords(record, 'rolling_mean_fn')('window') as number);
  if (window === undefined || !Number.isInteger(window) || window < 1) {
    throw malformed(record, 'its window is not 1 or more');
  }
  const rolling = (values: Float32Array): Float32Array => {
    // Uses running sums in single precision, as torch does.
    const sums = new Float32Array(values.length);
    let sum = 0;
    values.forEach((value, at) => (sums[at] = sum = sum + value));
    return sums.map((all, at) => f(all - (sums[at - window] ?? 0)) / Math.min(at + 1, window));
  };
  return (x) => {
    const variables = chosen ? places(record, chosen, x.dims[1]!) : [...Array(x.dims[1]!).keys()];
    const own = picked(x, variables);
    const given = hasNaN(own) ? byVariable(own, filledIn) : own;
    const out = copyOf(x);
    put(out, variables, flag(record, 'replace') ? byVariable(given, rolling) : given);
    return flag(record, 'replace') ? out : joined(out, byVariable(given, rolling));
  };
};

/** tsai's `TSDropVars`. */
export const readDropVariables: SeriesReader = (record) => (x) =>
  without(record, x, record.attr('drop_vars'));

/** tsai's `TSOneHotEncode`. */
export const readOneHotEncode: SeriesReader = (record) => {
  const labels = (asItems(record.attr('unique_labels')) ?? []).map((item) => asNumber(item));
  if (!labels.every((label): label is number => label !== undefined)) {
    throw malformed(record, 'its unique_labels are not numbers');
  }
  const known = labels.map(f);
  const addsMissing = asBool(record.attr('add_na')) ?? false;
  return (x) => {
    const own = picked(x, places(record, record.attr('sel_var'), x.dims[1]!));
    const rows = known.map((label) => each(own, (value) => Number(value === label)));
    const missing = addsMissing ? [each(own, (value) => Number(!known.includes(value)))] : [];
    const rest = isKept(record) ? x : without(record, x, record.attr('sel_var'));
    return joined(rest, ...missing, ...rows);
  };
};

/** tsai's `TSCatEncode`: the index of a category from 1 on, 0 for other values. */
export const readCategoryEncode: SeriesReader = (record) => {
  const codes = new Map<number, number>();
  for (const [key, code] of asDict(record.attr('o2i')) ?? []) {
    const [name, place] = [asNumber(key), asNumber(code)];
    if (name === undefined || place === undefined) {
      throw malformed(record, 'its categories are not numbers');
    }
    codes.set(f(name), place);
  }
  return (x) => {
    const variables = places(record, record.attr('sel_var'), x.dims[1]!);
    const out = copyOf(x);
    put(
      out,
      variables,
      each(picked(x, variables), (value) => codes.get(value) ?? 0),
    );
    return out;
  };
};
