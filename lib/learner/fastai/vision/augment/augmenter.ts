import { asNumber, PyGlobal, PyObject, type PyValue } from '../../../torch/index.js';
import type { LearnerOptions } from '../../contract.js';
import { isOfFastai, transformName } from '../../data/pipeline.js';
import { SeededRandom } from '../../data/random.js';
import { NotAugmentableError } from '../../errors.js';
import type { LearnerFile } from '../../learner-file.js';
import { readImageInput, readInput } from '../image-input.js';
import { openImage } from '../image-item.js';
import type { ImageToCome } from '../image-model.js';
import { renderedOr } from '../image/pixel-source.js';
import type { RasterMode } from '../image/raster.js';
import { toRaster } from '../image/render.js';
import { View } from '../image/view.js';
import { transformTitle } from '../transforms/neutral.js';
import { planesOf } from '../transforms/planes.js';
import { readBatchAugment, type BatchAugment, type Changed } from './batch-augments.js';
import { readItemAugment, type ItemAugment } from './item-augments.js';

/** fastai's `bs`. */
const BATCH_SIZE = 64;

/** Transforms that do not change an image, even in training. */
const NEUTRAL: readonly string[] = ['ToTensor', 'AddMaskCodes', 'PointScaler', 'Cuda'];

/**
 * fastai's training pass over images. Each pass draws new numbers, for batches of the learner's
 * size.
 */
export class Augmenter {
  readonly #mode: RasterMode;
  readonly #item: readonly ItemAugment[];
  readonly #batch: readonly BatchAugment[];
  readonly #batchSize: number;

  /** @throws NotAugmentableError for unsupported transforms */
  constructor(file: LearnerFile, { trainingOnly }: Pick<LearnerOptions, 'trainingOnly'>) {
    const { afterItem, afterBatch, loader } = file.dls;
    this.#mode = readImageInput(file, trainingOnly);
    this.#item = augments([...readInput(file).behind, ...afterItem], readItemAugment);
    this.#batch = augments(afterBatch, readBatchAugment);
    this.#batchSize = Math.max(1, asNumber(loader.attr('bs')) ?? BATCH_SIZE);
  }

  pass(items: readonly unknown[], random: SeededRandom): (index: number) => Promise<ImageToCome> {
    // Images open concurrently, so each has its own random numbers.
    const seeds = items.map(() => Math.floor(random.next() * 2 ** 53));
    const changes: Changed[][] = [];
    for (let start = 0; start < items.length; start += this.#batchSize) {
      const images = Math.min(this.#batchSize, items.length - start);
      const drawn = this.#batch.map((augment) => augment(images, random));
      for (let image = 0; image < images; image++) changes.push(drawn.map((of) => of(image)));
    }
    return (index) => this.#open(items[index], seeds[index]!, changes[index]!);
  }

  async #open(item: unknown, seed: number, changes: readonly Changed[]): Promise<ImageToCome> {
    const opened = await openImage(item, this.#mode);
    const raster = await renderedOr(opened, (source) => {
      const random = SeededRandom.from(seed);
      const start = View.of(source, this.#mode);
      return toRaster(this.#item.reduce((view, augment) => augment(view, random), start));
    });
    const { data, ...size } = changes.reduce((planes, change) => change(planes), planesOf(raster));
    return { ...size, job: undefined, write: async (out) => out.set(data) };
  }
}

function augments<T>(records: readonly PyValue[], read: (record: PyObject) => T | undefined): T[] {
  return records.flatMap((record) => {
    if (isNeutral(record)) return [];
    const known = record instanceof PyObject ? read(record) : undefined;
    if (known !== undefined) return [known];
    throw new NotAugmentableError(
      `The learner's training changes images with "${transformTitle(record)}", which is not ` +
        'supported',
      'use getPreds()',
    );
  });
}

/** This includes transforms for validation only. */
function isNeutral(record: PyValue): boolean {
  if (record instanceof PyGlobal) return record.name === 'noop' && isOfFastai(record);
  if (!(record instanceof PyObject)) return false;
  if (!isOfFastai(record)) return asNumber(record.attr('split_idx')) === 1;
  return NEUTRAL.includes(transformName(record)) || transformTitle(record) === 'noop';
}
