import {
  asItems,
  asNumber,
  PyDict,
  PyGlobal,
  type PyObject,
  type PyValue,
} from '../../torch/index.js';
import type { DataLoadersRecord } from './data-loaders.js';

/** The class of one part of a batch, or the parts of a tuple. */
export type BatchType = PyValue | BatchTuple;

export class BatchTuple {
  constructor(
    /** `tuple`, or a class of the user's own. */
    readonly cls: PyValue,
    readonly items: readonly BatchType[],
  ) {}
}

/** Deeper and wider than any learner's batch. */
const DEEPEST = 8;
const MOST = 1000;

/** `dl._types`: the classes of a batch at training. Undefined if the file does not record them. */
export function batchTypes(loader: PyObject): readonly BatchType[] | undefined {
  const types = readType(loader.attr('_types') ?? null, 0);
  if (types === undefined || types === null) return undefined;
  return types instanceof BatchTuple ? types.items : [types];
}

/**
 * `dls.n_inp`: how many parts of a batch the model takes. The loader's own count assumes that the
 * last part is the only target. It applies if the dataset does not have a count.
 */
export function batchInputs({
  dataset,
  loader,
  inputs,
}: Pick<DataLoadersRecord, 'dataset' | 'loader' | 'inputs'>): number {
  if (dataset?.attr('tls') !== undefined) return inputs.length;
  return asNumber(loader.attr('_n_inp')) ?? inputs.length;
}

function readType(type: PyValue, depth: number): BatchType | undefined {
  if (!(type instanceof PyDict)) return type;
  const [entry, another] = [...type];
  const items = entry && asItems(entry[1]);
  if (!items || another !== undefined || depth > DEEPEST || items.length > MOST) return undefined;
  const made = items.map((item) => readType(item, depth + 1));
  return made.includes(undefined) ? undefined : new BatchTuple(entry[0], made as BatchType[]);
}

/** `TensorImage`; '' for a class that is not from a library. */
export function className(type: BatchType | undefined): string {
  return type instanceof PyGlobal ? type.name : '';
}
