import {
  asDict,
  asItems,
  asNumber,
  PyObject,
  type PyDict,
  type PyValue,
} from '../../torch/index.js';
import { isOfFastai, qualifiedName, readTransforms, transformName } from '../data/pipeline.js';
import { readVocab } from '../data/vocab.js';
import { UnsupportedLearnerError } from '../errors.js';

/** What `FillMissing` does to the numbers. */
export interface FillStep {
  readonly kind: 'fill';
  /** Values for the columns that had gaps in training. Gaps in any other column are refused. */
  readonly values: ReadonlyMap<string, number>;
  /** Whether each of them has a categorical column beside it that tells where the gaps were. */
  readonly addColumns: boolean;
}

/** What `Normalize` does to the numbers. */
export interface NormalizeStep {
  readonly kind: 'normalize';
  readonly means: ReadonlyMap<string, number>;
  readonly stds: ReadonlyMap<string, number>;
}

/** What `Categorify` does to the categories. */
export interface CategorifyStep {
  readonly kind: 'categorify';
  /** Classes by column, beginning with `#na#`. */
  readonly classes: ReadonlyMap<string, readonly PyValue[]>;
}

/** How the targets are shown. */
export interface TargetStep {
  readonly kind: 'categorize' | 'flags';
  readonly vocab: readonly PyValue[];
}

/** A proc of the notebook, which its code decides. */
export interface CodeStep {
  readonly kind: 'code';
  readonly proc: PyValue;
}

export type TabularStep = FillStep | NormalizeStep | CategorifyStep | TargetStep | CodeStep;

/** A `TabularPandas` record: its columns, and its procs in the order in which they run. */
export interface TabularRecord {
  readonly categories: readonly string[];
  readonly numbers: readonly string[];
  readonly targets: readonly string[];
  readonly steps: readonly TabularStep[];
  /** Whether the model gets numbers beside the codes, even none: not for a `TabularCollab`. */
  readonly withNumbers: boolean;
}

/** @throws UnsupportedLearnerError where rows go through a proc that fastai does not ship. */
export function readTabularRecord(
  dataset: PyObject,
  afterBatch: readonly PyValue[],
): TabularRecord {
  const foreign = afterBatch.find((transform) => transformName(transform) !== 'ReadTabBatch');
  if (foreign !== undefined) throw unknownProc(foreign);
  return {
    categories: names(dataset, 'cat_names'),
    numbers: names(dataset, 'cont_names'),
    targets: names(dataset, 'y_names'),
    steps: readTransforms(dataset.attr('procs')).flatMap((proc) => readProc(proc) ?? []),
    withNumbers: transformName(dataset) !== 'TabularCollab',
  };
}

function names(dataset: PyObject, attribute: string): string[] {
  // Columns of a frame without a header are numbered; a row object has them as texts.
  return (asItems(dataset.attr(attribute) ?? []) ?? []).map(String);
}

/** @throws UnsupportedLearnerError for a proc of fastai that is not known here. */
export function readProc(proc: PyValue): TabularStep | undefined {
  // A Transform of fastai's around a function holds that of the notebook.
  if (!(proc instanceof PyObject) || !isOfFastai(proc) || AROUND.has(transformName(proc))) {
    return { kind: 'code', proc };
  }
  switch (transformName(proc)) {
    case 'FillMissing':
      return {
        kind: 'fill',
        values: numbersOf(proc, 'na_dict'),
        addColumns: proc.attr('add_col') !== false,
      };
    case 'Categorify':
      return { kind: 'categorify', classes: classesOf(asDict(proc.attr('classes'))) };
    case 'Normalize':
    case 'NormalizeTab':
      return {
        kind: 'normalize',
        means: numbersOf(proc, 'means'),
        stds: numbersOf(proc, 'stds'),
      };
    case 'Categorize':
      return { kind: 'categorize', vocab: readVocab(proc.attr('vocab')) };
    case 'EncodedMultiCategorize':
      return { kind: 'flags', vocab: readVocab(proc.attr('vocab')) };
    case 'RegressionSetup':
      return undefined;
    default:
      throw unknownProc(proc);
  }
}

function classesOf(classes: PyDict | undefined): Map<string, PyValue[]> {
  return new Map([...(classes ?? [])].map(([name, map]) => [String(name), readVocab(map)]));
}

function numbersOf(proc: PyObject, attribute: string): Map<string, number> {
  const result = new Map<string, number>();
  for (const [name, value] of asDict(proc.attr(attribute)) ?? []) {
    const number = asNumber(value);
    if (number === undefined) {
      throw new UnsupportedLearnerError(
        `The learner's ${transformName(proc)} has no number for the column "${String(name)}"`,
        'check the values it was made with, and export the learner again',
      );
    }
    result.set(String(name), number);
  }
  return result;
}

/** What wraps a function. */
const AROUND: ReadonlySet<string> = new Set(['Transform', 'InplaceTransform']);

/** The error of a proc whose code is nowhere. */
export function unknownProc(proc: PyValue): UnsupportedLearnerError {
  return new UnsupportedLearnerError(
    `The learner prepares its rows with "${qualifiedName(proc)}", whose code is not known here`,
    'name its source with the option "code", or export the learner with cloudpickle',
  );
}
