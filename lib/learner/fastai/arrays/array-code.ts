import { Tensor } from 'onnxruntime-common';
import { TensorFunction } from '../../onnx/tracing/tensor-function.js';
import type { Program } from '../../onnx/tracing/program.js';
import { TensorValue } from '../../onnx/torch-ops/tensor-value.js';
import type { Context } from '../../python/context.js';
import { ClassValue, List, Tuple, type Value } from '../../python/values.js';
import type { PyValue } from '../../torch/index.js';
import { holdTensors } from '../code/hold-tensors.js';
import { ArrayValue } from '../code/numpy/array-value.js';
import type { NpDType } from '../code/numpy/dtypes.js';
import { Nd } from '../code/numpy/nd-array.js';
import { numpyNames } from '../code/numpy/names.js';
import { isNameAlone, isOpaque, ownProgram } from '../code/own-program.js';
import {
  isForTraining,
  throughTransform,
  transformNames,
} from '../code/transforms/transform-classes.js';
import type { LearnerOptions } from '../contract.js';
import { qualifiedName } from '../data/pipeline.js';
import { UnsupportedLearnerError } from '../errors.js';
import { transformTitle } from '../vision/transforms/neutral.js';
import { makers, tensorClasses, tensorOf, type SeenClass } from './array-names.js';
import type { Held, ArrayStage } from './array-stage.js';

/** How fastai gives an item to a transform: alone, in a tuple of all inputs, or in a list of those. */
export type GivenAs = 'item' | 'inputs' | 'samples';

/** The notebook's own transforms of arrays, in one program. */
export class ArrayCode {
  readonly #functions: TensorFunction[] = [];
  /** Keeps tensors that the code uses readable. */
  readonly held: readonly Uint8Array[];

  private constructor(
    private readonly program: Program,
    records: readonly PyValue[],
    private readonly threads: number,
    private readonly now: SeenClass,
  ) {
    this.held = holdTensors(records);
  }

  static async open(
    records: readonly PyValue[],
    isSeries: boolean,
    options: LearnerOptions,
  ): Promise<ArrayCode> {
    const now: SeenClass = { cls: undefined, madeOther: false };
    const program = await ownProgram(options, (_env, self) => [
      makers(self),
      numpyNames,
      transformNames(),
      tensorClasses(() => self().evaluator.resolve('torch.Tensor'), isSeries, now),
    ]);
    return new ArrayCode(program, records, options.intraOpNumThreads ?? 1, now);
  }

  /**
   * A class that subclasses TensorBase: of images, or the notebook's own.
   *
   * @throws UnsupportedLearnerError if only its name is known, or if it is another class.
   */
  tensorClass(record: PyValue): ClassValue {
    const cls = this.program.value(record);
    const isKnown = cls instanceof ClassValue && !isOpaque(cls);
    if (isKnown && cls.mro.some((one) => one.native?.hasOf)) return cls;
    const name = qualifiedName(record).slice(0, 100);
    throw isKnown
      ? new UnsupportedLearnerError(
          `The learner's items become "${name}", which does not subclass fastai's TensorBase`,
          'serve its model with pytorch.saveModel(name, "export.pkl"), and prepare the tensors yourself',
        )
      : new UnsupportedLearnerError(
          `The learner's items become "${name}", a class whose code is not in the file`,
          "give its source with Learner.load(file, { code: 'notebook.ipynb' })",
        );
  }

