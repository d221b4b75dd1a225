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

/** The effect of `FillMissing` on the numbers. */
export interface FillStep {
  readonly kind: 'fill';
  /** Values for the columns that had gaps in training. Gaps in other columns are refused. */
  readonly values: ReadonlyMap<string, number>;
  /** Whether each of them has a categorical column that marks the gaps. */
  readonly addColumns: boolean;
}

/** The effect of `Normalize` on the numbers. */
export interface NormalizeStep {
  readonly kind: 'normalize';
  readonly means: ReadonlyMap<string, number>;
  readonly stds: ReadonlyMap<string, number>;
}

/** The effect of `Categorify` on the categories. */
export interface CategorifyStep {
  readonly kind: 'categorify';
  /** Classes by column, starting with `#na#`. */
  readonly classes: ReadonlyMap<string, readonly PyValue[]>;
}

/** How the targets are shown. */
export interface TargetStep {
  readonly kind: 'categorize' | 'flags';
  readonly vocab: readonly PyValue[];
}

/** A proc of the notebook; its code defines it. */
export interface CodeStep {
  readonly kind: 'code';
  readonly proc: PyValue;
}

export type TabularStep = FillStep | NormalizeStep | CategorifyStep | TargetStep | CodeStep;

/** A `TabularPandas` record: its columns, and its procs in the order they run. */
export interface TabularRecord {
  readonly categories: readonly string[];
  readonly numbers: readonly string[];
  readonly targets: readonly string[];
  readonly steps: readonly TabularStep[];
  /**
   * Whether the model receives numbers besides the codes, even zero of them: false for a
   * `TabularCollab`.
   */
  readonly withNumbers: boolean;
}

/** @throws UnsupportedLearnerError if rows go through a proc that is not fastai's. */
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
  // Columns of a frame without a header are numbered; a row object has those numbers as texts.
  return (asItems(dataset.attr(attribute) ?? []) ?? []).map(String);
}

/** @throws UnsupportedLearnerError for an unsupported proc of fastai. */
export function readProc(proc: PyValue): TabularStep | undefined {
  // fastai's Transform around a function contains the notebook's function.
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
        'check the arguments of that transform, and export the learner again',
      );
    }
    result.set(String(name), number);
  }
  return result;
}

/** What wraps a function. */
const AROUND: ReadonlySet<string> = new Set(['Transform', 'InplaceTransform']);

/** The error of a proc without code. */
export function unknownProc(proc: PyValue): UnsupportedLearnerError {
  return new UnsupportedLearnerError(
    `The learner prepares its rows with "${qualifiedName(proc)}", whose code is not supported`,
    'give its source with the option "code", or export the learner with cloudpickle',
  );
}
