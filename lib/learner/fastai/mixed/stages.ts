import { Tensor } from 'onnxruntime-common';
import type { Program } from '../../onnx/tracing/program.js';
import { TensorFunction } from '../../onnx/tracing/tensor-function.js';
import { ClassValue, Tuple, type Value } from '../../python/values.js';
import { PyPartial, type PyValue } from '../../torch/index.js';
import type { ImageFiles } from '../code/pil/image-files.js';
import { PilImage } from '../code/pil/image-value.js';
import { isForTraining, throughTransform } from '../code/transforms/transform-classes.js';
import type { LearnerOptions } from '../contract.js';
import type { DataLoadersRecord } from '../data/data-loaders.js';
import { isOfFastai, qualifiedName, transformName } from '../data/pipeline.js';
import { UnsupportedLearnerError } from '../errors.js';
import {
  first,
  isUnknown,
  PROBES,
  probeImage,
  resized,
  tensorOf,
} from '../vision/code-pipeline.js';
import { channelsOf, type RasterMode } from '../vision/image/raster.js';
import { readBatchTransform, type BatchTransform } from '../vision/transforms/batch-transforms.js';
import { readItemTransform, type ItemTransform } from '../vision/transforms/item-transforms.js';
import { doesNothing, transformTitle, unknownTransform } from '../vision/transforms/neutral.js';
import { applyBatch } from '../vision/transforms/planes.js';
import { isBranch, leavesOf, mapLeaves, refill, type Leaf, type Tree } from './leaves.js';
import { valueOfTree, type MadeValues } from './made-values.js';
import { padTexts } from './pad-texts.js';

interface CodeStage {
  readonly kind: 'code';
  readonly name: string;
  readonly transform: Value;
  /** Whether it takes all inputs at once (`ItemTransform`). */
  readonly whole: boolean;
  readonly tensors: TensorFunction;
}

type ItemStage =
  | { readonly kind: 'known'; readonly transform: ItemTransform; readonly name: string }
  | { readonly kind: 'tensor' }
  | CodeStage;

type BatchStage =
  { readonly kind: 'known'; readonly transform: BatchTransform; readonly name: string } | CodeStage;

const isImage = ({ kind, ...leaf }: Leaf): boolean =>
  kind === 'image' || ('cls' in leaf && /^TensorImage(BW)?$/.test(leaf.cls));

/** The stages for all inputs of an item together: after_item, before_batch, after_batch. */
export class Stages {
  readonly #item: readonly ItemStage[];
  readonly #before: readonly PyValue[];
  readonly #batch: readonly BatchStage[];
  /** The class of the tensors that the user's code sees now. */
  #seen = 'TensorImage';