  /**
   * The function of a transform's code; undefined if the transform is for training only.
   *
   * @param given What fastai gives it: the item, a tuple of all inputs, or a list of such tuples.
   * @throws UnsupportedLearnerError if only its name is known.
   */
  stage(record: PyValue, given: GivenAs): ArrayStage | undefined {
    const { program } = this;
    const transform = program.value(record);
    if (isNameAlone(transform) || isOpaque(transform)) throw unknownCode(record);
    if (isForTraining(program.evaluator, transform)) return undefined;
    // Of a graph that was made before, the code does not run again: this is what it told.
    const classes = new Map<ClassValue | undefined, ClassValue | undefined>();
    const call = (item: Value): Value => {
      const { cls } = this.now;
      const made = alone(throughTransform(program.evaluator, transform, wrapped(item, given)));
      if (made instanceof Tuple || made instanceof List) {
        throw program.evaluator.unsupported('a transform of one array that returns several');
      }
      const told = made instanceof TensorValue ? (made.subclass ?? cls) : undefined;
      const isUnsure = this.now.madeOther && made instanceof TensorValue && !made.subclass;
      if (isUnsure || (classes.has(cls) && classes.get(cls) !== told)) {
        throw program.evaluator.unsupported('a transform whose result may be of several classes');
      }
      classes.set(cls, told);
      return made;
    };
    const codes = new Map<ClassValue | undefined, TensorFunction>();
    const codeFor = (cls: ClassValue | undefined): TensorFunction => {
      let code = codes.get(cls);
      if (!code) {
        const run = (_ctx: Context, [x]: readonly TensorValue[]): Value => this.#as(cls, call, x!);
        code = new TensorFunction(program, run, this.threads);
        codes.set(cls, code);
        this.#functions.push(code);
      }
      return code;
    };
    return async ({ tensor, isNumpy, cls }) => {
      const made = isNumpy
        ? await this.#onArray(tensor, (given) => this.#as(cls, call, given))
        : { tensor: (await codeFor(cls).run([tensor]))[0]!, isNumpy: false };
      return { ...made, cls: classes.get(cls) };
    };
  }

  /** Calls code whose tensors are of a class unless it makes others. */
  #as(cls: ClassValue | undefined, call: (given: Value) => Value, given: Value): Value {
    const before = { ...this.now };
    Object.assign(this.now, { cls, madeOther: false });
    try {
      return call(given);
    } finally {
      Object.assign(this.now, before);
    }
  }

  /** numpy computes at once. Tensors are values of a graph that runs later. */
  async #onArray(tensor: Tensor, call: (given: Value) => Value): Promise<Held> {
    const { evaluator } = this.program;
    let array: Nd | undefined;
    const code = new TensorFunction(
      this.program,
      () => {
        const made = call(new ArrayValue(ndOf(tensor)));
        if (made instanceof ArrayValue) array = made.array;
        return made instanceof ArrayValue ? new Tuple([]) : made;
      },
      this.threads,
    );
    try {
      const [made] = await code.run([]);
      if (made) return { tensor: made, isNumpy: false };
      if (array) return { tensor: tensorOf(array), isNumpy: true };
      throw evaluator.unsupported(
        'a transform of arrays that returns neither an array nor a tensor',
      );
    } finally {
      await code.release();
    }
  }

  async release(): Promise<void> {
    await Promise.all(this.#functions.map((code) => code.release()));
  }
}

function wrapped(item: Value, given: GivenAs): Value {
  if (given === 'item') return item;
  const inputs = new Tuple([item]);
  return given === 'inputs' ? inputs : new List([inputs]);
}

/** The item of a tuple or list of one. */
function alone(value: Value): Value {
  let made = value;
  while ((made instanceof Tuple || made instanceof List) && made.items.length === 1) {
    made = made.items[0]!;
  }
  return made;
}

function unknownCode(record: PyValue): UnsupportedLearnerError {
  const title = transformTitle(record);
  const name = title.slice(title.lastIndexOf('.') + 1);
  return new UnsupportedLearnerError(
    `The learner changes its arrays with "${title.slice(0, 100)}", whose code is not in the file`,
    "give its source with Learner.load(file, { code: 'notebook.ipynb' }), or, if it is only " +
      `for training, name it with { trainingOnly: ['${name.slice(0, 60)}'] }`,
  );
}

function ndOf({ type, data, dims }: Tensor): Nd {
  const wide = data instanceof BigInt64Array ? Float64Array.from(data, Number) : data;
  return Nd.of(type as NpDType, dims, wide as Float64Array);
}
