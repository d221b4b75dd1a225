import { ELLIPSIS, List, Range, Slice, Tuple, type Value } from '../../python/values.js';
import type { Value as GraphValue } from '../graph.js';
import type { TorchEnv } from './env.js';
import { SymSize, sizeOperand, type Size } from './size.js';
import { TensorValue } from './tensor-value.js';
import { positions, scattered } from './views.js';

interface Cut {
  readonly axis: number;
  /** The bounds as given. The operator counts negative ones from the end, as Python does. */
  readonly start: Size;
  readonly stop: Size;
  readonly step: number;
  /** The size that remains. */
  readonly left: Size;
}

/** An index by a tensor. The axis is one that remains after slices and ints. */
interface Places {
  readonly axis: number;
  readonly tensor: TensorValue;
}

/** `x[key]`, by torch's rules. */
export function getItem(env: TorchEnv, tensor: TensorValue, key: Value): Value {
  const items = itemsOf(env, tensor, key);
  const { value, places } = basic(env, tensor, items);
  if (places.length > 0) return advanced(env, value, places);
  const result = env.tensor(value.value, tensor.dtype);
  result.contiguous = false;
  const keyed = (of: TensorValue): GraphValue => basic(env, of, items).value.value;
  return result.becomeView({
    base: tensor,
    made: 'an index',
    read: () => keyed(tensor),
    write: (written) =>
      scattered(env, tensor, keyed(env.tensor(positions(env, tensor), 'int64')), written),
  });
}

/** `x[key] = value`, by torch's rules. */
export function setItem(env: TorchEnv, tensor: TensorValue, key: Value, value: Value): void {
  const { ctx } = env;
  if (!env.isOperand(value)) {
    throw ctx.raise('TypeError', `can't assign a ${ctx.typeOf(value).name} to a Tensor`);
  }
  const mask = key instanceof Tuple && key.items.length === 1 ? key.items[0]! : key;
  const simple = !(value instanceof TensorValue) || value.rank === 0;
  if (mask instanceof TensorValue && mask.dtype === 'bool' && mask.rank > 0 && simple) {
    tensor.assign(masked(env, tensor, mask, env.operand(value, tensor.dtype)));
    return;
  }
  const places = getItem(env, env.tensor(positions(env, tensor), 'int64'), key);
  if (!(places instanceof TensorValue)) throw ctx.unsupported('a write with this index');
  const sizes = env.sizes(places);
  let given = env.operand(value, tensor.dtype);
  if (value instanceof TensorValue) {
    // torch drops leading dimensions of size 1.
    const own = env.sizes(value);
    while (own.length > sizes.length && own[0] === 1) own.shift();
    if (own.length > sizes.length) {
      throw ctx.raise('RuntimeError', 'shape mismatch: the value cannot be broadcast to the index');
    }
    given = env.reshape(given, own);
  }
  tensor.assign(scattered(env, tensor, places.value, env.expand(given, sizes)));
}

function masked(
  env: TorchEnv,
  tensor: TensorValue,
  mask: TensorValue,
  value: GraphValue,
): GraphValue {
  checkMask(env, tensor, 0, mask);
  const { graph } = env;
  const behind = Array.from({ length: tensor.rank - mask.rank }, (_, i) => mask.rank + i);
  const wide =
    behind.length === 0 ? mask.value : graph.op('Unsqueeze', [mask.value, graph.axes(...behind)]);
  const chosen = graph.op('Where', [wide, value, tensor.value]);
  return env.withSizes(chosen, env.sizes(tensor));
}

function checkMask(env: TorchEnv, tensor: TensorValue, axis: number, mask: TensorValue): void {
  for (let i = 0; i < mask.rank; i++) {
    const same =
      axis + i < tensor.rank && SymSize.equal(env.sizeOf(mask, i), env.sizeOf(tensor, axis + i));
    if (same === false) {
      throw env.ctx.raise(
        'IndexError',
        `The shape of the mask does not match the shape of the indexed tensor at index ${i}`,
      );
    }
  }
}

/** The items of a key, without Ellipsis; lists as tensors. */
function itemsOf(env: TorchEnv, tensor: TensorValue, key: Value): Value[] {
  const { ctx } = env;
  const given = (key instanceof Tuple ? key.items : [key]).map((item) => asIndex(env, item));
  const consumed = given.reduce<number>((sum, item) => {
    if (item === null || item === ELLIPSIS) return sum;
    return sum + (item instanceof TensorValue && item.dtype === 'bool' ? item.rank : 1);
  }, 0);
  if (consumed > tensor.rank) {
    throw ctx.raise('IndexError', `too many indices for tensor of dimension ${tensor.rank}`);
  }
  const all = new Slice(null, null, null);
  const at = given.indexOf(ELLIPSIS);
  if (at < 0) return given;
  if (given.lastIndexOf(ELLIPSIS) !== at) {
    throw ctx.raise('IndexError', 'an index can only have a single ellipsis');
  }
  const rest = Array.from({ length: tensor.rank - consumed }, () => all);
  return [...given.slice(0, at), ...rest, ...given.slice(at + 1)];
}

