import { asItems, asNumber, PyObject, type PyValue } from '../../../torch/index.js';
import { qualifiedName } from '../../data/pipeline.js';
import { malformed, statistic, type SeriesReader, type SeriesTransform } from './attributes.js';
import { along, combined, deviation, least, mean, most, type Series } from './series.js';

const f = Math.fround;

/**
 * The axes for a statistic of each item. They are axes of an item, `[variables, steps]`. The
 * library also applies them to a batch, which has another second axis.
 */
function axesOf(record: PyObject): readonly number[] | undefined {
  const scale = record.attr('scale_subtype');
  if (scale === 'per_sample') return [0, 1];
  return scale === 'per_sample_per_channel' ? [1] : undefined;
}

/** `Standardize` of ai-fast-track's `timeseries`. */
const readStandardize: SeriesReader = (record) => {
  const axes = axesOf(record);
  const learned = axes ? undefined : [statistic(record, 'mean'), statistic(record, 'std')];
  return (x) => {
    const own = learned ?? [along(x, axes!, mean), along(x, axes!, deviation)];
    return combined(x, own, (value, m, s) => f(f(value - m) / s));
  };
};

/** `Normalize` of the same library, between minimum and maximum. */
const readNormalize: SeriesReader = (record) => {
  const [low, high] = (asItems(record.attr('scale_range')) ?? []).map((one) => asNumber(one));
  if (low === undefined || high === undefined) throw malformed(record, 'it has no scale_range');
  const axes = axesOf(record);
  const learned = axes ? undefined : [statistic(record, 'min'), statistic(record, 'max')];
  // `per_sample` uses the statistics of the whole tensor.
  const ends = (x: Series): Series[] => {
    const over = axes!.length === 2 ? [] : axes!;
    return [along(x, over, least), along(x, over, most)];
  };
  return (x) =>
    combined(x, learned ?? ends(x), (value, a, b) =>
      f(f(f(f(value - a) / f(b - a)) * f(high - low)) + low),
    );
};

const readers: ReadonlyMap<string, SeriesReader> = new Map([
  ['timeseries.core.Standardize', readStandardize],
  ['timeseries.core.Normalize', readNormalize],
]);

/** A transform of tsai's predecessor, for items or batches. */
export function readForerunner(record: PyValue): SeriesTransform | undefined {
  return record instanceof PyObject ? readers.get(qualifiedName(record))?.(record) : undefined;
}
