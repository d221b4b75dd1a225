import type { Program } from '../../onnx/tracing/program.js';
import { asItems, PyGlobal } from '../../torch/index.js';
import { holdTensors } from '../code/hold-tensors.js';
import { ImageFiles } from '../code/pil/image-files.js';
import type { ImageClasses } from '../code/pil/names.js';
import type { LearnerInput, LearnerOptions } from '../contract.js';
import { UnexpectedItemError } from '../errors.js';
import type { LearnerFile } from '../learner-file.js';
import type { ShownInputs } from '../shown.js';
import { openTextPipeline } from '../text/open-pipeline.js';
import type { TextPipeline } from '../text/text-pipeline.js';
import { rasterOfTensor } from '../vision/code-pipeline.js';
import { channelsOf } from '../vision/image/raster.js';
import { ownImageProgram } from '../vision/own-image-program.js';
import { InputChain } from './input-chain.js';
import { describeInputs, readInputs, type InputRecords, type Slot } from './input-record.js';
import { ItemEntry } from './item-entry.js';
import { leavesOf, type Leaf } from './leaves.js';
import { MadeValues } from './made-values.js';
import type { Arrangement, ExpectedInput } from './mixed-model.js';
import { Stages } from './stages.js';

type TensorLeaf = Extract<Leaf, { kind: 'tensor' }>;

/** All steps between an item and the model. */
export class Preparation {
  readonly #chains: readonly InputChain[];
  readonly #values: MadeValues;
  readonly #stages: Stages;
  readonly #entry: ItemEntry;
  /** Keeps tensors that the code uses readable. */
  readonly held: readonly Uint8Array[];
  /** The channels, height and width at the model, for the images of each list. */
  #sizes: readonly (readonly (number | undefined)[])[] = [];
  /** Items run one after another: the code of the file is one program. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(
    file: LearnerFile,
    private readonly records: InputRecords,
    program: Program,
    files: ImageFiles,
    classes: ImageClasses,
    texts: readonly (TextPipeline | undefined)[],
    options: LearnerOptions,
    setSeen: (seen: () => string) => void,
  ) {
    const { afterItem, afterBatch } = file.dls;
    this.#values = new MadeValues(program, options.intraOpNumThreads ?? 1);
    const { trainingOnly } = options;
    this.#chains = records.inputs.map(
      (record, i) =>
        new InputChain(record, { program, files, classes, trainingOnly, text: texts[i] }),
    );
    this.#stages = new Stages(file.dls, program, files, this.#values, options);
    setSeen(() => this.#stages.seen);
    const { spread } = records;
    this.#entry = new ItemEntry(program, files, this.#chains, this.#values, spread);
    const readers = records.inputs.flatMap(({ list }) => list.transforms);
    this.held = holdTensors([...readers, ...afterItem, ...afterBatch]);
  }

  static async open(file: LearnerFile, options: LearnerOptions): Promise<Preparation> {
    const records = readInputs(file);
    const files = new ImageFiles();
    let seen = (): string => 'TensorImage';
    const { program, classes } = await ownImageProgram(files, options, () => seen());
    const texts: (TextPipeline | undefined)[] = [];
    for (const { list, slots } of records.inputs) {
      const isText = slots.length === 1 && slots[0]!.kind === 'text';
      const alone = { ...file, dls: { ...file.dls, inputs: [list] } };
      texts.push(isText ? await openTextPipeline(alone, options) : undefined);
    }
    const made = new Preparation(file, records, program, files, classes, texts, options, (own) => {
      seen = own;
    });
    const sizes: (readonly (number | undefined)[])[] = [];
    for (const { opensImages, mode, image } of made.#chains) {
      sizes.push(opensImages ? await made.#stages.imageSizes(mode, image) : []);
    }
    made.#sizes = sizes;
    return made;
  }

  get #slots(): readonly Slot[] {
    return this.records.inputs.flatMap(({ slots }) => slots);
  }

  get described(): LearnerInput[] {
    const sizes = this.#sizes.map(([, height, width]): LearnerInput['size'] =>
      height !== undefined && width !== undefined ? [height, width] : undefined,
    );
    return describeInputs(this.records, sizes);
  }

  /** The vocabularies of the inputs: tokens and categories. */
  get vocabs(): (readonly string[])[] {
    return this.#chains.flatMap(({ vocab }) => (vocab ? [vocab] : []));
  }

  get arrangement(): Arrangement {
    let next = 0;
    const { inputs, spread } = this.records;
    return inputs.flatMap(({ slots, tuple }): Arrangement => {
      const places = slots.map(() => next++);
      return tuple === undefined || spread ? places : [places];
    });
  }

  get expected(): ExpectedInput[] {
    return this.records.inputs.flatMap(({ slots, list }, i) =>
      slots.map((slot, place): ExpectedInput => {
        const own = `${i}_${place}`;
        switch (slot.kind) {
          case 'image': {
            const names = ['channels', 'height', 'width'];
            const dims = names.map((name, axis) => this.#sizes[i]?.[axis] ?? `${name}${own}`);
            return { slot, dtype: 'float32', dims };
          }
          case 'text':
            return { slot, dtype: 'int64', dims: [`length${own}`] };
          case 'category':
            return { slot, dtype: 'int64', dims: [] };
          case 'numbers': {
            if (slot.length !== undefined) return { slot, dtype: 'float32', dims: [slot.length] };
            const last = slots.length === 1 ? asItems(list.types)?.at(-1) : undefined;
            const scalar = last instanceof PyGlobal ? SCALARS.get(last.name) : undefined;
            return { slot, dtype: scalar, dims: scalar && [] };
          }
        }
      }),
    );
  }

  /** A batch of one item, input by input. */
  batch(item: unknown): Promise<TensorLeaf[]> {
    return this.#inTurn(async () => {
      const tree = await this.#stages.batch(await this.#stages.item(await this.#entry.enter(item)));
      return leavesOf(tree).map((leaf) => leaf as TensorLeaf);
    });
  }

  /** The item as the model sees it. */
  show(item: unknown): Promise<ShownInputs> {
    return this.#inTurn(async () => {
      const leaves = leavesOf(await this.#stages.item(await this.#entry.enter(item)));
      return { inputs: this.#slots.map((slot, i) => this.#shown(slot, leaves[i]!)) };
    });
  }

  release(): Promise<void> {
    return this.#stages.release();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  #shown(slot: Slot, leaf: Leaf): ShownInputs['inputs'][number] {
    const { name } = slot;
    if (leaf.kind === 'image') throw new UnexpectedItemError('an image', 'a tensor');
    const { tensor } = leaf;
    if (slot.kind === 'image' && tensor.dims.length === 3) {
      const { mode, width, height, data } = rasterOfTensor(tensor);
      return { name, image: { width, height, channels: channelsOf(mode), data } };
    }
    const values = Array.from(tensor.data as ArrayLike<number | bigint>, Number);
    if (slot.kind !== 'text') return { name, values, shape: [...tensor.dims] };
    const chain = this.#chains.find(({ record }) => record.slots.includes(slot));
    return { name, tokens: chain?.tokens(Int32Array.from(values)) ?? [] };
  }
}

const SCALARS: ReadonlyMap<string, 'float64' | 'int64' | 'bool'> = new Map([
  ['float', 'float64'],
  ['int', 'int64'],
  ['bool', 'bool'],
]);
