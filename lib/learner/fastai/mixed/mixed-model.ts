import { Tensor } from 'onnxruntime-common';
import type { OnnxDType } from '../../onnx/dtype.js';
import type { Dim, Value as GraphValue } from '../../onnx/graph.js';
import { GraphError } from '../../onnx/errors.js';
import type { Flow } from '../../onnx/lowering/context.js';
import type { InputSpec } from '../../onnx/lowering/lowering.js';
import type { ResultForm } from '../../onnx/lowering/result-form.js';
import type { ModelSession } from '../../onnx/session/model-session.js';
import { SizeNeededError } from '../../onnx/torch-ops/size-needed.js';
import { listed } from '../../errors/index.js';
import { RaisedInCodeError } from '../../python/errors.js';
import { guarded } from '../../runtime/run-guard.js';
import type { LearnerOptions, Results } from '../contract.js';
import { UnexpectedItemError } from '../errors.js';
import { openLearnerFile, type LearnerFile } from '../learner-file.js';
import { openModel } from '../open-model.js';
import { resultsOf } from '../results/results.js';
import type { Slot } from './input-record.js';
import type { Leaf } from './leaves.js';

type TensorLeaf = Extract<Leaf, { kind: 'tensor' }>;

/** The known facts about one of the model's inputs before the first item. */
export interface ExpectedInput {
  readonly slot: Slot;
  /** Sizes without the batch; undefined if not even the rank is known. */
  readonly dims: readonly Dim[] | undefined;
  readonly dtype: OnnxDType | undefined;
}

/** How to call the model: which inputs are its arguments, and which form a tuple. */
export type Arrangement = readonly (number | readonly number[])[];

/** The possible kinds of an input if no transform states it, the most common first. */
const GUESSES: readonly { readonly dtype: OnnxDType; readonly rank: number }[] = [
  { dtype: 'float32', rank: 1 },
  { dtype: 'float32', rank: 0 },
  { dtype: 'int64', rank: 0 },
  { dtype: 'int64', rank: 1 },
  { dtype: 'float32', rank: 2 },
];

/** How many models stay open for kinds of inputs other than the first. */
const MOST_OTHERS = 4;

interface Opened {
  readonly form: ResultForm;
  readonly session: ModelSession;
  readonly specs: readonly InputSpec[];
}

/** A model of several inputs: one graph, and others for inputs of different type or rank. */
export class MixedModel {
  readonly #others = new Map<string, Promise<Opened>>();
  #form: ResultForm | undefined;

  private constructor(
    private readonly file: Pick<LearnerFile, 'source'>,
    private readonly expected: readonly ExpectedInput[],
    private readonly arrangement: Arrangement,
    private readonly plain: boolean,
    private readonly options: LearnerOptions,
    /** Undefined if only an item determines the inputs. */
    private readonly first: Opened | undefined,
  ) {}

  /** @throws UnsupportedModuleError for an unsupported layer. */
  static async open(
    file: LearnerFile,
    expected: readonly ExpectedInput[],
    arrangement: Arrangement,
    options: LearnerOptions,
  ): Promise<MixedModel> {
    const plain = expected.every(({ slot }) => slot.cls === 'Tensor');
    const guesses = expected.every(({ dims }) => dims) ? GUESSES.slice(0, 1) : GUESSES;
    const candidates = guesses.map((guess) => specsOf(expected, guess));
    let first: Opened | undefined;
    try {
      first = await openFor(file, candidates, arrangement, plain, options);
    } catch (error) {
      // The inputs are still a guess: the first item decides, and only then do errors count.
      const isOfGuess = error instanceof RaisedInCodeError || error instanceof GraphError;
      if (guesses.length === 1 || !isOfGuess) throw error;
    }
    return new MixedModel(file, expected, arrangement, plain, options, first);
  }

  /** How it returns its results; undefined until an item shows it. */
  get form(): ResultForm | undefined {
    return this.#form ?? this.first?.form;
  }

  /** The model's output for one item: a batch of one. */
  async forward(leaves: readonly TensorLeaf[]): Promise<Results> {
    const { session, specs, form } = await this.#modelFor(leaves);
    const feeds: Record<string, Tensor> = {};
    session.inputNames.forEach((name, index) => {
      const place = Math.max(
        0,
        specs.findIndex((spec) => spec.name === name),
      );
      const leaf = leaves[specs.length > 0 ? place : index];
      const meta = session.inputMetadata[index];
      if (!leaf)
        throw new UnexpectedItemError(
          `${leaves.length} inputs`,
          `${session.inputNames.length} inputs`,
        );
      const wanted = meta?.isTensor ? meta.type : leaf.tensor.type;
      feeds[name] = cast(leaf.tensor, wanted as OnnxDType);
    });
    try {
      const outputs = await guarded(() => session.run(feeds));
      this.#form = form;
      return resultsOf(outputs, session.outputNames, form, 1);
    } catch (error) {
      // The number of values becomes known only now.
      if (!this.#isGuessed) throw error;
      throw this.#unfit(leaves);
    }
  }

  async release(): Promise<void> {
    const others = [...this.#others.values()];
    this.#others.clear();
    await Promise.all([
      this.first && guarded(() => this.first!.session.release()),
      ...others.map((other) => freed(other)),
    ]);
  }

  /** Whether the file does not state how many numbers some input has. */
  get #isGuessed(): boolean {
    return this.expected.some(({ dims }) => dims === undefined);
  }

  #unfit(leaves: readonly TensorLeaf[]): UnexpectedItemError {
    const given = leaves.map(({ tensor: { type, dims } }, i) => {
      return `${this.expected[i]?.slot.name ?? i} ${type} [${dims.slice(1).join(', ')}]`;
    });
    return new UnexpectedItemError(
      `inputs that its model does not accept (${listed(given)})`,
      'inputs with the sizes of its training',
    );
  }

