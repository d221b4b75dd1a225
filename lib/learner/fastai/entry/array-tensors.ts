import { isTorchDtype } from '../../onnx/torch-ops/dtypes.js';
import type { TorchEnv } from '../../onnx/torch-ops/env.js';
import type { Context, Names } from '../../python/context.js';
import { Builtin, Instance, List, Tuple, type Value } from '../../python/values.js';
import { ArrayValue } from '../code/numpy/array-value.js';
import { RowValue } from './row-value.js';

const TORCH: ReadonlySet<string> = new Set(['tensor', 'as_tensor', 'from_numpy', 'asarray']);
const TYPED = { FloatTensor: 'float', LongTensor: 'long', DoubleTensor: 'double' } as const;
/**
 * `torch.tensor(array)` and fastai's `tensor(x)` for arrays and rows, in addition to torch's own
 * arguments.
 */
export function arrayTensors(env: () => TorchEnv): Names {
  const made = new Map<string, Value>();
  const kept = (name: string, make: () => Value): Value => {
    let value = made.get(name);
    if (value === undefined) made.set(name, (value = make()));
    return value;
  };
  return {
    resolve(name) {
      const short = name.slice(name.lastIndexOf('.') + 1);
      if (name === `torch.${short}` && TORCH.has(short))
        return kept(name, () => ofTorch(env, short));
      if (name === `torch.${short}` && Object.hasOwn(TYPED, short)) {
        return kept(name, () => ofType(env, short, TYPED[short as keyof typeof TYPED]));
      }
      if (!/^fastai2?\.(\w+\.)+tensor$/.test(name)) return undefined;
      return kept('tensor', () => ofFastai(env));
    },
    isModule: (path) => path === 'torch',
  };
}

function ofTorch(env: () => TorchEnv, name: string): Builtin {
  return new Builtin(name, (ctx, [data = null, ...rest], kwargs) => {
    const given = tensorLike(ctx, env(), data);
    // The tensor is already a copy of the array that nothing else shares.
    if (given !== data && rest.length === 0 && kwargs.size === 0) return given;
    if (given === data && (name === 'from_numpy' || name === 'asarray')) {
      throw ctx.unsupported(`torch.${name}() of a ${ctx.typeOf(data).name}`);
    }
    return env().apply(`torch.${name}`, [given, ...rest], kwargs);
  });
}

/** `torch.FloatTensor(array)`. */
function ofType(env: () => TorchEnv, name: string, cast: string): Builtin {
  return new Builtin(name, (ctx, [data = null, ...rest], kwargs) => {
    const given = tensorLike(ctx, env(), data);
    return given === data
      ? env().apply(`torch.${name}`, [data, ...rest], kwargs)
      : env().apply(`Tensor.${cast}`, [given]);
  });
}

/** `fastai.torch_core.tensor`: float64 becomes float32. */
function ofFastai(env: () => TorchEnv): Builtin {
  return new Builtin('tensor', (ctx, [x = null, ...rest], kwargs) => {
    const all = rest.length > 0 ? new List([x, ...rest]) : asList(x);
    const given = tensorLike(ctx, env(), all);
    const tensor = given === all ? env().apply('torch.tensor', [all], kwargs) : given;
    return ctx.equal(ctx.getAttr(tensor, 'dtype'), ctx.resolve('torch.float64') ?? null)
      ? env().apply('Tensor.float', [tensor])
      : tensor;
  });
}

function asList(value: Value): Value {
  const own = value instanceof Instance ? (value.payload ?? value) : value;
  return own instanceof Tuple ? new List([...own.items]) : own;
}

/** Arrays and rows of numbers as tensors of the same elements; other values unchanged. */
function tensorLike(ctx: Context, env: TorchEnv, value: Value): Value {
  const own = value instanceof RowValue ? ctx.getAttr(value, 'values') : value;
  if (!(own instanceof ArrayValue)) return value;
  const { dtype, shape } = own.array;
  if (!isTorchDtype(dtype)) throw ctx.unsupported(`a tensor of ${dtype}`);
  return env.constant(Array.from(own.array.flat()), dtype, shape);
}
