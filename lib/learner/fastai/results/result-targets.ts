import type { Tensor } from 'onnxruntime-common';
import { PyObject, type PyValue } from '../../torch/index.js';
import type { Answers, LearnerResult, LearnerTask } from '../contract.js';
import type { DataLoadersRecord } from '../data/data-loaders.js';
import { transformName } from '../data/pipeline.js';
import { readTarget, type Target } from '../data/target.js';
import { dlsOfTarget } from '../data/target-types.js';
import { UnsupportedLearnerError } from '../errors.js';
import type { LearnerFile } from '../learner-file.js';
import { transformTitle } from '../vision/transforms/neutral.js';
import { columnsOf, distinct, ownName } from './list-names.js';

/** One of several targets. */
export interface ResultTarget<Encoded = unknown> {
  readonly task: LearnerTask;
  readonly vocab: readonly string[] | undefined;
  decode(target: Tensor, encoded: Encoded): unknown;
}

/** Reads a target as if it were the only one of the file. */
export type ReadsTarget = (file: LearnerFile, labels: Target) => ResultTarget<never>;

/** An inference whose results have a target each. */
export interface ReadingTargets {
  /** Reads one of several targets; undefined for kinds whose results make one row. */
  readonly targetOf?: ReadsTarget;
}

/** The targets of a learner whose model returns several results. */
export interface ResultTargets {
  readonly answers: Required<Pick<Answers, 'task' | 'results'>>;
  /** `dls.vocab` of the targets. */
  readonly vocabs: readonly (readonly string[])[];
  /** fastai's tuple of decoded targets. @throws UnsupportedLearnerError */
  decode(rows: readonly Tensor[], encoded: unknown): unknown;
}

export function readResultTargets(file: LearnerFile, read: ReadsTarget): ResultTargets {
  const { targets } = file.dls;
  const all = targets.map(
    ({ transforms }, at) =>
      read({ ...file, dls: dlsOfTarget(file.dls, at) }, readTarget(transforms)) as ResultTarget,
  );
  const names = targetNames(file.dls, (at) => all[at]!.task);
  return {
    answers: {
      task: 'several',
      results: all.map(({ task, vocab }, at): LearnerResult => {
        return { name: names[at]!, task, ...(vocab && { classes: vocab }) };
      }),
    },
    vocabs: all.flatMap(({ vocab }) => (vocab ? [vocab] : [])),
    decode: (rows, encoded) => {
      if (rows.length !== all.length) throw unfit(rows.length, all.length);
      const decoded = rows.map((row, at) => all[at]!.decode(row, encoded));
      return decoded.length === 1 ? decoded[0] : decoded;
    },
  };
}

/** The error of results without a target each. fastai: "Match length mismatch". */
export function unfit(results: number, targets: number): UnsupportedLearnerError {
  const counted = (count: number, noun: string): string =>
    `${count} ${noun}${count === 1 ? '' : 's'}`;
  return new UnsupportedLearnerError(
    `The learner predicts ${counted(results, 'result')} for ${counted(targets, 'target')}, so ` +
      "fastai's predict fails as well",
    'call getPreds(), which returns the results, or let the model or the activation of its loss ' +
      'return one for each target',
  );
}

const KINDS: Partial<Record<LearnerTask, string>> = {
  classify: 'category',
  multilabel: 'labels',
  regress: 'number',
  segment: 'mask',
};

/** Distinct names: of columns, of functions, or of tasks. */
function targetNames(
  { targets }: Pick<DataLoadersRecord, 'targets'>,
  taskOf: (index: number) => LearnerTask,
): string[] {
  return distinct(
    targets.map(({ transforms }, at) => {
      const task = taskOf(at);
      // PointBlock and MaskBlock make their tensors with `create`.
      const own = ownName(transforms.filter((one) => !/\bcreate$/.test(transformTitle(one))));
      return ownColumn(transforms) ?? own ?? KINDS[task] ?? task;
    }),
  );
}

function ownColumn(transforms: readonly PyValue[]): string | undefined {
  const reader = transforms.find(
    (transform): transform is PyObject =>
      transform instanceof PyObject && transformName(transform) === 'ColReader',
  );
  const [only, ...others] = columnsOf(reader);
  return others.length === 0 ? only : undefined;
}
