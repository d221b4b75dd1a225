import { asItems, PyGlobal, PyObject, type PyValue } from '../../torch/index.js';
import { qualifiedName, transformName } from '../data/pipeline.js';
import type { LearnerFile } from '../learner-file.js';
import { isGiven, isSlice, places, type SeriesTransform } from './timeseries/attributes.js';
import { picked } from './timeseries/series.js';

type File = Pick<LearnerFile, 'dls'>;

/** Whether the dataset is tsai's, whose items are `[variables, steps]`. */
export const isSeriesDataset = ({ dls: { dataset } }: File): boolean =>
  dataset !== undefined &&
  qualifiedName(dataset).startsWith('tsai.') &&
  /^(TS|Numpy)Datasets$/.test(transformName(dataset));

/** Whether a batch is a `TSTensor`, the only class that tsai's transforms change. */
export function isOfSeries({ dls }: File): boolean {
  const { dataset, inputs, afterItem } = dls;
  if (dataset && isSeriesDataset({ dls })) return transformName(dataset) === 'TSDatasets';
  if (afterItem.some((record) => transformName(record) === 'ToTSTensor')) return true;
  const last = asItems(inputs[0]?.types)?.at(-1);
  return last instanceof PyGlobal && last.name === 'TSTensor';
}

/** `sel_vars` and `sel_steps` of tsai's dataset; undefined if it takes all. */
export function selectionOf({ dls: { dataset } }: File): SeriesTransform | undefined {
  if (!dataset || !isSeriesDataset({ dls: { dataset } as LearnerFile['dls'] })) return undefined;
  const [variables, steps] = [dataset.attr('sel_vars'), dataset.attr('sel_steps')];
  if (isAll(variables) && isAll(steps)) return undefined;
  const chosen = (value: PyValue | undefined, count: number): number[] =>
    isAll(value) ? [...Array(count).keys()] : places(dataset, value, count);
  return (x) => {
    const [batch = 1, count = 1, length = 0] = x.dims;
    const kept = picked(x, chosen(variables, count));
    const at = chosen(steps, length);
    const rows = kept.dims[1]!;
    const data = new Float32Array(rows * at.length);
    for (let row = 0; row < rows; row++) {
      at.forEach((step, k) => (data[row * at.length + k] = kept.data[row * length + step]!));
    }
    return { data, dims: [batch, rows, at.length] };
  };
}

const isAll = (value: PyValue | undefined): boolean =>
  !isGiven(value) ||
  (isSlice(value) && value instanceof PyObject && value.args.every((bound) => bound === null));
