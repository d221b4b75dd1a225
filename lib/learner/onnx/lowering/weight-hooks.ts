import type { Module } from '../../torch/module.js';
import type { PyObject } from '../../torch/python.js';
import { Tensor } from '../../torch/tensor.js';
import { malformed } from './attributes.js';

/** What a hook reads and changes. */
export interface HookTarget {
  requiredTensor(module: Module, name: string): Tensor;
  /** Makes `module` compute with this tensor in place of its own. */
  override(module: Module, name: string, tensor: Tensor): void;
}

/** `torch.nn.utils.weight_norm`: weight = g * v / |v|, the norm over all dimensions but `dim`. */
export function applyWeightNorm(module: Module, hook: PyObject, ctx: HookTarget): void {
  const name = hookName(module, hook);
  const g = ctx.requiredTensor(module, `${name}_g`).toFloat32();
  const direction = ctx.requiredTensor(module, `${name}_v`);
  const v = direction.toFloat32();
  const { shape } = direction;
  const dim = hook.attr('dim');
  // dim None is one norm over the whole tensor; WeightNorm keeps it as -1.
  const slice = typeof dim === 'number' && dim >= 0 ? dim : undefined;
  const groups = slice === undefined ? 1 : (shape[slice] ?? 1);
  const inner = slice === undefined ? v.length : shape.slice(slice + 1).reduce((a, b) => a * b, 1);
  const groupOf = (index: number): number => Math.floor(index / inner) % groups;
  const squares = new Float64Array(groups);
  v.forEach((value, i) => (squares[groupOf(i)]! += value * value));
  const weight = v.map((value, i) => {
    const group = groupOf(i);
    return (value * g[group]!) / Math.sqrt(squares[group]!);
  });
  ctx.override(module, name, Tensor.fromArray(weight, shape));
}

/** `torch.nn.utils.spectral_norm` in evaluation: weight / (u . W v), with the stored u and v. */
export function applySpectralNorm(module: Module, hook: PyObject, ctx: HookTarget): void {
  const name = hookName(module, hook);
  const original = ctx.requiredTensor(module, `${name}_orig`);
  const u = ctx.requiredTensor(module, `${name}_u`).toFloat32();
  const v = ctx.requiredTensor(module, `${name}_v`).toFloat32();
  const values = original.toFloat32();
  const { shape } = original;
  const dim = Number(hook.attr('dim') ?? 0);
  const rows = shape[dim] ?? 1;
  const inner = shape.slice(dim + 1).reduce((a, b) => a * b, 1);
  // W is the weight with `dim` moved to the front and the rest flattened.
  let sigma = 0;
  values.forEach((value, i) => {
    const row = Math.floor(i / inner) % rows;
    const column = Math.floor(i / (inner * rows)) * inner + (i % inner);
    sigma += value * u[row]! * v[column]!;
  });
  const weight = values.map((value) => value / sigma);
  ctx.override(module, name, Tensor.fromArray(weight, shape));
}

function hookName(module: Module, hook: PyObject): string {
  const name = hook.attr('name');
  if (typeof name !== 'string') throw malformed(module, 'its normalization hook has no name');
  return name;
}