function asIndex(env: TorchEnv, item: Value): Value {
  const { ctx } = env;
  if (item === null || item === ELLIPSIS || item instanceof Slice) return item;
  if (item instanceof TensorValue || item instanceof SymSize || typeof item === 'bigint') {
    if (item instanceof TensorValue && /float|uint8/.test(item.dtype)) {
      throw item.dtype === 'uint8'
        ? ctx.unsupported('an index by a tensor of uint8')
        : ctx.raise(
            'IndexError',
            'tensors used as indices must be long, int, byte or bool tensors',
          );
    }
    return item;
  }
  if (item instanceof List || item instanceof Range || item instanceof Tuple) {
    const values = [...ctx.iterate(item)];
    if (values.length > 0 && values.every((value) => typeof value === 'bigint')) {
      return env.constant(values.map(Number), 'int64', [values.length]);
    }
    if (values.length > 0 && values.every((value) => typeof value === 'boolean')) {
      return env.constant(values.map(Number), 'bool', [values.length]);
    }
    throw ctx.unsupported('an index by a list that contains more than numbers');
  }
  if (typeof item === 'boolean') throw ctx.unsupported('an index by True or False');
  if (typeof item === 'number' || typeof item === 'string') {
    throw ctx.raise(
      'IndexError',
      'only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices',
    );
  }
  return ctx.index(item);
}

/** Applies the parts that give views: slices, then ints, then new dimensions. */
function basic(
  env: TorchEnv,
  tensor: TensorValue,
  items: readonly Value[],
): { value: TensorValue; places: Places[] } {
  const { graph } = env;
  const cuts: Cut[] = [];
  const steps: ((value: GraphValue) => GraphValue)[] = [];
  const places: Places[] = [];
  // `from` counts dimensions of the tensor, and `axis` those of the result.
  let from = 0;
  let axis = 0;
  for (const item of items) {
    if (item === null) {
      const at = axis++;
      steps.push((value) => graph.op('Unsqueeze', [value, graph.axes(at)]));
    } else if (item instanceof Slice) {
      const cut = cutOf(env, env.sizeOf(tensor, from), from, item);
      if (cut) cuts.push(cut);
      from++;
      axis++;
    } else if (item instanceof TensorValue && item.dtype === 'bool' && item.rank > 0) {
      checkMask(env, tensor, from, item);
      for (const each of indicesOf(env, item)) places.push({ axis: axis++, tensor: each });
      from += item.rank;
    } else if (item instanceof TensorValue && item.rank > 0) {
      places.push({ axis: axis++, tensor: item });
      from++;
    } else {
      if (item instanceof TensorValue && item.dtype === 'bool') {
        throw env.ctx.unsupported('an index by a boolean of a tensor');
      }
      const index = scalarIndex(env, env.sizeOf(tensor, from++), item);
      const at = axis;
      steps.push((value) => graph.op('Gather', [value, index], { axis: at }));
    }
  }
  let { value } = tensor;
  if (cuts.length > 0) value = sliced(env, tensor, value, cuts);
  for (const step of steps) value = step(value);
  return { value: env.tensor(value, tensor.dtype), places };
}

function scalarIndex(env: TorchEnv, size: Size, item: Value): GraphValue {
  const { graph, ctx } = env;
  if (item instanceof TensorValue) {
    return item.dtype === 'int64' ? item.value : env.cast(item, 'int64').value;
  }
  const index = sizeOperand(item)!;
  if (typeof index === 'number' && typeof size === 'number') {
    if (index < -size || index >= size) {
      throw ctx.raise(
        'IndexError',
        `index ${index} is out of bounds for dimension with size ${size}`,
      );
    }
    return graph.scalar(index < 0 ? index + size : index, 'int64');
  }
  return env.sizeScalar(index);
}

