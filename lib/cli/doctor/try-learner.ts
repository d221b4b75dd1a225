import type { LearnerInput, TabularSchema } from '../../learner/fastai/contract.js';
import { InputError } from '../../learner/errors/index.js';
import { Learner } from '../../learner/fastai/learner.js';
import { LMLearner } from '../../learner/fastai/text/lm/lm-learner.js';
import { addLoweringError } from './check-model.js';
import type { Overrides } from './check-transforms.js';
import type { Findings } from './findings.js';

/**
 * Loads the learner as a service would, and predicts once: whether a model can be lowered depends on
 * its attributes too, and some things show with the first prediction only.
 */
export async function tryLearner(
  file: string,
  overrides: Overrides,
  suspects: Parameters<typeof addLoweringError>[1],
  findings: Findings,
): Promise<void> {
  findings.checked.add('model');
  let learner: Learner | LMLearner;
  try {
    learner = (await Learner.load(file, overrides)) as Learner | LMLearner;
  } catch (error) {
    addLoweringError(error, suspects, findings);
    return;
  }
  try {
    // With an activation that is only assumed, decoding would say nothing.
    if (findings.none) await tryPrediction(learner, findings);
  } finally {
    await learner.release();
  }
}

async function tryPrediction(learner: Learner | LMLearner, findings: Findings): Promise<void> {
  findings.checked.add('prediction');
  try {
    if (learner instanceof LMLearner) await learner.predict('The quick brown fox', 1);
    else {
      const example = exampleFor(learner);
      if (example !== undefined) await learner.predict(example);
    }
  } catch (error) {
    // The example, which is made up, may be what the learner does not take.
    if (!(error instanceof InputError)) findings.report('prediction', error);
  }
}

function exampleFor(learner: Learner): unknown {
  if (learner.kind === 'vision') return greyImage(256);
  if (learner.kind === 'array') return zeros(learner.description.shape);
  if (learner.kind === 'text') return 'The quick brown fox jumps over the lazy dog.';
  if (learner.kind === 'mixed') return exampleParts(learner.description.inputs ?? []);
  return rowFor(learner.schema);
}

/** Undefined where only a row of the training tells how many numbers an input has. */
function exampleParts(inputs: readonly LearnerInput[]): unknown {
  const parts = inputs.map(({ kind, shape = [], columns }) => {
    if (kind === 'vision') return greyImage(256);
    if (kind === 'text') return 'The quick brown fox jumps over the lazy dog.';
    if (columns) return columns.columns[0]?.example;
    const [length] = shape;
    return typeof length === 'number' ? Array.from({ length }, () => 0) : undefined;
  });
  return parts.includes(undefined) ? undefined : parts;
}

function rowFor({ columns }: TabularSchema): Record<string, unknown> {
  return Object.fromEntries(columns.map(({ name, example }) => [name, example]));
}

/** Sizes that a learner leaves open are large enough for most of its layers. */
function zeros(shape: readonly (number | null)[] = [8]) {
  const dims = shape.map((size, axis) => size ?? (axis === shape.length - 1 ? 64 : 1));
  return { dims, data: new Float32Array(dims.reduce((product, size) => product * size, 1)) };
}

/** As pixels, so that no decoder has to be loaded. */
function greyImage(size: number) {
  return {
    width: size,
    height: size,
    channels: 3,
    data: new Uint8Array(size * size * 3).fill(127),
  };
}
