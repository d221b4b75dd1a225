import type { LearnerOptions } from '../../contract.js';
import { SeededRandom } from '../../data/random.js';
import { NotAugmentableError } from '../../errors.js';
import { openLearnerFile } from '../../learner-file.js';
import type { ImageToCome } from '../image-model.js';
import { hasOwnCode } from '../own-code.js';
import { Augmenter } from './augmenter.js';

/**
 * Training passes over a list of images: each call begins one, which opens its images by their
 * index in the list.
 *
 * @param source The learner's file, which is read again: training data is not kept.
 * @throws NotAugmentableError
 */
export async function augmentsOf(
  source: string | Uint8Array,
  options: LearnerOptions,
  items: readonly unknown[],
  seed: number,
): Promise<() => (index: number) => Promise<ImageToCome>> {
  const file = openLearnerFile(source);
  try {
    if (hasOwnCode(file, options)) {
      throw new NotAugmentableError(
        "The learner's images go through its own code, which is supported only at inference",
        'use getPreds()',
      );
    }
    const augmenter = new Augmenter(file, options);
    const random = SeededRandom.from(seed);
    return () => augmenter.pass(items, random);
  } finally {
    file.torchFile.close();
  }
}
