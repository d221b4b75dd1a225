import type { Tensor } from 'onnxruntime-common';
import { isTensor } from '../../../learner/runtime/is-tensor.js';
import type {
  LearnerDescription,
  LearnerTask,
  Prediction,
  Results,
} from '../../../learner/fastai/contract.js';
import { InferenceMessageError } from '../../../client/protocol/errors.js';
import type { InferTensor, TensorMetadata } from '../../../client/protocol/messages.js';
import { readExact, writeExact } from './exact-json.js';
import { alike, stacked, unstacked } from './stack.js';
import { isTravelling, textsOf } from './texts.js';

/** fastai's triple by the names of its outputs. */
const DECODED = 'decoded';
const TARGET = 'target';
export const PROBABILITIES = 'probabilities';

/** Whether the output is a class name. */
const TEXT = { content_type: 'str' };
/** Whether the output is JSON, as {@link writeExact} writes it. */
const JSON_TEXT = { content_type: 'str', format: 'json' };

type Triple = Prediction<unknown>;
type AnyTriple = Prediction<unknown, Results>;

/** The name of an output of one of several results. */
const ofResult = (result: string, output: string): string => `${result}.${output}`;

/**
 * The outputs of a learner. The first size is the number of items. Of several results, each has its
 * own; the decoded row of a table is one output.
 */
export function predictionOutputs(learner: LearnerDescription): TensorMetadata[] {
  const { results, columns: ofRow, ...shared } = learner;
  if (results) {
    const each = results.flatMap((result) =>
      predictionOutputs({ ...shared, ...result })
        .filter(({ name }) => !ofRow || name !== DECODED)
        .map((output) => ({ ...output, name: ofResult(result.name, output.name) })),
    );
    const row = { name: DECODED, datatype: 'BYTES', shape: [-1], parameters: JSON_TEXT } as const;
    return ofRow ? [...each, row] : each;
  }
  const { task, classes, targets, columns, size = [-1, -1] } = learner;
  const count = classes?.length ?? -1;
  const output = (
    name: string,
    datatype: TensorMetadata['datatype'],
    shape: readonly number[],
    parameters?: TensorMetadata['parameters'],
  ): TensorMetadata => ({
    name,
    datatype,
    shape: [-1, ...shape],
    ...(parameters && { parameters }),
  });
  switch (task) {
    case 'classify':
      return [
        output(PROBABILITIES, 'FP32', [count]),
        output(TARGET, 'INT64', []),
        // For rows, it is the whole row.
        output(DECODED, 'BYTES', [], columns ? JSON_TEXT : TEXT),
      ];
    case 'multilabel':
      return [
        output(PROBABILITIES, 'FP32', [count]),
        output(TARGET, 'BOOL', [count]),
        output(DECODED, 'BYTES', [], JSON_TEXT),
      ];
    case 'segment':
      return [
        output(PROBABILITIES, 'FP32', [count, ...size]),
        output(TARGET, 'INT64', size),
        output(DECODED, 'INT64', size),
      ];
    case 'image': {
      // Models of super-resolution return larger images.
      const image = [-1, -1, -1];
      return [
        output(PROBABILITIES, 'FP32', image),
        output(TARGET, 'FP32', image),
        output(DECODED, 'INT64', image),
      ];
    }
    case 'points':
      return [
        output(PROBABILITIES, 'FP32', [-1]),
        output(TARGET, 'FP32', [-1]),
        output(DECODED, 'FP32', [-1, 2]),
      ];
    default: {
      const numbers = targets?.length ?? -1;
      return [
        output(PROBABILITIES, 'FP32', [numbers]),
        output(TARGET, 'FP32', [numbers]),
        output(DECODED, 'BYTES', [], JSON_TEXT),
      ];
    }
  }
}

/**
 * The predictions of several items as tensors.
 *
 * @throws InferenceMessageError if their shapes differ, TensorValueError for a value that tensors
 * cannot carry.
 */
