import type { Tensor } from 'onnxruntime-common';
import type { Module } from '../../torch/module.js';
import type {
  Answers,
  Inference,
  LearnerInput,
  LearnerOptions,
  Results,
  Vocab,
} from '../contract.js';
import { joinTensors } from '../data/tensor-rows.js';
import type { Target } from '../data/target.js';
import { NotExplainableError, UnexpectedItemError, UnsupportedLearnerError } from '../errors.js';
import type { LearnerFile } from '../learner-file.js';
import { imageTargetOf, readImageTarget, type DecodedImageTarget } from '../vision/image-target.js';
import { drawnTransform } from '../vision/transforms/drawn-transform.js';
import { joinResults } from '../results/results.js';
import type { ReadingTargets } from '../results/result-targets.js';
import { MixedModel } from './mixed-model.js';
import { Preparation } from './preparation.js';
import { rowsDone } from '../../runtime/rows-done.js';

/** An item. Its files decide what it becomes, so it is prepared when the model runs. */
interface EncodedItem {
  readonly item: unknown;
  /** The size of its first image. */
  size?: { readonly width: number; readonly height: number };
}

/**
 * Inference with several inputs. @throws UnsupportedLearnerError for foreign transforms or targets.
 */
export async function createMixedInference(
  file: LearnerFile,
  labels: Target,
  options: LearnerOptions,
): Promise<Inference<EncodedItem, DecodedImageTarget> & ReadingTargets> {
  const target = readImageTarget(file, labels);
  const preparation = await Preparation.open(file, options);
  refusePaddedTexts(file, preparation.described);
  const model = await MixedModel.open(file, preparation.expected, preparation.arrangement, options);
  const { task, vocab } = target;
  const answers: Answers = {
    task,
    ...(vocab && { classes: vocab }),
    inputs: preparation.described,
  };
  return {
    vocab: vocabOf(preparation.vocabs, vocab),
    inputVocabs: preparation.vocabs,
    answers,
    get form() {
      return model.form;
    },
    targetOf: imageTargetOf,
    encode: (item) => ({ item }),
    drawn: drawnTransform(file.dls),
    forward: async (batch) => {
      const rows: Results[] = [];
      for (const encoded of batch) {
        const leaves = await preparation.batch(encoded.item);
        const image = leaves.find(({ cls }) => cls.startsWith('TensorImage'))?.tensor.dims;
        if (image) encoded.size = { height: image.at(-2)!, width: image.at(-1)! };
        rows.push(await model.forward(leaves));
        rowsDone(rows.length, batch.length);
      }
      return rows.length === 1 ? rows[0]! : joinResults(rows, joinTensors);
    },
    inputs: async (batch) => {
      const items: Tensor[][] = [];
      for (const { item } of batch) {
        items.push((await preparation.batch(item)).map(({ tensor }) => tensor));
      }
      return items[0]!.map((_, input) => stacked(items.map((tensors) => tensors[input]!)));
    },
    decode: (row, { size }) => target.decode(row, size ?? { width: 0, height: 0 }),
    show: (item) => preparation.show(item),
    explain: async () => {
      throw new NotExplainableError(
        'The learner takes several inputs, and explain() cannot weigh their parts against ' +
          'each other',
        'call explain() on a learner of one image, one text or one row',
      );
    },
    release: async () => {
      await Promise.all([model.release(), preparation.release()]);
    },
  };
}

/** Joins batches of one. @throws UnexpectedItemError */
function stacked(tensors: readonly Tensor[]): Tensor {
  const kinds = new Set(tensors.map(({ type, dims }) => `${type} ${dims.join('x')}`));
  if (kinds.size === 1) return joinTensors(tensors);
  throw new UnexpectedItemError(
    'items whose inputs differ in size',
    'one item at a time, or items of the same sizes',
  );
}

/** `dls.vocab`: the only list, or one for each input and target that has one. */
function vocabOf(inputs: readonly (readonly string[])[], target: Vocab | undefined): Vocab {
  const lists = [...inputs, ...(target ? [target as readonly string[]] : [])];
  return lists.length === 1 ? lists[0]! : lists.length === 0 ? [] : lists;
}

/**
 * If there are several texts, the shorter are padded, and fastai's encoder skips whole chunks of
 * padding.
 */
function refusePaddedTexts({ model }: LearnerFile, inputs: readonly LearnerInput[]): void {
  if (inputs.filter(({ kind }) => kind === 'text').length < 2) return;
  const waiting: Module[] = [model];
  for (let module = waiting.pop(); module; module = waiting.pop()) {
    if (module.className.endsWith('.SentenceEncoder')) {
      throw new UnsupportedLearnerError(
        "The learner takes several texts, and its model contains fastai's SentenceEncoder, " +
          'which skips padding',
        'serve its model as a PyTorch-layer model with pytorch.saveModel(name, learner.model)',
      );
    }
    for (const child of module.children.values()) if (child) waiting.push(child);
  }
}
