import { asItems, asNumber, PyObject, type PyValue } from '../../torch/index.js';
import { readTransforms } from './pipeline.js';

/** One `TfmdLists`: its transforms in order, and the type that each received in training. */
export interface TransformedList {
  readonly transforms: readonly PyValue[];
  readonly types: PyValue | undefined;
}

/**
 * The parts of `dls` for inference: the validation loader, from which fastai's `test_dl` starts.
 */
export interface DataLoadersRecord {
  /** The class of the dataset: `Datasets`, `TfmdLists`, `TabularPandas`, … */
  readonly dataset: PyObject | undefined;
  readonly loader: PyObject;
  readonly inputs: readonly TransformedList[];
  readonly targets: readonly TransformedList[];
  readonly afterItem: readonly PyValue[];
  readonly beforeBatch: readonly PyValue[];
  readonly afterBatch: readonly PyValue[];
}

/** Reads a `DataLoaders` record; undefined if it has no loader. */
export function readDataLoaders(dls: PyValue | undefined): DataLoadersRecord | undefined {
  if (!(dls instanceof PyObject)) return undefined;
  const loaders = asItems(dls.attr('loaders')) ?? [];
  const loader = loaders[1] ?? loaders[0];
  if (!(loader instanceof PyObject)) return undefined;
  const dataset = loader.attr('dataset');
  const lists = transformedLists(dataset);
  const inputCount = inputsOf(dataset, lists.length);
  return {
    dataset: dataset instanceof PyObject ? dataset : undefined,
    loader,
    inputs: lists.slice(0, inputCount),
    targets: lists.slice(inputCount),
    afterItem: readTransforms(loader.attr('after_item')),
    beforeBatch: readTransforms(loader.attr('before_batch')),
    afterBatch: readTransforms(loader.attr('after_batch')),
  };
}

function transformedLists(dataset: PyValue | undefined): TransformedList[] {
  if (!(dataset instanceof PyObject)) return [];
  const tls = dataset.attr('tls');
  // A language model's dataset is one TfmdLists, not a Datasets of several.
  const lists = asItems(tls) ?? [dataset];
  return lists.flatMap((list) =>
    list instanceof PyObject && list.attr('tfms') !== undefined
      ? [{ transforms: readTransforms(list.attr('tfms')), types: list.attr('types') }]
      : [],
  );
}

/** `Datasets.n_inp`: by default, all lists but the last are inputs. */
function inputsOf(dataset: PyValue | undefined, lists: number): number {
  const stored = dataset instanceof PyObject ? asNumber(dataset.attr('n_inp')) : undefined;
  return stored ?? Math.max(1, lists - 1);
}