export function predictionTensors(
  { task, results = [], columns }: LearnerDescription,
  predictions: readonly AnyTriple[],
  wanted: readonly string[],
): InferTensor[] {
  const writers = new Map<string, () => InferTensor>();
  const add = (name: (output: string) => string, of: LearnerTask, at?: number): void => {
    for (const [output, place] of [
      [PROBABILITIES, 2],
      [TARGET, 1],
    ] as const) {
      writers.set(name(output), () => {
        const tensors = predictions.map((triple) => tensorAt(triple[place], at, results.length));
        return stacked(name(output), tensors);
      });
    }
    const decodedAt = (decoded: unknown): unknown =>
      at === undefined ? decoded : (decoded as readonly unknown[])[at];
    writers.set(name(DECODED), () =>
      decodedTensor(
        name(DECODED),
        of,
        predictions.map(([decoded]) => decodedAt(decoded)),
      ),
    );
  };
  add((output) => output, task);
  results.forEach((result, at) =>
    add((output) => ofResult(result.name, output), columns ? task : result.task, at),
  );
  return wanted.map((name) => writers.get(name)!());
}

/** @throws InferenceMessageError for a loss that makes one of several results, or several of one. */
function tensorAt(given: Results, at: number | undefined, count: number): Tensor {
  const several = isTensor(given) ? undefined : given;
  const tensor = several ? at !== undefined && several.length === count && several[at] : given;
  if (tensor && (several !== undefined) === (at !== undefined)) return tensor as Tensor;
  throw new InferenceMessageError(
    "The learner's loss changes the number of its results, so they are not its named outputs",
    'ask for "decoded" alone, or call the /predict endpoint',
  );
}

/** The reverse: fastai's triple of each item. @throws InferenceMessageError */
export function predictionsOf(
  outputs: readonly InferTensor[],
  { results, columns }: Pick<LearnerDescription, 'results' | 'columns'> = {},
): AnyTriple[] {
  if (!results) return triplesOf(outputs);
  const each = results.map(({ name }) => {
    const own = outputs.flatMap((output) =>
      output.name.startsWith(`${name}.`)
        ? [{ ...output, name: output.name.slice(name.length + 1) }]
        : [],
    );
    const row = columns && outputs.find((output) => output.name === DECODED);
    return triplesOf(row ? [...own, row] : own);
  });
  const [first = []] = each;
  return first.map(([decoded], at): AnyTriple => {
    const triples = each.map((of) => of[at]);
    if (!triples.every((triple) => triple !== undefined)) throw differentCounts();
    return [
      columns ? decoded : triples.map((triple) => triple[0]),
      triples.map((triple) => triple[1]),
      triples.map((triple) => triple[2]),
    ];
  });
}

function differentCounts(): InferenceMessageError {
  return new InferenceMessageError(
    'The outputs of the answer differ in their number of items',
    'use a server that returns the same number in each',
  );
}

function triplesOf(outputs: readonly InferTensor[]): Triple[] {
  const find = (name: string): InferTensor => {
    const found = outputs.find((output) => output.name === name);
    if (found !== undefined) return found;
    const fact = `The answer lacks the output "${name}"`;
    throw new InferenceMessageError(fact, 'use a server that returns the outputs of a learner');
  };
  const decoded = decodedOf(find(DECODED));
  const targets = unstacked(find(TARGET));
  const probabilities = unstacked(find(PROBABILITIES));
  if (decoded.length !== targets.length || targets.length !== probabilities.length) {
    throw differentCounts();
  }
  return decoded.map((value, at): Triple => [value, targets[at]!, probabilities[at]!]);
}

function decodedTensor(name: string, task: LearnerTask, values: readonly unknown[]): InferTensor {
  const shape = [values.length];
  if (values.every(isTensor) && alike(values)) return stacked(name, values);
  if (task === 'classify' && values.every(isTravelling)) {
    return { name, datatype: 'BYTES', shape, data: values, parameters: TEXT };
  }
  const data = values.map((value) => writeExact(name, value));
  return { name, datatype: 'BYTES', shape, data, parameters: JSON_TEXT };
}

function decodedOf(output: InferTensor): unknown[] {
  if (output.datatype !== 'BYTES') return unstacked(output) as Tensor[];
  const texts = textsOf(output);
  return output.parameters?.['format'] === 'json'
    ? texts.map((text) => readExact(DECODED, text))
    : texts;
}
