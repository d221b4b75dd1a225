import type { Names } from '../../python/context.js';
import { Builtin, ClassValue, ModuleValue, Singleton, type Value } from '../../python/values.js';
import { autogradFunction } from './autograd-function.js';
import { CPU, dtypeNamed } from './dtypes.js';
import type { TorchEnv } from './env.js';
import { inertContexts } from './inert-contexts.js';
import { knowsOperation, operationAsFunction } from './tables.js';
import { TensorValue } from './tensor-value.js';

const MODULES = new Set([
  'torch',
  'torch.nn',
  'torch.nn.functional',
  'torch.functional',
  'torch.linalg',
  'torch.special',
  'torch._C',
  'torch._C._nn',
  'torch._C._linalg',
  'torch._C._special',
  'torch._C._VariableFunctions',
  'torch._C._VariableFunctionsClass',
  'torch._C.TensorBase',
  'torch._C._TensorBase',
  'torch._VF',
  'torch._tensor',
  'torch.amp',
  'torch.autograd',
  'torch.autograd.profiler',
  'torch.backends',
  'torch.backends.mps',
  'torch.compiler',
  'torch.cuda',
  'torch.cuda.amp',
  'torch.jit',
  'torch.onnx',
  'torch.profiler',
  'torch.random',
  'einops',
  'einops.einops',
]);

const CONSTANTS = new Map<string, Value>([
  ['torch.pi', Math.PI],
  ['torch.e', Math.E],
  ['torch.inf', Infinity],
  ['torch.nan', NaN],
  ['torch.newaxis', null],
  // Memory layouts, which do not change any element.
  ...['strided', 'contiguous_format', 'channels_last', 'channels_last_3d', 'preserve_format'].map(
    (name): [string, Value] => [`torch.${name}`, new Singleton(`torch.${name}`)],
  ),
]);

const isTensor = (value: Value): boolean => value instanceof TensorValue;

/** Names of torch: its operations, element types and the class of tensors. */
export function torchNames(env: () => TorchEnv): Names {
  const found = new Map<string, Value>(inertContexts);
  const tensorClass = new ClassValue('Tensor', 'torch.Tensor', [], [], {
    has: isTensor,
    construct: (_, __, args, kwargs) => env().apply('torch.Tensor', args, kwargs),
    opaque: true,
  });
  for (const name of ['torch.Tensor', 'torch._tensor.Tensor', 'fastai.torch_core.TensorBase']) {
    found.set(name, tensorClass);
  }
  for (const name of ['torch.autograd.Function', 'torch.autograd.function.Function']) {
    found.set(name, autogradFunction);
  }
  const device = new Builtin('device', () => CPU);
  found.set('torch.device', device);

  const make = (name: string): Value | undefined => {
    if (CONSTANTS.has(name)) return CONSTANTS.get(name);
    if (name.startsWith('torch.')) {
      const dtype = dtypeNamed(name.slice('torch.'.length));
      if (dtype) return dtype;
    }
    if (MODULES.has(name)) return new ModuleValue(name);
    return knowsOperation(name) ? operationAsFunction(env, name) : undefined;
  };
  return {
    resolve(name) {
      let value = found.get(name);
      if (value === undefined) {
        value = make(name);
        if (value !== undefined) found.set(name, value);
      }
      return value;
    },
    isModule: (path) => MODULES.has(path),
  };
}
