import type { Module } from '../../../torch/module.js';
import type { Expression } from '../expression.js';
import type { Scope } from '../scope.js';
import type { Size } from '../windows.js';

/** Pairs of neighbours, or of the two halves, rotated by a quarter turn. */
function turned(x: Expression, half: boolean): Expression {
  if (half) {
    const [first, second] = x.chunk(-1, 2);
    return second.mul(-1).concat(3, first);
  }
  const [count, positions, width] = [x.size(1), x.size(2), x.size(3)];
  const pairs = x.reshape(0, count, positions, width / 2, 2);
  const [even, odd] = [pairs.slice(4, 0, 1), pairs.slice(4, 1, 2)];
  return odd.mul(-1).concat(4, even).reshape(0, count, positions, width);
}

/**
 * Queries or keys [batch, heads, positions, width] rotated by their positions.
 *
 * @param rope Sines, then cosines, for each position after the prefix.
 * @param prefix The number of leading tokens without a position.
 */
export function rotated(x: Expression, rope: Expression, half = false, prefix = 0): Expression {
  const [sine, cosine] = rope.chunk(-1, 2);
  const patches = prefix > 0 ? x.slice(2, prefix) : x;
  const result = patches.mul(cosine).add(turned(patches, half).mul(sine));
  return prefix > 0 ? x.slice(2, 0, prefix).concat(2, result) : result;
}

/**
 * Sines and cosines for each patch of a grid, or for each block and patch if they are learned.
 * Values that the module has computed for its own grid are used unchanged.
 */
export function ropeOf(m: Scope, module: Module, grid: Size): (block: number) => Expression {
  const rope = m.enter(module);
  const patches = grid[0] * grid[1];
  const [, kind] =
    /^timm\.(?:models\.)?layers\.pos_embed_sincos\.(\w+)$/.exec(module.className) ?? [];
  if (kind === 'RotaryEmbeddingMixed') return mixedRope(rope, grid);
  const compute = kind === undefined ? undefined : computed.get(kind);
  if (!compute) throw rope.refusal('the way that it computes positions is unknown');
  const kept = rope.weight('pos_embed') ?? rope.weight('pos_embed_cached');
  rope.requireSize(kept === undefined || kept.size(0) === patches, otherGrid);
  const embed = kept ?? compute(rope, grid);
  return () => embed;
}

const otherGrid = 'its positions are of another grid of patches';

/** Coordinates of a place of the grid, in the order of the frequencies. */
type Coordinates = (y: number, x: number) => readonly [number, number];

/** 'ij' is rows first, 'xy' columns first. */
function ordered(rope: Scope, of: (index: number, axis: 0 | 1) => number): Coordinates {
  const indexing = rope.string('grid_indexing', 'ij');
  rope.require(['ij', 'xy'].includes(indexing), `its grid is "${indexing}"`);
  return (y, x) => (indexing === 'ij' ? [of(y, 0), of(x, 1)] : [of(x, 1), of(y, 0)]);
}

/** Coordinates from -1 to 1, at the centre of each patch. */
function centred(rope: Scope, grid: Size): Coordinates {
  const offset = rope.number('grid_offset', 0);
  const normalize = rope.string('normalize_coords', 'separate');
  rope.require(['separate', 'max', 'min'].includes(normalize), `it divides by "${normalize}"`);
  const extreme = normalize === 'max' ? Math.max(...grid) : Math.min(...grid);
  const divisors = normalize === 'separate' ? grid : ([extreme, extreme] as const);
  return ordered(rope, (index, axis) => (2 * (index + 0.5 + offset)) / divisors[axis] - 1);
}

function dinoRope(rope: Scope, grid: Size): Expression {
  const periods = rope.tensor('periods').toFloat32();
  const coordinates = centred(rope, grid);
  return table(rope, grid, periods.length * 2, rope.bool('rotate_half', false), (y, x, i) => {
    const value = coordinates(y, x)[i < periods.length ? 0 : 1];
    return (2 * Math.PI * value) / periods[i % periods.length]!;
  });
}

/** Frequencies times indices of patches, or times coordinates from -1 to 1. */
function axialRope(rope: Scope, grid: Size): Expression {
  const bands = rope.tensor('bands').toFloat32();
  const coordinates = axialCoordinates(rope, grid);
  return table(rope, grid, bands.length * 2, rope.bool('rotate_half', false), (y, x, i) =>
    Math.fround(coordinates(y, x)[i < bands.length ? 0 : 1] * bands[i % bands.length]!),
  );
}

