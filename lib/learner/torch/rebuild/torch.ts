import { PyDict, PyGlobal, PyTuple, type PyValue } from '../python.js';
import { isDType, StorageView, Tensor, type DType } from '../tensor.js';
import type { RebuildContext, Rebuilder, RebuilderList } from '../pickle/rebuilder.js';

/** Calls of torch that make tensors and sizes. */
export const torchRebuilders: RebuilderList = [
  ['torch.Size', rebuildSize],
  ['torch._utils._rebuild_tensor', ([storage, ...view]) => viewOn(storage, view)],
  ['torch._utils._rebuild_tensor_v2', rebuildTensorV2],
  ['torch._utils._rebuild_tensor_v3', rebuildTensorV3],
  ['torch._utils._rebuild_parameter', rebuildParameter],
  ['torch._utils._rebuild_parameter_with_state', rebuildParameter],
  ['torch._utils._rebuild_device_tensor_from_cpu_tensor', rebuildParameter],
  ['torch._tensor._rebuild_from_type_v2', rebuildSubclass],
  ['torch._tensor._rebuild_from_type', rebuildSubclass],
  ['torch.tensor._rebuild_from_type', rebuildSubclass],
  // fastai pickles its tensor classes with its own functions; 2.0 and 2.1 pass the class.
  ['fastai.torch_core._fa_rebuild_tensor', ([, ...inner]) => rebuildTensorV2(inner)],
  ['fastai.torch_core._rebuild_from_type', rebuildSubclass],
];

function rebuildSize(args: readonly PyValue[]): PyTuple | undefined {
  const sizes = numbersIn(args[0] ?? []);
  return sizes && PyTuple.of_(sizes);
}

/** `(storage, offset, size, stride, requires_grad, hooks, metadata?)`. */
function rebuildTensorV2(args: readonly PyValue[]): Tensor | undefined {
  const [storage, offset, size, stride, , , metadata] = args;
  return isLazyView(metadata) ? undefined : viewOn(storage, [offset, size, stride]);
}

/** Like v2, with an untyped storage and a dtype: for dtypes that have no storage class. */
function rebuildTensorV3(args: readonly PyValue[]): Tensor | undefined {
  const [storage, offset, size, stride, , , type, metadata] = args;
  if (!(type instanceof PyGlobal) || type.module !== 'torch') return undefined;
  if (!isDType(type.name) || isLazyView(metadata)) return undefined;
  return viewOn(storage, [offset, size, stride], type.name);
}

/** Conjugated or negated lazily: the storage does not hold the values. */
function isLazyView(metadata: PyValue | undefined): boolean {
  return metadata instanceof PyDict && ['conj', 'neg'].some((key) => metadata.get(key) === true);
}

function rebuildParameter([data]: readonly PyValue[]): Tensor | undefined {
  return data instanceof Tensor ? data : undefined;
}

/** `[offset, size, stride]` of a storage, with the storage's dtype unless another one is given. */
function viewOn(
  held: PyValue | undefined,
  [offset, size, stride]: readonly (PyValue | undefined)[],
  given?: DType,
): Tensor | undefined {
  if (!(held instanceof StorageView)) return undefined;
  const dtype = given ?? held.dtype;
  const shape = numbersIn(size);
  const strides = numbersIn(stride);
  if (!dtype || typeof offset !== 'number' || !shape || !strides) return undefined;
  return new Tensor(held.storage, dtype, shape, strides, offset);
}

export function numbersIn(value: PyValue | undefined): number[] | undefined {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'number')) return undefined;
  return [...value];
}

/** `(function, class, arguments, state)`: the result of the function; the class is ignored. */
function rebuildSubclass(args: readonly PyValue[], context: RebuildContext): Tensor | undefined {
  const [func, , inner] = args;
  if (!(func instanceof PyGlobal) || !Array.isArray(inner)) return undefined;
  const tensor = subclassFunctions.get(func.qualifiedName)?.(inner, context);
  return tensor instanceof Tensor ? tensor : undefined;
}

/** Excludes {@link rebuildSubclass} itself: arguments nested in arguments must not recurse. */
const subclassFunctions: ReadonlyMap<string, Rebuilder> = new Map(
  torchRebuilders.filter(([name]) => !name.includes('_rebuild_from_type')),
);
