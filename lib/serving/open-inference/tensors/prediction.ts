import type { Tensor } from 'onnxruntime-common';
import { isTensor } from '../../../learner/runtime/is-tensor.js';
import type { LearnerDescription, Prediction } from '../../../learner/fastai/contract.js';
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

/** The outputs of a learner. The first size is the number of items. */
export function predictionOutputs(learner: LearnerDescription): TensorMetadata[] {
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
  { task }: LearnerDescription,
  predictions: readonly Triple[],
  wanted: readonly string[],
): InferTensor[] {
  const written: Readonly<Record<string, () => InferTensor>> = {
    [PROBABILITIES]: () =>
      stacked(
        PROBABILITIES,
        predictions.map((triple) => triple[2]),
      ),
    [TARGET]: () =>
      stacked(
        TARGET,
        predictions.map((triple) => triple[1]),
      ),
    [DECODED]: () =>
      decodedTensor(
        task,
        predictions.map(([decoded]) => decoded),
      ),
  };
  return wanted.map((name) => written[name]!());
}

/** The reverse: fastai's triple of each item. @throws InferenceMessageError */
export function predictionsOf(outputs: readonly InferTensor[]): Triple[] {
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
    throw new InferenceMessageError(
      'The outputs of the answer differ in their number of items',
      'use a server that returns the same number in each',
    );
  }
  return decoded.map((value, at): Triple => [value, targets[at]!, probabilities[at]!]);
}

function decodedTensor(task: LearnerDescription['task'], values: readonly unknown[]): InferTensor {
  const shape = [values.length];
  if (values.every(isTensor) && alike(values)) return stacked(DECODED, values);
  if (task === 'classify' && values.every(isTravelling)) {
    return { name: DECODED, datatype: 'BYTES', shape, data: values, parameters: TEXT };
  }
  const data = values.map((value) => writeExact(DECODED, value));
  return { name: DECODED, datatype: 'BYTES', shape, data, parameters: JSON_TEXT };
}

function decodedOf(output: InferTensor): unknown[] {
  if (output.datatype !== 'BYTES') return unstacked(output) as Tensor[];
  const texts = textsOf(output);
  return output.parameters?.['format'] === 'json'
    ? texts.map((text) => readExact(DECODED, text))
    : texts;
}
