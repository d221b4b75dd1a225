import { asItems, PyGlobal, type PyValue } from '../../torch/index.js';
import { UnsupportedLearnerError } from '../errors.js';
import type { LearnerFile } from '../learner-file.js';
import type { RasterMode } from './image/raster.js';
import { doesNothing, unknownTransform } from './transforms/neutral.js';

/** The mode in which each of fastai's image classes opens a file. */
const openModes: ReadonlyMap<string, RasterMode> = new Map([
  ['PILBase', 'RGB'],
  ['PILImage', 'RGB'],
  ['PILImageBW', 'L'],
  ['PILMask', 'L'],
]);

/**
 * The mode of the learner's images. What comes before an image is opened (readers, `get_x`) serves
 * training data only; what comes behind it must be fastai's. @throws UnsupportedLearnerError
 */
export function readImageInput(file: LearnerFile): RasterMode {
  const { inputs } = file.dls;
  const [input] = inputs;
  if (!input || inputs.length !== 1) {
    throw new UnsupportedLearnerError(
      `The learner takes ${inputs.length} inputs, but image learners here take one image`,
      'serve its model with a custom runner over its ONNX file',
    );
  }
  const types = asItems(input.types) ?? [];
  // Stage i is given type i; the type behind the last is what left the pipeline.
  const opened = types.findIndex((type) => modeOf(type) !== undefined);
  for (const transform of opened < 0 ? [] : input.transforms.slice(opened)) {
    if (!doesNothing(transform)) throw unknownTransform(transform);
  }
  const mode = opened < 0 ? undefined : modeOf(types[opened]!);
  if (mode !== undefined) return mode;
  const last = types.at(-1);
  throw new UnsupportedLearnerError(
    `The learner opens its images as ${last instanceof PyGlobal ? `"${last.qualifiedName}"` : 'a class that is not in the file'}`,
    'export a learner whose ImageBlock is of PILImage or PILImageBW',
  );
}

function modeOf(type: PyValue): RasterMode | undefined {
  if (!(type instanceof PyGlobal) || !type.module.startsWith('fastai.vision.')) return undefined;
  return openModes.get(type.name);
}
