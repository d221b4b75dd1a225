import type { TorchEnv } from '../env.js';
import { SymSize, type Size } from '../size.js';
import { TensorValue } from '../tensor-value.js';
import { every } from './axes.js';
import { emit } from './emit.js';
import { squeezed } from './layout.js';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/**
 * The subscripts of a term. Letters replace the dimensions of `...`, according to the term's rank.
 */
function subscripts(
  env: TorchEnv,
  term: string,
  rank: number | undefined,
  spare: readonly string[],
  widest: number,
): string[] {
  const [before = '', behind, ...more] = term.split('...');
  if (more.length > 0 || !/^[a-zA-Z]*$/.test(before + (behind ?? ''))) {
    throw env.ctx.raise('RuntimeError', `einsum(): invalid subscript given: '${term}'`);
  }
  const letters = [...before, ...(behind ?? '')];
  const hidden = rank === undefined ? widest : rank - letters.length;
  if (behind === undefined) {
    if (rank !== undefined && hidden !== 0) {
      throw env.ctx.raise('RuntimeError', 'einsum(): the subscripts do not match the dimensions');
    }
    return letters;
  }
  if (hidden < 0) {
    throw env.ctx.raise('RuntimeError', 'einsum(): there are more subscripts than dimensions');
  }
  return [...before, ...spare.slice(widest - hidden, widest), ...behind];
}

/** torch.einsum: letters of size 1 broadcast, and `...` stands for any leading dimensions. */
export function einsum(
  env: TorchEnv,
  equation: string,
  tensors: readonly TensorValue[],
): TensorValue {
  const { ctx } = env;
  const text = equation.replaceAll(' ', '');
  const [left = '', right, ...more] = text.split('->');
  const terms = left.split(',');
  if (more.length > 0 || terms.length !== tensors.length) {
    throw ctx.raise('RuntimeError', 'einsum(): the operands do not match the equation');
  }
  const dtype = tensors[0]!.dtype;
  if (tensors.some((tensor) => tensor.dtype !== dtype)) {
    throw ctx.raise('RuntimeError', 'einsum(): the operands differ in dtype');
  }
  const spare = [...ALPHABET].filter((letter) => !text.includes(letter));
  const widest = Math.max(
    0,
    ...terms.map((term, i) =>
      term.includes('...') ? tensors[i]!.rank - term.replace('...', '').length : 0,
    ),
  );
  if (widest > spare.length) throw ctx.unsupported('torch.einsum with this many dimensions');
  const inputs = terms.map((term, i) => subscripts(env, term, tensors[i]!.rank, spare, widest));
  const output =
    right === undefined
      ? [...spare.slice(0, widest), ...once(inputs, spare.slice(0, widest))]
      : subscripts(env, right, undefined, spare, widest);
  const sizes = letterSizes(env, inputs, tensors);
  if (output.some((letter) => !sizes.has(letter)) || new Set(output).size !== output.length) {
    throw ctx.raise('RuntimeError', 'einsum(): the output subscripts are not those of the inputs');
  }
  // A dimension of size 1 is broadcast to the larger ones of the same letter.
  const kept = inputs.map((letters, i) =>
    every(letters.length).filter(
      (axis) => env.sizeOf(tensors[i]!, axis) !== 1 || sizes.get(letters[axis]!) === 1,
    ),
  );
  const values = tensors.map(({ value }, i) => {
    const dropped = every(inputs[i]!.length).filter((axis) => !kept[i]!.includes(axis));
    return squeezed(env, value, ...dropped);
  });
  const written = inputs.map((letters, i) => kept[i]!.map((axis) => letters[axis]!).join(''));
  const value = emit(env, 'Einsum', values, { equation: `${written.join()}->${output.join('')}` });
  return env.tensor(
    env.withSizes(
      value,
      output.map((letter) => sizes.get(letter)!),
    ),
    dtype,
  );
}

/** Letters that occur once, in alphabetical order. */
function once(inputs: readonly string[][], besides: readonly string[]): string[] {
  const all = inputs.flat();
  const single = all.filter(
    (letter) => !besides.includes(letter) && all.indexOf(letter) === all.lastIndexOf(letter),
  );
  return single.sort();
}

function letterSizes(
  env: TorchEnv,
  inputs: readonly string[][],
  tensors: readonly TensorValue[],
): Map<string, Size> {
  const sizes = new Map<string, Size>();
  inputs.forEach((letters, i) =>
    letters.forEach((letter, axis) => {
      const size = env.sizeOf(tensors[i]!, axis);
      const before = sizes.get(letter);
      if (before === undefined || before === 1) sizes.set(letter, size);
      else if (size !== 1) {
        if (SymSize.equal(before, size) === false) {
          throw env.ctx.raise('RuntimeError', `einsum(): the sizes of ${letter} do not broadcast`);
        }
        if (typeof size === 'number') sizes.set(letter, size);
      }
    }),
  );
  return sizes;
}