  /** @throws UnsupportedLearnerError if only the name of a transform is known */
  constructor(
    dls: DataLoadersRecord,
    private readonly program: Program,
    private readonly files: ImageFiles,
    private readonly values: MadeValues,
    { trainingOnly, intraOpNumThreads = 1 }: LearnerOptions,
  ) {
    const itemTransform = program.evaluator.resolve('fasttransform.transform.ItemTransform');
    const code = (record: PyValue): CodeStage[] => {
      if (doesNothing(record, trainingOnly)) return [];
      const transform = program.value(record);
      if (isUnknown(program, transform)) throw unknownTransform(record);
      if (isForTraining(program.evaluator, transform)) return [];
      const cls = program.evaluator.typeOf(transform);
      const whole = itemTransform instanceof ClassValue && cls.isSubclassOf(itemTransform);
      const tensors = new TensorFunction(
        program,
        (ctx, inputs) => {
          const made = throughTransform(ctx, transform, new Tuple([...inputs]));
          return inputs.length === 1 ? first(made) : made;
        },
        intraOpNumThreads,
      );
      return [{ kind: 'code', name: transformTitle(record), transform, whole, tensors }];
    };
    this.#item = dls.afterItem.flatMap((record): ItemStage[] => {
      if (isOfFastai(record) && transformName(record) === 'ToTensor') return [{ kind: 'tensor' }];
      const transform = readItemTransform(record);
      if (transform) return [{ kind: 'known', transform, name: transformTitle(record) }];
      return code(record);
    });
    this.#before = dls.beforeBatch.filter((record) => isPadding(record, trainingOnly));
    this.#batch = dls.afterBatch.flatMap((record): BatchStage[] => {
      const known = readBatchTransform(record);
      if (!known) return code(record);
      const name = transformTitle(record);
      return known.map((transform) => ({ kind: 'known', transform, name }));
    });
  }

  get seen(): string {
    return this.#seen;
  }

  /** Runs the stages that see tensors of a class. */
  seeing<T>(cls: string, work: () => T): T {
    const before = this.#seen;
    this.#seen = cls;
    try {
      return work();
    } finally {
      this.#seen = before;
    }
  }

  /** Channels, height and width of a class's images at the model, if all images have the same. */
  async imageSizes(mode: RasterMode, cls: ClassValue): Promise<readonly (number | undefined)[]> {
    const stages = [...this.#item, ...this.#batch];
    if (stages.some((stage) => stage.kind === 'code' && stage.whole)) return [channelsOf(mode)];
    const seen: (readonly number[])[] = [];
    for (const probe of PROBES) {
      const image = new PilImage(probeImage(mode, probe), cls);
      const [leaf] = leavesOf(await this.batch(await this.item([{ kind: 'image', image }])));
      if (leaf?.kind === 'tensor') seen.push(leaf.tensor.dims.slice(1));
    }
    return [0, 1, 2].map((axis) => {
      const size = seen[0]?.[axis];
      return seen.every((dims) => dims[axis] === size) ? size : undefined;
    });
  }

  /** The inputs of one item after its item transforms. */
  async item(inputs: Tree): Promise<Tree> {
    let tree = inputs;
    for (const stage of this.#item) tree = await this.#throughItem(stage, tree);
    return tree;
  }

  /** A batch of one item, as the model receives it. */
  async batch(inputs: Tree): Promise<Tree> {
    let tree = this.#before.reduce<Tree>(padTexts, inputs);
    tree = await mapLeaves(tree, async (leaf) => batchOfOne(leaf));
    for (const stage of this.#batch) {
      tree =
        stage.kind === 'known'
          ? await mapLeaves(tree, async (leaf) => throughKnown(leaf, stage))
          : await this.#batchCode(stage, tree);
    }
    return tree;
  }

  async release(): Promise<void> {
    const stages = [...this.#item, ...this.#batch];
    await Promise.all(stages.map((stage) => stage.kind === 'code' && stage.tensors.release()));
  }

  async #throughItem(stage: ItemStage, tree: Tree): Promise<Tree> {
    if (stage.kind === 'code' && stage.whole) return this.#whole(stage, tree);
    return mapLeaves(tree, async (leaf) => {
      if (leaf.kind === 'tensor') {
        return stage.kind === 'code' ? this.#tensorCode(stage, leaf) : leaf;
      }
      const { image } = leaf;
      switch (stage.kind) {
        case 'tensor': {
          return {
            kind: 'tensor',
            tensor: tensorOf(image.pixels),
            cls: tensorClass(image),
            typed: true,
          };
        }
        case 'known':
          return { kind: 'image', image: resized(image, stage) };
        case 'code': {
          const [made] = await this.values.tree(
            () => [
              first(throughTransform(this.program.evaluator, stage.transform, new Tuple([image]))),
            ],
            (work) => this.files.run(undefined, work),
            [undefined],
          );
          if (made && !isBranch(made) && made.kind === 'image') return made;
          throw new UnsupportedLearnerError(
            `The learner's own "${stage.name}" turns an image into something else`,
            'let it return an image, which ToTensor turns into a tensor',
          );
        }
      }
    });
  }

  /** An ItemTransform sees the tuple of all inputs. */
  async #whole(stage: CodeStage, tree: Tree): Promise<Tree> {
    const { evaluator } = this.program;
    const [made] = await this.#sameClass(stage, tree, () =>
      this.values.tree(
        () => [throughTransform(evaluator, stage.transform, valueOfTree(this.program, tree))],
        (work) => this.files.run(undefined, work),
        [undefined],
      ),
    );
    const before = leavesOf(tree);
    const leaves = leavesOf(made!);
    if (leaves.length !== before.length) throw changesShape(stage.name);
    return refill(
      tree,
      leaves.map((leaf, i) => {
        const own = before[i]!;
        return leaf.kind === 'tensor' && own.kind === 'tensor' ? { ...leaf, cls: own.cls } : leaf;
      }),
    );
  }

  async #batchCode(stage: CodeStage, tree: Tree): Promise<Tree> {
    if (!stage.whole) {
      return mapLeaves(tree, async (leaf) =>
        leaf.kind === 'tensor' ? this.#tensorCode(stage, leaf) : leaf,
      );
    }
    const leaves = leavesOf(tree).flatMap((leaf) => (leaf.kind === 'tensor' ? [leaf] : []));
    if (!isBranch(tree) || leaves.length !== tree.length) throw changesShape(stage.name);
    const made = await this.#sameClass(stage, tree, () =>
      stage.tensors.run(leaves.map(({ tensor }) => tensor)),
    );
    if (made.length !== leaves.length) throw changesShape(stage.name);
    return leaves.map((leaf, i) => ({ ...leaf, tensor: made[i]! }));
  }

  async #tensorCode(stage: CodeStage, leaf: Leaf & { kind: 'tensor' }): Promise<Leaf> {
    const [tensor] = await this.#at(leaf.cls, () => stage.tensors.run([leaf.tensor]));
    return { ...leaf, tensor: tensor! };
  }

  /** Code that asks for the class of a tensor has no answer if the tensors have several classes. */
  async #sameClass<T>(stage: CodeStage, tree: Tree, work: () => Promise<T>): Promise<T> {
    const classes = new Set(
      leavesOf(tree).flatMap((leaf) => (leaf.kind === 'tensor' ? [leaf.cls] : [])),
    );
    if (classes.size > 1) {
      throw new UnsupportedLearnerError(
        `The learner's own "${stage.name}" takes all inputs together, but their tensors have ` +
          `${classes.size} classes`,
        'make it a Transform, which sees each input separately',
      );
    }
    return this.#at([...classes][0] ?? 'TensorImage', work);
  }

  /** Items run one after another, so the class is that of the running item. */
  async #at<T>(cls: string, work: () => Promise<T>): Promise<T> {
    const before = this.#seen;
    this.#seen = cls;
    try {
      return await work();
    } finally {
      this.#seen = before;
    }
  }
}

