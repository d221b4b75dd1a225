import type { Program } from '../../onnx/tracing/program.js';
import { PathValue } from '../../python/modules/paths.js';
import { asStr } from '../../python/builtins/unwrap.js';
import { ClassValue, Instance, List, Tuple, type Value } from '../../python/values.js';
import { asItems, type PyValue } from '../../torch/index.js';
import type { ImageFiles } from '../code/pil/image-files.js';
import type { ImageClasses } from '../code/pil/names.js';
import { PilImage } from '../code/pil/image-value.js';
import { isForTraining, throughTransform } from '../code/transforms/transform-classes.js';
import { entryStage, isOfFastai, qualifiedName, transformName } from '../data/pipeline.js';
import { categoryNames } from '../data/vocab.js';
import { UnexpectedItemError, UnsupportedLearnerError } from '../errors.js';
import { isUnknown } from '../vision/code-pipeline.js';
import { modeOf } from '../vision/image-input.js';
import type { RasterMode } from '../vision/image/raster.js';
import { isOwnReader } from '../vision/own-code.js';
import { doesNothing, unknownTransform } from '../vision/transforms/neutral.js';
import type { TextPipeline } from '../text/text-pipeline.js';
import type { InputRecord } from './input-record.js';

/** One transform of an input's list, as a step for an item. */
type Stage =
  | { readonly kind: 'skip' }
  | { readonly kind: 'open'; readonly mode: RasterMode; readonly cls: ClassValue }
  | { readonly kind: 'code'; readonly record: PyValue; readonly transform: Value }
  | { readonly kind: 'numbers' }
  | { readonly kind: 'category'; readonly names: readonly string[] }
  | { readonly kind: 'text' };

/** The parts of the learner that an input's list needs. */
export interface ChainTools {
  readonly program: Program;
  readonly files: ImageFiles;
  readonly classes: ImageClasses;
  readonly trainingOnly: readonly string[] | undefined;
  /** For a list that ends in Numericalize. */
  readonly text: TextPipeline | undefined;
}

/** The list of transforms that turns an item into an input, from any stage on. */
export class InputChain {
  readonly #stages: readonly Stage[];
  readonly types: PyValue | undefined;
  /** The stage that opens an image; undefined if none does. */
  readonly opener: number | undefined;
  /** How the images of an item are opened. */
  readonly mode: RasterMode;
  readonly image: ClassValue;

