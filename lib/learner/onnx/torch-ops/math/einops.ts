import { List, Tuple } from '../../../python/values.js';
import type { TorchEnv } from '../env.js';
import { isFloating } from '../promotion.js';
import { SymSize, sizeOperand, type Size } from '../size.js';
import { fn, type Args, type TorchTable } from '../table.js';
import { TensorValue } from '../tensor-value.js';
import { every } from './axes.js';
import { transposed } from './layout.js';

/** The axes that form one dimension. No axes mean a size of 1. */
type Group = readonly string[];

const ELLIPSIS = '...';
/** Longer texts are not valid patterns. */
const LONGEST = 1000;

interface Written {
  readonly axes: string[];
  /** In parentheses. */
  readonly closed: boolean;
}

/** The dimensions of one side: `b (h w) ... 1`. */
function side(env: TorchEnv, text: string, pattern: string): Written[] {
  const wrong = (): Error =>
    env.ctx.raise('ValueError', `einops: the pattern "${pattern}" is not valid`);
  const groups: Written[] = [];
  let open: string[] | undefined;
  for (const [token] of text.matchAll(/\.\.\.|…|[()]|[^\s().…]+|\./g)) {
    if (token === '(') {
      if (open) throw wrong();
      open = [];
    } else if (token === ')') {
      if (!open) throw wrong();
      groups.push({ axes: open, closed: true });
      open = undefined;
    } else {
      const axis = token === '…' ? ELLIPSIS : token;
      const named =
        /^[\p{L}_][\p{L}\p{N}_]*$/u.test(axis) && !axis.startsWith('_') && !axis.endsWith('_');
      if (axis !== ELLIPSIS && !named && !/^[1-9]\d*$/.test(axis)) throw wrong();
      const axes = axis === '1' ? [] : [axis];
      if (open) open.push(...axes);
      else groups.push({ axes, closed: false });
    }
  }
  if (open) throw wrong();
  return groups;
}

interface Pattern {
  readonly left: Group[];
  readonly right: Group[];
  /** The given or known sizes of axes. */
  readonly sizes: Map<string, Size>;
}

const isNumber = (axis: string): boolean => /^\d+$/.test(axis);

/** Reads a pattern for a tensor. `...` and numbers become axes of their own. */
function read(env: TorchEnv, args: Args, x: TensorValue): Pattern {
  const { ctx } = env;
  const pattern = args.string('pattern');
  ctx.budget.charge(pattern.length);
  const sides = pattern.split('->');
  if (sides.length !== 2 || pattern.length > LONGEST) {
    throw ctx.raise('ValueError', `einops: the pattern "${pattern}" needs one "->"`);
  }
  const [from, to] = sides.map((text) => side(env, text, pattern)) as [Written[], Written[]];
  if (from.some(({ axes, closed }) => closed && axes.includes(ELLIPSIS))) {
    throw ctx.raise(
      'ValueError',
      'einops: an ellipsis inside parentheses on the left is not allowed',
    );
  }
  const dots = (groups: readonly Written[]): number =>
    groups.flatMap(({ axes }) => axes).filter((axis) => axis === ELLIPSIS).length;
  const hidden = x.rank - (from.length - dots(from));
  if (dots(from) > 1 || dots(to) > dots(from) || hidden < 0 || (dots(from) === 0 && hidden !== 0)) {
    throw ctx.raise(
      'ValueError',
      `einops: the pattern "${pattern}" does not fit ${x.rank} dimensions`,
    );
  }
  const ellipsis = every(hidden).map((i) => `.${i}`);
  const sizes = new Map<string, Size>();
  for (const [name, value] of args.kwargs) {
    if (name === 'tensor' || name === 'pattern' || name === 'reduction') continue;
    const size = sizeOperand(value);
    if (size === undefined)
      throw ctx.raise('TypeError', `einops: the length of ${name} is not an int`);
    sizes.set(name, size);
  }
  let numbers = 0;
  const resolved = (axes: readonly string[]): string[] =>
    axes.flatMap((axis) => {
      if (axis === ELLIPSIS) return ellipsis;
      if (!isNumber(axis)) return [axis];
      const name = `#${numbers++}`;
      sizes.set(name, Number(axis));
      return [name];
    });
  // Outside of parentheses each axis of an ellipsis is a dimension.
  const spread = (groups: readonly Written[]): Group[] =>
    groups.flatMap(({ axes, closed }) =>
      !closed && axes[0] === ELLIPSIS ? ellipsis.map((axis) => [axis]) : [resolved(axes)],
    );
  const [left, right] = [spread(from), spread(to)];
  const used = new Set([...left, ...right].flat());
  const strange = [...sizes.keys()].find((axis) => !used.has(axis));
  if (strange !== undefined) {
    throw ctx.raise('ValueError', `einops: the pattern does not have the axis ${strange}`);
  }
  for (const groups of [left, right]) {
    const axes = groups.flat();
    if (new Set(axes).size !== axes.length) {
      throw ctx.raise('ValueError', 'einops: an axis occurs twice on one side');
    }
  }
  measure(env, x, left, sizes);
  return { left, right, sizes };
}

/**
 * Sizes of the axes on the left. In each dimension, the size of one axis may be inferred from the
 * others.
 */
