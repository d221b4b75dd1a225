import { asItems, PyGlobal, type PyValue } from '../../torch/index.js';
import { isOfFastai, qualifiedName } from '../data/pipeline.js';
import { UnsupportedLearnerError } from '../errors.js';
import type { LearnerFile } from '../learner-file.js';
import type { RasterMode } from './image/raster.js';
import { doesNothing, unknownTransform } from './transforms/neutral.js';

/** The mode in which each fastai image class opens a file. */
const openModes: ReadonlyMap<string, RasterMode> = new Map([
  ['PILBase', 'RGB'],
  ['PILImage', 'RGB'],
  ['PILImageBW', 'L'],
  ['PILMask', 'L'],
]);

/** How an item becomes an image. */
export interface ImageInput {
  /** Undefined for a class that is not fastai's. */
  readonly mode: RasterMode | undefined;
  /**
   * The steps from an item to an opened image: readers, `get_x`, and finally the class that opens
   * it.
   */
  readonly before: readonly PyValue[];
  /** The later steps for an opened image in the same pipeline. */
  readonly behind: readonly PyValue[];
  /** The class of an opened image. */
  readonly opensAs: PyValue | undefined;
  /** The type that each stage of `before` received in training. */
  readonly types: readonly PyValue[];
}

/** @throws UnsupportedLearnerError for several inputs */
export function readInput(file: Pick<LearnerFile, 'dls'>): ImageInput {
  const { inputs } = file.dls;
  const [input] = inputs;
  if (!input || inputs.length !== 1) {
    throw new UnsupportedLearnerError(
      `The learner takes ${inputs.length} inputs, but only image learners with one image are ` +
        'supported',
      'serve its model with a custom runner over its ONNX file',
    );
  }
  const types = asItems(input.types) ?? [];
  // Stage i received type i; the type after the last is the pipeline's output.
  const opened = types.findIndex((type) => modeOf(type) !== undefined);
  const at = opened < 0 ? types.length - 1 : opened;
  return {
    mode: opened < 0 ? undefined : modeOf(types[opened]!),
    before: input.transforms.slice(0, at),
    behind: input.transforms.slice(at),
    opensAs: types[at],
    types: types.slice(0, at),
  };
}

/**
 * The mode of the learner's images. Steps before the opening (readers, `get_x`) serve training data
 * only; later steps must be fastai's. @throws UnsupportedLearnerError
 */
export function readImageInput(file: LearnerFile, trainingOnly?: readonly string[]): RasterMode {
  const input = readInput(file);
  const { mode, behind } = input;
  if (mode === undefined) throw unknownOpening(input);
  for (const transform of behind) {
    if (!doesNothing(transform, trainingOnly)) throw unknownTransform(transform);
  }
  return mode;
}

/** The images are of a class that is neither fastai's nor known. */
export function unknownOpening({ opensAs, before }: ImageInput): UnsupportedLearnerError {
  const opener = before.at(-1);
  if (opensAs instanceof PyGlobal && isOfFastai(opensAs) && opener !== undefined) {
    return new UnsupportedLearnerError(
      `The learner opens its images with "${qualifiedName(opener)}", which makes a ${opensAs.name}`,
      'serve its model alone with the PyTorch layer, or train with an ImageBlock of PILImage or PILImageBW',
    );
  }
  return new UnsupportedLearnerError(
    `The learner opens its images as ${opensAs instanceof PyGlobal ? `"${opensAs.qualifiedName}", which` : 'a class that'} the file does not contain`,
    'give its source with "code", or export a learner whose ImageBlock is of PILImage or PILImageBW',
  );
}

/** The mode in which a fastai class opens a file; undefined for other classes. */
export function modeOf(type: PyValue): RasterMode | undefined {
  if (!(type instanceof PyGlobal) || !type.module.startsWith('fastai.vision.')) return undefined;
  return openModes.get(type.name);
}