  async #modelFor(leaves: readonly TensorLeaf[]): Promise<Opened> {
    const { first } = this;
    if (first && (first.specs.length === 0 || fits(first.specs, leaves))) return first;
    const specs = leaves.map((leaf, index): InputSpec => {
      const spec = first?.specs[index];
      if (spec && fits([spec], [leaf])) return spec;
      const { type, dims } = leaf.tensor;
      const dtype = leaf.typed ? (type as OnnxDType) : (spec?.dtype ?? 'float32');
      return { name: `input${index}`, dtype, dims: ['batch', ...dims.slice(1)] };
    });
    const key = specs.map(({ dtype, dims }) => `${dtype}:${dims.join('x')}`).join();
    let other = this.#others.get(key);
    this.#others.delete(key);
    other ??= this.#open(specs, leaves);
    this.#others.set(key, other);
    other.catch(() => this.#others.delete(key));
    for (const [oldest, opened] of this.#others) {
      if (this.#others.size <= MOST_OTHERS) break;
      this.#others.delete(oldest);
      if (opened !== other) void freed(opened);
    }
    return other;
  }

  async #open(specs: readonly InputSpec[], leaves: readonly TensorLeaf[]): Promise<Opened> {
    const { first, options } = this;
    const file = openLearnerFile(this.file.source);
    try {
      return await openFor(file, [specs], this.arrangement, this.plain, {
        ...options,
        cacheFolder: undefined,
      });
    } catch (error) {
      // Whole numbers of an item are ints here, although Python had floats: 4 for 4.0.
      if (first && fits(first.specs, leaves, true)) return first;
      // A model that takes the expected inputs does not take these.
      throw first ? this.#unfit(leaves) : error;
    } finally {
      file.torchFile.close();
    }
  }
}

async function openFor(
  file: LearnerFile,
  candidates: readonly (readonly InputSpec[])[],
  arrangement: Arrangement,
  plain: boolean,
  options: LearnerOptions,
): Promise<Opened> {
  const arrange = (inputs: readonly GraphValue[]): Flow[] =>
    arrangement.map((place) =>
      typeof place === 'number' ? inputs[place]! : place.map((index) => inputs[index]!),
    );
  const {
    session,
    facts: specs = [],
    form,
  } = await openModel(file, options, async (model, how) => {
    const { lowerModel } = await import('../../onnx/lowering/lower-model.js');
    let failure: unknown;
    for (const inputs of candidates) {
      try {
        const lowered = lowerModel(model, {
          ...how,
          inputs,
          arrange,
          outputs: ['output'],
          plainTensors: plain,
        });
        return { ...lowered, facts: inputs };
      } catch (error) {
        if (error instanceof SizeNeededError) throw error;
        failure ??= error;
      }
    }
    throw failure;
  });
  return { session, specs, form };
}

function specsOf(expected: readonly ExpectedInput[], guess: (typeof GUESSES)[number]): InputSpec[] {
  return expected.map(({ dims, dtype }, index) => {
    const sizes: readonly Dim[] =
      dims ?? Array.from({ length: guess.rank }, (_, axis) => `size${index}_${axis}`);
    return { name: `input${index}`, dtype: dtype ?? guess.dtype, dims: ['batch', ...sizes] };
  });
}

/** Whether a graph takes the tensors. */
function fits(
  specs: readonly InputSpec[],
  leaves: readonly TensorLeaf[],
  ofAnyType = false,
): boolean {
  if (specs.length !== leaves.length) return false;
  return specs.every(({ dtype, dims }, index) => {
    const { tensor, typed } = leaves[index]!;
    if (tensor.dims.length !== dims.length) return false;
    const isWhole = tensor.type === 'int64' && dtype === 'float32';
    const isSame =
      tensor.type === dtype || !typed || (tensor.type === 'uint8' && dtype === 'float32');
    if (!isSame && !(ofAnyType && isWhole)) return false;
    return dims.every((dim, axis) => typeof dim !== 'number' || dim === tensor.dims[axis]);
  });
}

const ARRAYS: Readonly<Partial<Record<OnnxDType, Float32ArrayConstructor>>> = {
  float32: Float32Array,
  float64: Float64Array as unknown as Float32ArrayConstructor,
  int32: Int32Array as unknown as Float32ArrayConstructor,
  int8: Int8Array as unknown as Float32ArrayConstructor,
  uint8: Uint8Array as unknown as Float32ArrayConstructor,
  bool: Uint8Array as unknown as Float32ArrayConstructor,
};

function cast(tensor: Tensor, wanted: OnnxDType): Tensor {
  if (tensor.type === wanted) return tensor;
  const values = Array.from(tensor.data as ArrayLike<number | bigint>, Number);
  if (wanted === 'int64') {
    const data = BigInt64Array.from(values, (value) => BigInt(Math.trunc(value)));
    return new Tensor('int64', data, tensor.dims);
  }
  const make = ARRAYS[wanted] ?? Float32Array;
  return new Tensor(wanted as 'float32', make.from(values), tensor.dims);
}

async function freed(opened: Promise<Opened>): Promise<void> {
  try {
    const { session } = await opened;
    await guarded(() => session.release());
  } catch {
    // It was never open.
  }
}
