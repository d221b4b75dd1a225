import type { InferenceSession } from 'onnxruntime-common';
import type { ModelSession } from '../../onnx/session/model-session.js';
import { UnsupportedLearnerError } from '../errors.js';

/** A tensor that a learner gives to its model; the batch is its first dimension. */
export interface ExpectedInput {
  readonly dtypes: readonly string[];
  /** Sizes after the batch; null if they depend on the item. */
  readonly sizes: readonly (number | null)[];
  /** Sizes that no model may fix, such as the lengths of texts. */
  readonly mustBeFree?: true;
}

/** The requirements on an ONNX model that replaces a learner's own. */
export interface ExpectedModel {
  /** A model may omit some inputs if their types distinguish `inputs`. */
  readonly inputs: readonly ExpectedInput[];
  /**
   * Sizes after the batch of its first output, each as a list of allowed values; null for any size.
   */
  readonly output?: readonly (readonly number[] | null)[];
}

/** The output of a learner with classes for one item: a number for each class. */
export function outputOfClasses(
  classes: readonly string[] | undefined,
  behind: readonly null[] = [],
): Pick<ExpectedModel, 'output'> {
  if (!classes?.length) return {};
  // One number is enough for two classes.
  return { output: [classes.length === 2 ? [2, 1] : [classes.length], ...behind] };
}

const REMEDY =
  "export this learner's own model with torch.onnx.export(learner.model, ...), with a dynamic batch or a batch of 1";

/** @throws UnsupportedLearnerError if the model is not the learner's. */
export function checkModel(session: ModelSession, expected: ExpectedModel): void {
  const left = [...expected.inputs];
  const wanted = expected.inputs.map(asText).join(' and ');
  for (const input of session.inputMetadata) {
    const place = left.findIndex((one) => input.isTensor && one.dtypes.includes(input.type));
    const [match] = place < 0 ? [] : left.splice(place, 1);
    if (!match || !input.isTensor || !isLike(input.shape, match)) {
      refuse(`takes "${input.name}", ${described(input)}, but the learner gives it ${wanted}`);
    }
    const [batch] = input.shape;
    if (typeof batch === 'number' && batch > 1) {
      refuse(`takes batches of ${batch} items only ("${input.name}", ${described(input)})`);
    }
  }
  if (session.inputMetadata.length === 0) refuse('does not take an input');
  const [output] = session.outputMetadata;
  if (!output) return refuse('has no output');
  if (!output.isTensor || output.type !== 'float32') {
    refuse(`returns "${output.name}", ${described(output)}, but the learner expects float32`);
  }
  const sizes = expected.output;
  // The output of a model without a declared shape has no dimensions here.
  if (!sizes || !output.isTensor || output.shape.length === 0) return;
  const fits =
    output.shape.length === sizes.length + 1 &&
    sizes.every((any, axis) => {
      const size = output.shape[axis + 1];
      return any === null || typeof size !== 'number' || size <= 0 || any.includes(size);
    });
  if (fits) return;
  const names = sizes.map((any) => any?.join(' or ') ?? 'any');
  refuse(
    `returns "${output.name}", ${described(output)}, but the learner expects ` +
      `${['batch', ...names].join(' x ')}`,
  );
}

function refuse(fact: string): never {
  throw new UnsupportedLearnerError(`The ONNX model is not this learner's: it ${fact}`, REMEDY);
}

function isLike(
  [, ...shape]: readonly (number | string)[],
  { sizes, mustBeFree }: ExpectedInput,
): boolean {
  if (shape.length !== sizes.length) return false;
  return shape.every((size, axis) => {
    if (typeof size !== 'number' || size <= 0) return true;
    const wanted = sizes[axis];
    return wanted === null ? !mustBeFree : wanted === size;
  });
}

function asText({ dtypes, sizes }: ExpectedInput): string {
  return `${dtypes.join(' or ')} of [${['batch', ...sizes.map((size) => size ?? 'any')].join(', ')}]`;
}

/** Element type and sizes of a model's input or output. */
export function described(value: InferenceSession.ValueMetadata): string {
  if (!value.isTensor) return 'no tensor';
  const sizes = value.shape.map((size) => (size === '' || Number(size) < 0 ? 'any' : size));
  return `${value.type} of [${sizes.join(', ')}]`;
}
