import type { Program } from '../../onnx/tracing/program.js';
import type { Names } from '../../python/context.js';
import type { Value } from '../../python/values.js';
import { numpyNames } from '../code/numpy/names.js';
import { ownProgram } from '../code/own-program.js';
import type { ImageFiles } from '../code/pil/image-files.js';
import { pilNames, type ImageClasses } from '../code/pil/names.js';
import { tensorClasses, type ImageTensor } from '../code/transforms/tensor-classes.js';
import { transformNames } from '../code/transforms/transform-classes.js';
import type { LearnerOptions } from '../contract.js';

/** A program for code that runs on images: with PIL, numpy and fastai's transforms. */
export async function ownImageProgram(
  files: ImageFiles,
  options: LearnerOptions,
  image: () => ImageTensor,
): Promise<{ readonly program: Program; readonly classes: ImageClasses }> {
  const { names, classes } = pilNames(files);
  const program = await ownProgram(options, (_env, self) => {
    const base = (): Value | undefined => self().evaluator.resolve('torch.Tensor');
    const tables: Names[] = [names, numpyNames, transformNames(), tensorClasses(base, image)];
    return tables;
  });
  return { program, classes };
}
