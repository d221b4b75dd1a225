import type { Program } from '../../onnx/tracing/program.js';
import type { Names } from '../../python/context.js';
import type { Value } from '../../python/values.js';
import { numpyNames } from '../code/numpy/names.js';
import { albumentationsNames } from '../code/augmentations/albumentations.js';
import { opencvNames } from '../code/augmentations/opencv-names.js';
import { torchvisionNames } from '../code/augmentations/torchvision.js';
import { ownProgram } from '../code/own-program.js';
import type { ImageFiles } from '../code/pil/image-files.js';
import { pilNames, type ImageClasses } from '../code/pil/names.js';
import { tensorClasses } from '../code/transforms/tensor-classes.js';
import { transformNames } from '../code/transforms/transform-classes.js';
import type { LearnerOptions } from '../contract.js';
import { arrayTensors } from '../entry/array-tensors.js';
import { getterNames } from '../entry/getter-names.js';

/**
 * A program for code that runs on images: with PIL, numpy, and the transforms of fastai,
 * albumentations and torchvision.
 */
export async function ownImageProgram(
  files: ImageFiles,
  options: LearnerOptions,
  image: () => string,
): Promise<{ readonly program: Program; readonly classes: ImageClasses }> {
  const { names, classes } = pilNames(files);
  const program = await ownProgram(options, (env, self) => {
    const base = (): Value | undefined => self().evaluator.resolve('torch.Tensor');
    const resolve = (name: string): Value | undefined => self().evaluator.resolve(name);
    const tables: Names[] = [
      names,
      numpyNames,
      arrayTensors(env),
      getterNames(resolve),
      transformNames(),
      tensorClasses(base, image),
      albumentationsNames(),
      torchvisionNames(),
      opencvNames,
    ];
    return tables;
  });
  return { program, classes };
}
