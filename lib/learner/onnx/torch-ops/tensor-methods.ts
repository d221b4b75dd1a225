import { List, Tuple, type Value } from '../../python/values.js';
import { dtypeNamed, dtypeOf } from './dtypes.js';
import type { TorchEnv } from './env.js';
import { isFloating } from './promotion.js';
import { SymSize, valueOf } from './size.js';
import { fn, type Args, type TorchTable } from './table.js';
import { TensorValue, type TorchDType } from './tensor-value.js';

const self = (parameters = ''): string => (parameters === '' ? 'input' : `input, ${parameters}`);

const castTo = (dtype: TorchDType) =>
  fn(self('memory_format='), (env, args) => env.cast(args.tensor('input'), dtype));

const same = (parameters = '') => fn(self(parameters), (_, args) => args.tensor('input'));

const yes = (test: (dtype: TorchDType) => boolean) =>
  fn(self(), (_, args) => test(args.tensor('input').dtype));

/** `to(dtype)`, `to(device)`, `to(other)`, in any combination. */
function to(env: TorchEnv, args: Args): Value {
  const tensor = args.tensor('input');
  const given = [...args.rest, args.raw('dtype'), args.raw('other')];
  let dtype: TorchDType | undefined;
  for (const value of given) {
    if (value instanceof TensorValue) dtype = value.dtype;
    else dtype = dtypeOf(value) ?? dtype;
  }
  return dtype ? env.cast(tensor, dtype) : tensor;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  FloatTensor: 'float32',
  DoubleTensor: 'float64',
  HalfTensor: 'float16',
  LongTensor: 'int64',
  IntTensor: 'int32',
  ShortTensor: 'int16',
  CharTensor: 'int8',
  ByteTensor: 'uint8',
  BoolTensor: 'bool',
};

function type(env: TorchEnv, args: Args): Value {
  const tensor = args.tensor('input');
  const wanted = args.raw('dtype');
  const nameOf = (dtype: TorchDType): string =>
    Object.keys(TYPE_NAMES).find((name) => TYPE_NAMES[name] === dtype)!;
  if (wanted === undefined || wanted === null) return `torch.${nameOf(tensor.dtype)}`;
  const name = typeof wanted === 'string' ? wanted.replace(/^torch\.(cuda\.)?/, '') : '';
  const dtype = dtypeOf(Object.hasOwn(TYPE_NAMES, name) ? dtypeNamed(TYPE_NAMES[name]!) : wanted);
  if (!dtype) throw env.ctx.raise('ValueError', `invalid type: ${name}`);
  return env.cast(tensor, dtype);
}

/** `x.size()` and `x.size(dim)`. */
function size(env: TorchEnv, args: Args): Value {
  const tensor = args.tensor('input');
  return args.has('dim') ? valueOf(env.sizeOf(tensor, args.int('dim'))) : env.sizeTuple(tensor);
}

function known(env: TorchEnv, args: Args): readonly number[] {
  const { elements } = args.tensor('input');
  if (elements) return elements;
  throw env.ctx.unsupported('a number that is computed from the values of a tensor');
}

const pythonNumber = (value: number, dtype: TorchDType): Value =>
  isFloating(dtype) ? value : dtype === 'bool' ? value !== 0 : BigInt(value);

function item(env: TorchEnv, args: Args): Value {
  const [value, ...more] = known(env, args);
  if (value === undefined || more.length > 0) {
    throw env.ctx.raise(
      'RuntimeError',
      'a Tensor with several elements cannot be converted to Scalar',
    );
  }
  return pythonNumber(value, args.tensor('input').dtype);
}

function tolist(env: TorchEnv, args: Args): Value {
  const { dtype, value } = args.tensor('input');
  const elements = known(env, args);
  let at = 0;
  const nest = ([count, ...inner]: readonly number[]): Value =>
    count === undefined
      ? pythonNumber(elements[at++]!, dtype)
      : new List(Array.from({ length: count }, () => nest(inner)));
  return nest(value.shape as readonly number[]);
}

