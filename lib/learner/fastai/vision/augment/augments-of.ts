import type { LearnerOptions } from '../../contract.js';
import { SeededRandom } from '../../data/random.js';
import { NotAugmentableError } from '../../errors.js';
import { openLearnerFile } from '../../learner-file.js';
import type { ImageToCome } from '../image-model.js';
import { hasOwnCode } from '../own-code.js';
import { Augmenter } from './augmenter.js';

/**
 * Training passes over a list of images: each call begins one, whose images are opened by their
 * places in the list.
 *
 * @param source The learner's file, which is read again: what only serves training is not kept.
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
        "The learner's images go through code of its own, which is followed at inference alone",
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