function axialCoordinates(rope: Scope, grid: Size): Coordinates {
  const kind = rope.string('grid_type', rope.bool('in_pixels', true) ? 'pixel' : 'index');
  const reference = rope.attr('ref_feat_shape');
  const ratio = (axis: 0 | 1): number =>
    Array.isArray(reference) ? Number(reference[axis]) / grid[axis] : 1;
  if (kind === 'centered') {
    rope.require(!Array.isArray(reference), 'it measures by another grid (ref_feat_shape)');
    return centred(rope, grid);
  }
  const offset = rope.number('grid_offset', 0);
  rope.require(kind === 'pixel' || kind === 'index', `its grid is of the kind "${kind}"`);
  return ordered(rope, (index, axis) => {
    // One pixel alone is at the start of the range.
    const pixel = grid[axis] === 1 ? -1 : (2 * index) / (grid[axis] - 1) - 1;
    return Math.fround((kind === 'pixel' ? pixel : index + offset) * ratio(axis));
  });
}

/** Each frequency belongs to rows, to columns, or to a time that images do not have. */
function multimodalRope(rope: Scope, grid: Size): Expression {
  const [frequencies, axes] = [
    rope.tensor('inv_freq').toFloat32(),
    rope.tensor('axis').toFloat32(),
  ];
  rope.expectAttrs({ grid_indexing: 'ij' });
  return table(rope, grid, frequencies.length, true, (y, x, i) => {
    const position = [0, y, x][axes[i]!];
    if (position === undefined) throw rope.refusal('one of its frequencies has no axis');
    return Math.fround(position * frequencies[i]!);
  });
}

const computed: ReadonlyMap<string, (rope: Scope, grid: Size) => Expression> = new Map([
  ['RotaryEmbeddingCat', axialRope],
  ['RotaryEmbeddingDinoV3', dinoRope],
  ['RotaryEmbeddingMRope', multimodalRope],
]);

/** [patches, 4 * angles]: the sines of all angles twice, then the cosines. */
function table(
  m: Scope,
  [height, width]: Size,
  angles: number,
  half: boolean,
  angleOf: (y: number, x: number, i: number) => number,
): Expression {
  const row = 4 * angles;
  const data = new Float32Array(height * width * row);
  for (let patch = 0; patch < height * width; patch++) {
    for (let i = 0; i < 2 * angles; i++) {
      const which = half ? i % angles : i >> 1;
      const angle = angleOf(Math.floor(patch / width), patch % width, which);
      data[patch * row + i] = Math.sin(angle);
      data[patch * row + 2 * angles + i] = Math.cos(angle);
    }
  }
  return m.constant(data, [height * width, row]);
}

/** Frequencies that each head of each block has learned: [2, blocks, heads, angles]. */
function mixedRope(rope: Scope, grid: Size): (block: number) => Expression {
  const { shape } = rope.tensor('freqs');
  const [, depth, count, angles] = shape as [number, number, number, number];
  const patches = grid[0] * grid[1];
  const frequencies = rope.tensor('freqs').toFloat32();
  const [tx, ty] = mixedCoordinates(rope, grid);
  return (block) => {
    const data = new Float32Array(count * patches * angles * 4);
    for (let head = 0; head < count; head++) {
      for (let patch = 0; patch < patches; patch++) {
        const start = (head * patches + patch) * angles * 4;
        for (let i = 0; i < angles; i++) {
          const at = (block * count + head) * angles + i;
          const other = depth * count * angles + at;
          const angle = tx[patch]! * frequencies[at]! + ty[patch]! * frequencies[other]!;
          data.fill(Math.sin(angle), start + 2 * i, start + 2 * i + 2);
          data.fill(Math.cos(angle), start + 2 * (angles + i), start + 2 * (angles + i) + 2);
        }
      }
    }
    return rope.constant(data, [count, patches, angles * 4]);
  };
}

function mixedCoordinates(rope: Scope, [height, width]: Size): [Float32Array, Float32Array] {
  const patches = height * width;
  const [xs, ys] = [rope.ctx.tensor(rope.module, 't_x'), rope.ctx.tensor(rope.module, 't_y')];
  if (xs && ys) {
    rope.requireSize(xs.shape[0] === patches, otherGrid);
    return [xs.toFloat32(), ys.toFloat32()];
  }
  const coordinates = ordered(rope, (index) => index);
  const all = Array.from({ length: patches }, (_, i) =>
    coordinates(Math.floor(i / width), i % width),
  );
  return [Float32Array.from(all, ([x]) => x), Float32Array.from(all, ([, y]) => y)];
}