function measure(
  env: TorchEnv,
  x: TensorValue,
  left: readonly Group[],
  sizes: Map<string, Size>,
): void {
  left.forEach((group, dim) => {
    const size = env.sizeOf(x, dim);
    const open = group.filter((axis) => !sizes.has(axis));
    const known = SymSize.product(group.flatMap((axis) => sizes.get(axis) ?? []));
    if (open.length > 1) {
      throw env.ctx.raise(
        'ValueError',
        `einops: could not infer the sizes of ${open.join(' and ')}`,
      );
    }
    if (open.length === 1) sizes.set(open[0]!, known === 1 ? size : SymSize.floorDiv(size, known));
    const total = SymSize.product(group.map((axis) => sizes.get(axis)!));
    if (SymSize.equal(total, size) === false) {
      throw env.ctx.raise(
        'ValueError',
        'einops: the lengths of axes do not multiply up to the dimension',
      );
    }
  });
}

/** A tensor, or several of one shape, which are stacked along a new first dimension. */
function tensorArg(env: TorchEnv, args: Args): TensorValue {
  const given = args.raw('tensor')!;
  if (given instanceof List || given instanceof Tuple) return env.tensorOf('torch.stack', [given]);
  return args.tensor('tensor');
}

const flattened = (env: TorchEnv, x: TensorValue, { left, sizes }: Pattern): TensorValue =>
  env.tensor(
    env.reshape(
      x.value,
      left.flat().map((axis) => sizes.get(axis)!),
    ),
    x.dtype,
  );

/** The axes in the order of the right side, joined as it says. */
function arranged(
  env: TorchEnv,
  x: TensorValue,
  axes: readonly string[],
  pattern: Pattern,
): TensorValue {
  const { right, sizes } = pattern;
  const perm = right.flat().map((axis) => axes.indexOf(axis));
  const value = transposed(env, x.value, perm);
  const result = right.map((group) => SymSize.product(group.map((axis) => sizes.get(axis)!)));
  return env.tensor(env.reshape(value, result), x.dtype);
}

function sameAxes(
  env: TorchEnv,
  { left, right }: Pattern,
  extra: 'left' | 'right' | 'none',
  name: string,
): void {
  const [before, after] = [left.flat(), right.flat()];
  const fits =
    (extra === 'right' || after.every((axis) => before.includes(axis))) &&
    (extra === 'left' || before.every((axis) => after.includes(axis)));
  if (!fits) throw env.ctx.raise('ValueError', `einops.${name}: the sides differ in their axes`);
}

const rearrange = fn('tensor, pattern, **', (env, args) => {
  const x = tensorArg(env, args);
  const pattern = read(env, args, x);
  sameAxes(env, pattern, 'none', 'rearrange');
  return arranged(env, flattened(env, x, pattern), pattern.left.flat(), pattern);
});

const reductions = new Map([
  ['min', 'torch.amin'],
  ['max', 'torch.amax'],
  ['sum', 'torch.sum'],
  ['mean', 'torch.mean'],
  ['any', 'torch.any'],
  ['all', 'torch.all'],
]);

function reduced(env: TorchEnv, args: Args, x: TensorValue, axes: readonly number[]): TensorValue {
  if (axes.length === 0) return x;
  const reduction = args.raw('reduction')!;
  if (typeof reduction !== 'string') {
    const result = env.ctx.call(reduction, [x, new Tuple(axes.map(BigInt))]);
    if (result instanceof TensorValue) return result;
    throw env.ctx.unsupported('einops.reduce by a function that does not return a tensor');
  }
  if (reduction === 'prod') {
    return axes.reduceRight((y, axis) => env.tensorOf('torch.prod', [y, BigInt(axis)]), x);
  }
  const name = reductions.get(reduction);
  if (name === undefined)
    throw env.ctx.raise('ValueError', `einops.reduce: unknown reduction ${reduction}`);
  if (reduction === 'mean' && !isFloating(x.dtype)) {
    throw env.ctx.raise('ValueError', 'einops.reduce: reduce_mean is not available for integers');
  }
  return env.tensorOf(name, [x, new Tuple(axes.map(BigInt))]);
}

const reduce = fn('tensor, pattern, reduction, **', (env, args) => {
  const x = tensorArg(env, args);
  const pattern = read(env, args, x);
  sameAxes(env, pattern, 'left', 'reduce');
  const axes = pattern.left.flat();
  const kept = new Set(pattern.right.flat());
  const gone = every(axes.length).filter((axis) => !kept.has(axes[axis]!));
  const result = reduced(env, args, flattened(env, x, pattern), gone);
  return arranged(
    env,
    result,
    axes.filter((axis) => kept.has(axis)),
    pattern,
  );
});

const repeat = fn('tensor, pattern, **', (env, args) => {
  const x = tensorArg(env, args);
  const pattern = read(env, args, x);
  sameAxes(env, pattern, 'right', 'repeat');
  const axes = pattern.left.flat();
  const added = pattern.right.flat().filter((axis) => !axes.includes(axis));
  const missing = added.find((axis) => !pattern.sizes.has(axis));
  if (missing !== undefined)
    throw env.ctx.raise('ValueError', `einops.repeat: the size of ${missing} is not given`);
  const flat = flattened(env, x, pattern);
  if (added.length === 0) return arranged(env, flat, axes, pattern);
  const own = env.sizes(flat);
  const wide = env.reshape(flat.value, [...added.map((): Size => 1), ...own]);
  const value = env.expand(wide, [...added.map((axis) => pattern.sizes.get(axis)!), ...own]);
  return arranged(env, env.tensor(value, x.dtype), [...added, ...axes], pattern);
});

/** einops' functions. */
export const einops: TorchTable = {
  'einops.rearrange': rearrange,
  'einops.reduce': reduce,
  'einops.repeat': repeat,
};