/** The class of the tensor that `ToTensor` makes from an image. */
function tensorClass({ cls }: PilImage): string {
  const names = new Set(cls.mro.map(({ name }) => name));
  if (names.has('PILMask')) {
    throw new UnsupportedLearnerError(
      'The learner takes masks among its inputs, which is not supported',
      'serve its model as a PyTorch-layer model with pytorch.saveModel(name, learner.model)',
    );
  }
  return names.has('PILImageBW') ? 'TensorImageBW' : 'TensorImage';
}

/** fastai's own transforms see only inputs of their classes: images. */
function throughKnown(leaf: Leaf, stage: Extract<BatchStage, { kind: 'known' }>): Leaf {
  if (leaf.kind !== 'tensor' || !isImage(leaf)) return leaf;
  if (leaf.tensor.dims.length !== 4) {
    throw new UnsupportedLearnerError(
      `"${stage.name}" receives an image of shape [${leaf.tensor.dims.join(', ')}]`,
      'keep the shape [batch, channels, height, width] in the code of the learner',
    );
  }
  return { ...leaf, tensor: applyBatch(leaf.tensor, stage.transform, stage.name) };
}

function batchOfOne(leaf: Leaf): Leaf {
  if (leaf.kind === 'image') {
    throw new UnsupportedLearnerError(
      'The learner has no ToTensor, so its images never become tensors',
      'export a learner from a DataBlock',
    );
  }
  const { type, data, dims } = leaf.tensor;
  return { ...leaf, tensor: new Tensor(type, data as Float32Array, [1, ...dims]) };
}

function changesShape(name: string): UnsupportedLearnerError {
  return new UnsupportedLearnerError(
    `The learner's own "${name}" changes how many inputs there are`,
    'make all inputs with the blocks of the DataBlock',
  );
}

const PADDING: ReadonlySet<string> = new Set([
  'Pad_Chunk',
  'Pad_Input',
  'pad_input',
  'pad_input_chunk',
]);

/** @throws UnsupportedLearnerError for any other step before a batch is made */
function isPadding(record: PyValue, trainingOnly: readonly string[] | undefined): boolean {
  const func = record instanceof PyPartial ? record.func : record;
  const named = transformName(func) === 'Transform' ? transformTitle(func) : transformName(func);
  if (PADDING.has(named.replace(/^.*\./, ''))) return true;
  if (doesNothing(record, trainingOnly)) return false;
  throw new UnsupportedLearnerError(
    `The learner changes its items with "${qualifiedName(func)}" before it makes a batch`,
    'move that step to a transform of the items, and export the learner again',
  );
}