/** Undefined if the slice takes all. */
function cutOf(env: TorchEnv, size: Size, axis: number, slice: Slice): Cut | undefined {
  const { ctx } = env;
  const bound = (value: Value, absent: Size): Size => {
    if (value === null) return absent;
    return sizeOperand(value) ?? Number(ctx.index(value));
  };
  const step = slice.step === null ? 1 : Number(ctx.index(slice.step));
  if (step <= 0) throw ctx.raise('ValueError', 'step must be greater than zero');
  const place = (value: Size): Size => {
    const [least, most] = typeof value === 'number' ? [value, value] : value.bounds;
    if (least >= 0) return SymSize.extreme('Min', value, size);
    if (most < 0) return SymSize.extreme('Max', SymSize.add(value, size), 0);
    throw (value as SymSize).needed();
  };
  const given = { start: bound(slice.start, 0), stop: bound(slice.stop, TO_THE_END) };
  const start = place(given.start);
  const stop = slice.stop === null ? size : place(given.stop);
  if (step === 1 && start === 0 && SymSize.equal(stop, size) === true) return undefined;
  const span = SymSize.extreme('Max', SymSize.add(stop, start, -1), 0);
  const left = step === 1 ? span : SymSize.floorDiv(SymSize.add(span, step - 1), step);
  return { axis, ...given, step, left };
}

function sliced(
  env: TorchEnv,
  tensor: TensorValue,
  value: GraphValue,
  cuts: readonly Cut[],
): GraphValue {
  const { graph } = env;
  const of = (pick: (cut: Cut) => Size): GraphValue => env.shape(cuts.map(pick));
  const sizes = env.sizes(tensor);
  for (const { axis, left } of cuts) sizes[axis] = left;
  const result = graph.op('Slice', [
    value,
    of(({ start }) => start),
    of(({ stop }) => stop),
    graph.axes(...cuts.map(({ axis }) => axis)),
    ...(cuts.some(({ step }) => step !== 1) ? [graph.axes(...cuts.map(({ step }) => step))] : []),
  ]);
  return env.withSizes(result, sizes);
}

const TO_THE_END = Number.MAX_SAFE_INTEGER;

/** The positions where a mask is true: a vector for each of its dimensions. */
function indicesOf(env: TorchEnv, mask: TensorValue): TensorValue[] {
  const { graph } = env;
  const found = graph.op('NonZero', [mask.value]);
  return Array.from({ length: mask.rank }, (_, axis) =>
    env.tensor(
      graph.assume(graph.op('Gather', [found, graph.scalar(axis, 'int64')], { axis: 0 }), [
        `${found.name}.count`,
      ]),
      'int64',
    ),
  );
}

/**
 * Applies indices by tensors, which are broadcast. Their dimensions come first if the indices are
 * not adjacent.
 */
function advanced(env: TorchEnv, value: TensorValue, places: readonly Places[]): TensorValue {
  const { graph } = env;
  const [first, ...others] = places;
  if (!first) return value;
  if (others.length === 0) {
    const gathered = graph.op('Gather', [value.value, first.tensor.value], { axis: first.axis });
    return env.tensor(gathered, value.dtype);
  }
  const sizes = broadcast(
    env,
    places.map(({ tensor }) => env.sizes(tensor)),
  );
  const columns = places.map(({ tensor }) => {
    const wide = env.expand(env.operand(tensor, 'int64'), sizes);
    return graph.op('Unsqueeze', [wide, graph.axes(sizes.length)]);
  });
  const indices = graph.op('Concat', columns, { axis: -1 });
  const axes = places.map(({ axis }) => axis);
  const rest = Array.from({ length: value.rank }, (_, axis) => axis).filter(
    (axis) => !axes.includes(axis),
  );
  const moved = permuted(env, value.value, [...axes, ...rest]);
  const gathered = graph.op('GatherND', [moved, indices]);
  const known = env.withSizes(gathered, [...sizes, ...rest.map((axis) => env.sizeOf(value, axis))]);
  const together = axes.every((axis, i) => axis === axes[0]! + i);
  const before = together ? axes[0]! : 0;
  const order = [
    ...Array.from({ length: before }, (_, i) => sizes.length + i),
    ...sizes.keys(),
    ...Array.from({ length: rest.length - before }, (_, i) => sizes.length + before + i),
  ];
  return env.tensor(permuted(env, known, order), value.dtype);
}

function permuted(env: TorchEnv, value: GraphValue, perm: readonly number[]): GraphValue {
  return perm.every((axis, i) => axis === i)
    ? value
    : env.graph.op('Transpose', [value], { perm: [...perm] });
}

function broadcast(env: TorchEnv, shapes: readonly (readonly Size[])[]): Size[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) => {
    let result: Size = 1;
    for (const shape of shapes) {
      const size = shape[i - rank + shape.length] ?? 1;
      if (size === 1 || SymSize.equal(size, result) === true) continue;
      if (result === 1) result = size;
      else if (SymSize.equal(size, result) === false) {
        throw env.ctx.raise(
          'IndexError',
          'shape mismatch: indexing tensors could not be broadcast',
        );
      } else if (typeof size === 'number') result = size;
    }
    return result;
  });
}
