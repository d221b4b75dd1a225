import { Tensor } from 'onnxruntime-common';
import { TensorValue } from '../../onnx/torch-ops/tensor-value.js';
import type { Program } from '../../onnx/tracing/program.js';
import type { Names } from '../../python/context.js';
import { Builtin, ClassValue, type NativeClass, type Value } from '../../python/values.js';
import { Tensor as FileTensor } from '../../torch/index.js';
import { ArrayValue } from '../code/numpy/array-value.js';
import { isFloat } from '../code/numpy/dtypes.js';
import type { Nd } from '../code/numpy/nd-array.js';

const CLASSES =
  /^(tsai\.data\.core\.(TSTensor|NumpyTensor)|fastai\.torch_core\.TensorBase|timeseries_fastai\.core\.TSeries|timeseries\.core\.TensorTS)$/;

/** fastai's tensors of images, with their bases. Code tells them apart as it does its own classes. */
const IMAGES: ReadonlyMap<string, string> = new Map([
  ['fastai.torch_core.TensorImageBase', 'fastai.torch_core.TensorBase'],
  ['fastai.torch_core.TensorImage', 'fastai.torch_core.TensorImageBase'],
  ['fastai.torch_core.TensorImageBW', 'fastai.torch_core.TensorImage'],
]);

/**
 * `TSeries.create`, and `maybe_unsqueeze` within it: a plain line of numbers becomes one variable.
 */
const CREATE = new Builtin('maybe_unsqueeze', (ctx, [given = null]) => {
  const tensor = ctx.call(ctx.resolve('torch.as_tensor') ?? null, [given]);
  const isLine = ctx.equal(ctx.getAttr(tensor, 'ndim'), 1n);
  return isLine ? ctx.call(ctx.getAttr(tensor, 'unsqueeze'), [0n]) : tensor;
});

/** The class of the tensors that code sees, if it subclasses TensorBase. */
export interface SeenClass {
  cls: ClassValue | undefined;
  /** Whether the code made a tensor of another such class. */
  madeOther: boolean;
}

/** The classes of tensors that the notebook's annotations name. */
export function tensorClasses(
  base: () => Value | undefined,
  isSeries: boolean,
  now: SeenClass,
): Names {
  const made = new Map<string, ClassValue>();
  const native: NativeClass = {
    hasOf: (value, own) =>
      value instanceof TensorValue && (value.subclass ?? now.cls)?.isSubclassOf(own) === true,
    construct: (ctx, own, [value = null], kwargs) => {
      const tensor =
        value instanceof TensorValue
          ? value
          : ctx.call(ctx.resolve('torch.tensor') ?? null, [value], kwargs);
      if (tensor instanceof TensorValue && !own.native) {
        tensor.subclass = own;
        if (own !== now.cls) now.madeOther = true;
      }
      return tensor;
    },
  };
  const make = (name: string): ClassValue | undefined => {
    const parent = IMAGES.get(name);
    if (parent === undefined && !CLASSES.test(name)) return undefined;
    let cls = made.get(name);
    if (!cls) {
      const root = parent === undefined ? base() : make(parent);
      const isSeen = isSeries || !name.endsWith('.TSTensor');
      cls = new ClassValue(
        name.slice(name.lastIndexOf('.') + 1),
        name,
        root instanceof ClassValue ? [root] : [],
        name.endsWith('.TSeries') ? [['create', CREATE]] : [],
        parent === undefined
          ? { ...native, has: (value) => value instanceof TensorValue && isSeen }
          : undefined,
      );
      made.set(name, cls);
    }
    return cls;
  };
  return {
    resolve: make,
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
export function makers(program: () => Program): Names {
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

/** The elements of a numpy array. */
export function tensorOf(array: Nd): Tensor {
  const { dtype, shape } = array;
  const data = array.flat();
  if (dtype === 'int64') return new Tensor('int64', BigInt64Array.from(data, BigInt), shape);
  if (dtype === 'uint64') {
    return new Tensor('uint64', BigUint64Array.from(data, BigInt), shape);
  }
  return new Tensor(dtype, data.slice() as Float32Array, shape);
}
