import { Tensor } from 'onnxruntime-common';
import { TensorFunction } from '../../onnx/tracing/tensor-function.js';
import type { Program } from '../../onnx/tracing/program.js';
import { TensorValue } from '../../onnx/torch-ops/tensor-value.js';
import type { Names } from '../../python/context.js';
import { Builtin, ClassValue, Tuple, type Value } from '../../python/values.js';
import { Tensor as FileTensor, type PyValue } from '../../torch/index.js';
import { holdTensors } from '../code/hold-tensors.js';
import { ArrayValue } from '../code/numpy/array-value.js';
import { isFloat, type NpDType } from '../code/numpy/dtypes.js';
import { Nd } from '../code/numpy/nd-array.js';
import { numpyNames } from '../code/numpy/names.js';
import { isNameAlone, isOpaque, ownProgram } from '../code/own-program.js';
import {
  isForTraining,
  throughTransform,
  transformNames,
} from '../code/transforms/transform-classes.js';
import type { LearnerOptions } from '../contract.js';
import { UnsupportedLearnerError } from '../errors.js';
import { transformTitle } from '../vision/transforms/neutral.js';
import type { Held, ArrayStage } from './array-stage.js';

const CLASSES =
  /^(tsai\.data\.core\.(TSTensor|NumpyTensor)|fastai\.torch_core\.TensorBase|timeseries_fastai\.core\.TSeries|timeseries\.core\.TensorTS)$/;

/**
 * `TSeries.create`, and `maybe_unsqueeze` within it: a plain line of numbers becomes one variable.
 */
const CREATE = new Builtin('maybe_unsqueeze', (ctx, [given = null]) => {
  const tensor = ctx.call(ctx.resolve('torch.as_tensor') ?? null, [given]);
  const isLine = ctx.equal(ctx.getAttr(tensor, 'ndim'), 1n);
  return isLine ? ctx.call(ctx.getAttr(tensor, 'unsqueeze'), [0n]) : tensor;
});

/** The classes of tensors that the notebook's annotations name. */
function tensorClasses(base: () => Value | undefined, isSeries: boolean): Names {
  const made = new Map<string, ClassValue>();
  return {
    resolve: (name) => {
      if (!CLASSES.test(name)) return undefined;
      let cls = made.get(name);
      if (!cls) {
        const root = base();
        cls = new ClassValue(
          name.slice(name.lastIndexOf('.') + 1),
          name,
          root instanceof ClassValue ? [root] : [],
          name.endsWith('.TSeries') ? [['create', CREATE]] : [],
          {
            has: (value) =>
              value instanceof TensorValue && (isSeries || !name.endsWith('.TSTensor')),
            construct: (ctx, _own, [value = null], kwargs) =>
              value instanceof TensorValue
                ? value
                : ctx.call(ctx.resolve('torch.tensor') ?? null, [value], kwargs),
          },
        );
        made.set(name, cls);
      }
      return cls;
    },
    isModule: (path) => /^(tsai|tsai\.data|timeseries|timeseries_fastai)(\.core)?$/.test(path),
  };
}

/** Functions that make a tensor of an array, with the dtype of the tensor. */
const MAKERS: ReadonlyMap<string, 'float32' | 'float64' | undefined> = new Map([
  ['torch.from_numpy', undefined],
  ['torch.tensor', undefined],
  ['torch.as_tensor', undefined],
  ['torch.FloatTensor', 'float32'],
  ['fastai.torch_core.tensor', 'float32'],
]);

/** Makes a tensor of a numpy array: a constant of the graph in progress. */
function makers(program: () => Program): Names {
  const values = new Map<string, Value>();
  for (const [name, floats] of MAKERS) {
    const own = new Builtin(name, (ctx, [data = null, ...rest], kwargs) => {
      const asArray = ctx.resolve('torch.asarray') ?? null;
      if (!(data instanceof ArrayValue)) {
        const made = ctx.call(asArray, [data, ...rest], kwargs);
        // `torch.tensor` copies, so a write to one does not change the other.
        return made === data && name === 'torch.tensor'
          ? ctx.call(ctx.getAttr(made, 'clone'), [])
          : made;
      }
      const { array } = data;
      const { data: elements, type, dims } = tensorOf(array);
      const tensor = FileTensor.fromArray(elements as Float32Array, dims, type as 'float32');
      const made = ctx.call(asArray, [program().tensor(tensor), ...rest], kwargs);
      const wanted = floats && isFloat(array.dtype) && array.dtype !== floats;
      return wanted ? ctx.call(ctx.getAttr(made, 'float'), []) : made;
    });
    values.set(name, own);
  }
  values.set('timeseries_fastai.core.maybe_unsqueeze', CREATE);
  return { resolve: (name) => values.get(name), isModule: () => false };
}

/** The notebook's own transforms of arrays, in one program. */
export class ArrayCode {
  readonly #functions: TensorFunction[] = [];
  /** Keeps tensors that the code uses readable. */
  readonly held: readonly Uint8Array[];

  private constructor(
    private readonly program: Program,
    records: readonly PyValue[],
    private readonly threads: number,
  ) {
    this.held = holdTensors(records);
  }

  static async open(
    records: readonly PyValue[],
    isSeries: boolean,
    options: LearnerOptions,
  ): Promise<ArrayCode> {
    const program = await ownProgram(options, (_env, self) => [
      makers(self),
      numpyNames,
      transformNames(),
      tensorClasses(() => self().evaluator.resolve('torch.Tensor'), isSeries),
    ]);
    return new ArrayCode(program, records, options.intraOpNumThreads ?? 1);
  }

  /**
   * The function of a transform's code; undefined if the transform is for training only.
   *
   * @throws UnsupportedLearnerError if only its name is known.
   */
  stage(record: PyValue): ArrayStage | undefined {
    const { program } = this;
    const transform = program.value(record);
    if (isNameAlone(transform) || isOpaque(transform)) throw unknownCode(record);
    if (isForTraining(program.evaluator, transform)) return undefined;
    const call = (given: Value): Value =>
      alone(throughTransform(program.evaluator, transform, given));
    const code = new TensorFunction(program, (_ctx, [x]) => call(x!), this.threads);
    this.#functions.push(code);
    return async (given) => {
      if (!given.isNumpy) return { tensor: (await code.run([given.tensor]))[0]!, isNumpy: false };
      return this.#onArray(given.tensor, call);
    };
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

/** The item of a one-tuple. */
const alone = (value: Value): Value =>
  value instanceof Tuple && value.items.length === 1 ? value.items[0]! : value;

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

function tensorOf(array: Nd): Tensor {
  const { dtype, shape } = array;
  const data = array.flat();
  if (dtype === 'int64') return new Tensor('int64', BigInt64Array.from(data, BigInt), shape);
  if (dtype === 'uint64') {
    return new Tensor('uint64', BigUint64Array.from(data, BigInt), shape);
  }
  return new Tensor(dtype, data.slice() as Float32Array, shape);
}
