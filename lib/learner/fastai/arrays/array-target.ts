import type { Tensor } from 'onnxruntime-common';
import { type PyValue, PyObject } from '../../torch/index.js';
import type { DecodedTarget } from '../contract.js';
import { qualifiedName, transformName } from '../data/pipeline.js';
import { numbersOf, type Target } from '../data/target.js';
import { categoryNames, readVocab } from '../data/vocab.js';
import { UndecodedTargetError } from '../errors.js';

/** Numbers of a target of several dimensions. @publicApi */
export type NestedTarget = readonly (number | NestedTarget)[];

/** The decoded prediction of a learner of arrays. @publicApi */
export type DecodedArrayTarget = DecodedTarget | NestedTarget;

const OF_TSAI = /^tsai\./;

/** Targets of arrays: tsai's classes in addition to fastai's. */
export interface ArrayTarget {
  readonly vocab: readonly string[] | undefined;
  readonly task: Target['task'];
  decode(target: Tensor): DecodedArrayTarget;
}

/** @param labels The effect of fastai's transforms of the target. */
export function readArrayTarget(transforms: readonly PyValue[], labels: Target): ArrayTarget {
  const own = transforms.find(
    (record) => OF_TSAI.test(qualifiedName(record)) && OWN.has(transformName(record)),
  );
  if (!(own instanceof PyObject)) {
    return {
      ...labels,
      decode: (target) =>
        labels.vocab === undefined && target.dims.length > 1
          ? nested(target)
          : labels.decode(target),
    };
  }
  const vocab = categoryNames(readVocab(own.attr('vocab')));
  const isMany = transformName(own) === 'TSMultiLabelClassification';
  return {
    vocab,
    task: isMany ? 'multilabel' : 'classify',
    decode: (target) => {
      const ids = numbersOf(target);
      if (target.type === 'bool') return vocab.filter((_, at) => ids[at] === 1);
      // A loss without decodes keeps the model's numbers, and Python truncates them to integers.
      const names = ids.map((id) => vocab.at(Math.trunc(id)));
      if (!names.every((name) => name !== undefined)) throw new UndecodedTargetError();
      return target.dims.length === 0 ? names[0]! : names;
    },
  };
}

const OWN: ReadonlySet<string> = new Set([
  'TSClassification',
  'TSCategorize',
  'TSMultiLabelClassification',
]);

function nested({ dims, data }: Tensor): NestedTarget {
  const numbers = data as Float32Array;
  const rows = (depth: number, start: number, count: number): NestedTarget => {
    const size = count / dims[depth]!;
    return Array.from({ length: dims[depth]! }, (_, at) =>
      depth === dims.length - 1
        ? Number(numbers[start + at])
        : rows(depth + 1, start + at * size, size),
    );
  };
  return rows(0, 0, numbers.length);
}