  /** @throws UnsupportedLearnerError if only the name of a transform is known */
  constructor(
    readonly record: InputRecord,
    private readonly tools: ChainTools,
  ) {
    const { transforms, types } = record.list;
    this.types = types;
    const given = asItems(types) ?? [];
    const texts = tools.text ? textStage(record) : transforms.length;
    this.#stages = transforms.map((transform, index): Stage => {
      if (index >= texts) return index === texts ? { kind: 'text' } : { kind: 'skip' };
      return this.#stage(transform, given[index + 1] ?? null);
    });
    const opener = this.#stages.findIndex(({ kind }) => kind === 'open');
    this.opener = opener < 0 ? undefined : opener;
    const opened = this.#stages[opener];
    const isGrey = record.slots.some(({ cls }) => cls === 'TensorImageBW');
    const { PILImage, PILImageBW } = tools.classes;
    this.mode = opened?.kind === 'open' ? opened.mode : isGrey ? 'L' : 'RGB';
    this.image = opened?.kind === 'open' ? opened.cls : isGrey ? PILImageBW : PILImage;
  }

  get opensImages(): boolean {
    return this.record.slots.some(({ kind }) => kind === 'image');
  }

  /** The tokens of a text, or the names of a category. */
  get vocab(): readonly string[] | undefined {
    const [slot] = this.record.slots;
    return this.tools.text?.vocab ?? (slot?.vocab && categoryNames(slot.vocab));
  }

  get length(): number {
    return this.#stages.length;
  }

  /**
   * The result of the list for a value that enters at a stage. Call it only while a graph is built.
   */
  run(start: Value, from: number): Value {
    const { evaluator } = this.tools.program;
    let value = start;
    for (const stage of this.#stages.slice(from)) {
      evaluator.budget.step();
      switch (stage.kind) {
        case 'skip':
          break;
        case 'open':
          value = this.#opened(value, stage);
          break;
        case 'code':
          if (isUnknown(this.tools.program, stage.transform)) throw unknownTransform(stage.record);
          value = throughTransform(evaluator, stage.transform, value);
          break;
        case 'numbers':
          value = this.#numbers(value);
          break;
        case 'category':
          value = this.#category(value, stage.names);
          break;
        case 'text':
          value = this.#text(value);
          break;
      }
    }
    return value;
  }

  /** The tokens behind ids of a text. */
  tokens(ids: Int32Array): readonly string[] {
    return this.tools.text?.tokensOf(ids) ?? [];
  }

  /** Parts that replace the list's result, for a tuple whose parts an item gives. */
  assembled(parts: readonly Value[]): Value {
    return new Tuple(
      parts.map((part, index) =>
        this.record.slots[index]?.kind === 'image'
          ? this.#opened(part, { mode: this.mode, cls: this.image })
          : part,
      ),
    );
  }

  #stage(transform: PyValue, result: PyValue): Stage {
    const { program, trainingOnly } = this.tools;
    const name = transformName(transform);
    const isFastai = isOfFastai(transform);
    const mode = modeOf(result);
    if (mode !== undefined && !isOwnReader(transform)) {
      if (name === 'PILMask' || className(result) === 'PILMask') throw unsupportedInput('masks');
      const cls = program.value(result);
      return {
        kind: 'open',
        mode,
        cls: cls instanceof ClassValue ? cls : this.tools.classes.PILImage,
      };
    }
    if (isFastai && name === 'ToTensor')
      throw unsupportedInput('images that are tensors before they are resized');
    if (doesNothing(transform, trainingOnly)) return { kind: 'skip' };
    if (isFastai && name === 'RegressionSetup') return { kind: 'numbers' };
    if (isFastai && name === 'Categorize') {
      return { kind: 'category', names: categoryNames(this.record.slots[0]?.vocab ?? []) };
    }
    const known = ['Transform', 'ColReader', 'ItemGetter', 'AttrGetter', 'Pipeline'];
    if (isFastai && !known.includes(name)) {
      throw unsupportedInput(`the result of fastai's "${qualifiedName(transform)}"`);
    }
    const value = program.value(transform);
    if (isForTraining(program.evaluator, value)) return { kind: 'skip' };
    return { kind: 'code', record: transform, transform: value };
  }

  #opened(
    value: Value,
    { mode, cls }: { readonly mode: RasterMode; readonly cls: ClassValue },
  ): Value {
    const { files, program } = this.tools;
    if (value instanceof PilImage) return value.as(cls);
    const from = value instanceof PathValue ? value.path : (asStr(value) ?? value);
    if (typeof from === 'string' || from instanceof Uint8Array) {
      return new PilImage(files.convert(program.evaluator, from, mode), cls);
    }
    const { evaluator } = program;
    return evaluator.call(evaluator.getAttr(cls, 'create'), [value]);
  }

  /** `RegressionSetup`: `tensor(o).float()`. */
  #numbers(value: Value): Value {
    const { env, evaluator } = this.tools.program;
    const make = evaluator.resolve('fastai.torch_core.tensor') ?? null;
    return env.apply('Tensor.float', [evaluator.call(make, [value])]);
  }

  #category(value: Value, names: readonly string[]): Value {
    const { env, evaluator } = this.tools.program;
    const index = names.indexOf(evaluator.str(value));
    if (index < 0) {
      const { name } = this.record.slots[0]!;
      throw new UnexpectedItemError(
        `"${evaluator.str(value).slice(0, 100)}"`,
        `one of the ${names.length} categories of "${name}" from its training`,
      );
    }
    return env.constant([index], 'int64', []);
  }

  #text(value: Value): Value {
    const { env, evaluator } = this.tools.program;
    const own = value instanceof Instance ? value.payload : value;
    const tokens =
      own instanceof List || own instanceof Tuple ? own.items.map(asStr) : asStr(value);
    if (value instanceof PathValue) {
      throw evaluator.unsupported('A text that is read from a file (give the text itself)');
    }
    const ids = this.tools.text!.encode(tokens ?? evaluator.str(value));
    return env.constant(Array.from(ids), 'int64', [ids.length]);
  }
}

const className = (type: PyValue): string => qualifiedName(type).replace(/^.*\./, '');

/** Where texts enter: the first stage that received one, or the tokenizer. */
function textStage({ list }: InputRecord): number {
  const { transforms, types } = list;
  const entries = ['Tokenizer', 'Numericalize'];
  const first = transforms.findIndex((one) => entries.includes(transformName(one)));
  return entryStage(types, (type) => type === 'str') ?? Math.max(0, first);
}

function unsupportedInput(what: string): UnsupportedLearnerError {
  return new UnsupportedLearnerError(
    `The learner takes ${what} among its inputs, which is not supported`,
    'serve its model as a PyTorch-layer model with pytorch.saveModel(name, learner.model)',
  );
}
