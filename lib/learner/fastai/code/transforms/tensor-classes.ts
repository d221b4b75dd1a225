import type { Names } from '../../../python/context.js';
import { ClassValue, type Value } from '../../../python/values.js';
import { TensorValue } from '../../../onnx/torch-ops/tensor-value.js';

const PARENTS = {
  TensorImageBase: undefined,
  TensorImage: 'TensorImageBase',
  TensorImageBW: 'TensorImage',
  TensorMask: 'TensorImageBase',
  TensorCategory: undefined,
  TensorMultiCategory: 'TensorCategory',
  TensorPoint: undefined,
  TensorBBox: 'TensorPoint',
  TensorText: undefined,
  LMTensorText: 'TensorText',
} as const;

/**
 * fastai's tensor classes. Code sees tensors of one class at a time here, and computed tensors keep
 * that class.
 *
 * @param image The class of the tensors that the code sees now.
 */
export function tensorClasses(base: () => Value | undefined, image: () => string): Names {
  const made = new Map<string, ClassValue>();
  const make = (name: string): ClassValue | undefined => {
    if (!Object.hasOwn(PARENTS, name)) return undefined;
    let cls = made.get(name);
    if (cls) return cls;
    const parent = PARENTS[name as keyof typeof PARENTS];
    const root = base();
    const bases = parent ? [make(parent)!] : root instanceof ClassValue ? [root] : [];
    cls = new ClassValue(name, `fastai.torch_core.${name}`, bases, [], {
      has: (value) => value instanceof TensorValue && isA(image(), name),
      construct: (ctx, own, args, kwargs) => {
        const [value] = args;
        if (!isA(image(), own.name)) {
          throw ctx.unsupported(`a tensor of class ${own.name} in code that runs on ${image()}s`);
        }
        if (value instanceof TensorValue) return value;
        return ctx.call(ctx.resolve('torch.tensor') ?? null, args, kwargs);
      },
    });
    made.set(name, cls);
    return cls;
  };
  const prefix = 'fastai.torch_core.';
  return {
    resolve: (name) => (name.startsWith(prefix) ? make(name.slice(prefix.length)) : undefined),
    isModule: (path) => path === 'fastai' || path === 'fastai.torch_core',
  };
}

function isA(name: string, wanted: string): boolean {
  for (let at: string | undefined = name; at !== undefined;) {
    if (at === wanted) return true;
    at = Object.hasOwn(PARENTS, at) ? PARENTS[at as keyof typeof PARENTS] : undefined;
  }
  return false;
}
