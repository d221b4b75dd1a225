import { List, Tuple, type Value } from '../../python/values.js';
import type { Value as GraphValue } from '../graph.js';
import type { TorchEnv } from './env.js';
import { SymSize } from './size.js';
import { TensorValue } from './tensor-value.js';

/** Operations that return views of the same elements. */
const VIEWS = new Set(
  (
    'view view_as transpose t adjoint permute squeeze unsqueeze narrow select chunk split ' +
    'split_with_sizes tensor_split hsplit vsplit dsplit unbind detach diagonal swapaxes swapdims ' +
    'movedim moveaxis unflatten alias'
  ).split(' '),
);
/** Views that torch does not allow writes to, because one element has several positions. */
const OVERLAPPING = new Set(['expand', 'expand_as', 'broadcast_to', 'unfold', 'as_strided']);
/** Operations that return a view if elements are stored row by row, and otherwise a copy. */
const PERHAPS = new Set(['reshape', 'reshape_as', 'flatten', 'ravel', 'contiguous']);
/** Views that keep the order of the elements. */
const SAME_ORDER = new Set('view view_as squeeze unsqueeze detach unflatten alias'.split(' '));

function tensorsOf(value: Value): TensorValue[] {
  if (value instanceof TensorValue) return [value];
  if (value instanceof Tuple || value instanceof List) return value.items.flatMap(tensorsOf);
  return [];
}

/**
 * Marks results that share elements with the first argument, and records how elements are stored.
 */
export function markViews(
  env: TorchEnv,
  name: string,
  args: readonly Value[],
  result: Value,
  again: (base: TensorValue) => Value,
): void {
  const [base] = args;
  const results = tensorsOf(result);
  const short = name.slice(name.lastIndexOf('.') + 1);
  const views = /^(torch|Tensor)\.\w+$/.test(name);
  const perhaps = PERHAPS.has(short);
  if (
    views &&
    base instanceof TensorValue &&
    (VIEWS.has(short) || OVERLAPPING.has(short) || perhaps)
  ) {
    for (const [at, each] of results.entries()) {
      // No operation returns another tensor twice. A result that is already a view stays one.
      if (each === base || each.isView) continue;
      const certain = !perhaps || base.contiguous;
      each.contiguous = perhaps || (SAME_ORDER.has(short) && base.contiguous);
      const read = (): GraphValue => tensorsOf(again(base))[at]!.value;
      const placesOf = (which: number): GraphValue =>
        tensorsOf(again(env.tensor(positions(env, base), 'int64')))[which]!.value;
      const write = (value: GraphValue): GraphValue =>
        perhaps || SAME_ORDER.has(short)
          ? env.reshape(value, env.sizes(base))
          : scattered(env, base, placesOf(at), value);
      each.becomeView({
        base,
        made: short,
        ...(certain && { read }),
        ...(certain && !OVERLAPPING.has(short) && { write }),
      });
    }
    return;
  }
  const given = args.flatMap(tensorsOf);
  const contiguous = given.every((tensor) => tensor.contiguous);
  for (const each of results) {
    if (!given.includes(each) && !contiguous) each.contiguous = false;
  }
}

/** The positions of a tensor's elements, in its shape. */
export function positions(env: TorchEnv, tensor: TensorValue): GraphValue {
  const { graph } = env;
  const sizes = env.sizes(tensor);
  const count = SymSize.product(sizes);
  const range = graph.op('Range', [
    graph.scalar(0, 'int64'),
    env.sizeScalar(count),
    graph.scalar(1, 'int64'),
  ]);
  return env.reshape(env.withSizes(range, [count]), sizes);
}

/** The base with new values at some positions. */
export function scattered(
  env: TorchEnv,
  base: TensorValue,
  places: GraphValue,
  values: GraphValue,
): GraphValue {
  const { graph } = env;
  const flat = env.reshape(base.value, [-1]);
  const where = env.reshape(places, [-1]);
  const updates = env.reshape(values, [-1]);
  const written = graph.op('ScatterElements', [flat, where, updates], { axis: 0 });
  return env.reshape(written, env.sizes(base));
}