/** Methods and attributes that describe a tensor, and conversions of its element type. */
export const tensorMethods: TorchTable = {
  'Tensor.size': fn(self('dim='), size),
  'Tensor.dim|Tensor.ndimension': fn(self(), (_, args) => BigInt(args.tensor('input').rank)),
  'torch.numel|Tensor.numel|Tensor.nelement': fn(self(), (env, args) =>
    valueOf(SymSize.product(env.sizes(args.tensor('input')))),
  ),
  'Tensor.item': fn(self(), item),
  'Tensor.tolist': fn(self(), tolist),
  'Tensor.__len__': fn(self(), (env, args) => args.tensor('input').length(env.ctx)),

  'Tensor.to': fn(
    'input, *args, dtype=, other=, device=, non_blocking=, copy=, memory_format=',
    to,
  ),
  'Tensor.type': fn(self('dtype=, non_blocking='), type),
  'Tensor.type_as': fn(self('other'), (env, args) =>
    env.cast(args.tensor('input'), args.tensor('other').dtype),
  ),
  'Tensor.float|Tensor.half|Tensor.bfloat16': castTo('float32'),
  'Tensor.double': castTo('float64'),
  'Tensor.long': castTo('int64'),
  'Tensor.int': castTo('int32'),
  'Tensor.short': castTo('int16'),
  'Tensor.char': castTo('int8'),
  'Tensor.byte': castTo('uint8'),
  'Tensor.bool': castTo('bool'),

  'Tensor.cpu|Tensor.pin_memory|Tensor.coalesce|Tensor.resolve_conj|Tensor.resolve_neg':
    same('memory_format='),
  'Tensor.cuda': same('device=, non_blocking=, memory_format='),
  'Tensor.requires_grad_': same('requires_grad='),
  'Tensor.retain_grad|Tensor.share_memory_': same(),
  'Tensor.as_subclass': same('cls'),
  'Tensor.detach|torch.detach|Tensor.alias': fn(self(), (env, args) => {
    const tensor = args.tensor('input');
    return env.tensor(tensor.value, tensor.dtype);
  }),
  'Tensor.detach_': same(),
  'Tensor.clone|torch.clone': fn(self('*, memory_format='), (env, args) => {
    const tensor = args.tensor('input');
    return env.tensor(tensor.value, tensor.dtype);
  }),
  'Tensor.contiguous': fn(self('memory_format='), (env, args) => {
    const tensor = args.tensor('input');
    return tensor.contiguous ? tensor : env.tensor(tensor.value, tensor.dtype);
  }),
  'Tensor.is_contiguous': fn(self('memory_format='), (env, args) => {
    if (args.tensor('input').contiguous) return true;
    throw env.ctx.unsupported('a branch on whether a tensor is contiguous');
  }),

  'torch.is_floating_point|Tensor.is_floating_point': yes(isFloating),
  'torch.is_complex|Tensor.is_complex|Tensor.is_inference|torch.is_conj|Tensor.is_conj': yes(
    () => false,
  ),
  'Tensor.is_signed': yes((dtype) => dtype !== 'uint8' && dtype !== 'bool'),
  'Tensor.get_device': fn(self(), () => -1n),

  'Tensor.zero_': fn(self(), (env, args) => fill(env, args.tensor('input'), 0n)),
  'Tensor.fill_': fn(self('value'), (env, args) =>
    fill(env, args.tensor('input'), args.raw('value')!),
  ),
  'Tensor.copy_': fn(self('src, non_blocking='), (env, args) =>
    fill(env, args.tensor('input'), args.tensor('src')),
  ),
  'torch.is_tensor': fn('obj', (_, args) => args.raw('obj') instanceof TensorValue),
  'torch.Size': fn(
    'sizes=',
    (env, args) => new Tuple(args.has('sizes') ? [...env.ctx.iterate(args.raw('sizes')!)] : []),
  ),
};

/** Fills the tensor with a value, which is broadcast. */
function fill(env: TorchEnv, tensor: TensorValue, value: Value): TensorValue {
  if (!env.isOperand(value)) throw env.ctx.raise('TypeError', 'a number or a Tensor is needed');
  const filled = env.expand(env.operand(value, tensor.dtype), env.sizes(tensor));
  return tensor.assign(filled);
}
