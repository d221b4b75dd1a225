import type { Value as GraphValue } from '../../graph.js';
import type { TorchEnv } from '../env.js';
import type { Size } from '../size.js';
import { fn, type TorchTable } from '../table.js';
import { floatOf, inFloat, knownSize, sizesOf } from './support.js';

const MODES: ReadonlySet<string> = new Set(['bilinear', 'nearest', 'bicubic']);
const PADDINGS: ReadonlySet<string> = new Set(['zeros', 'border', 'reflection']);

const gridSample = fn('input, grid, mode=, padding_mode=, align_corners=', (env, args) => {
  const { ctx } = env;
  const x = args.tensor('input');
  const [mode, padding] = [args.string('mode', 'bilinear'), args.string('padding_mode', 'zeros')];
  if (!MODES.has(mode) || !PADDINGS.has(padding)) {
    throw ctx.raise('ValueError', `grid_sample does not take "${mode}" and "${padding}"`);
  }
  if (x.rank !== 4) throw ctx.unsupported('grid_sample of volumes (rank 5) is not supported');
  const grid = floatOf(env, 'grid_sample', args.tensor('grid'));
  return inFloat(env, 'grid_sample', x, (value) =>
    env.graph.op('GridSample', [value, grid], {
      mode,
      padding_mode: padding,
      align_corners: args.bool('align_corners', false) ? 1 : 0,
    }),
  );
});

/** Where the pixels of a row are, from -1 to 1. */
function coordinates(size: number, alignCorners: boolean): number[] {
  if (size === 1) return [0];
  return Array.from({ length: size }, (_, i) => {
    const place = (2 * i) / (size - 1) - 1;
    return alignCorners ? place : (place * (size - 1)) / size;
  });
}

/** [positions, 3]: x, y and 1 of each pixel, in row order. */
function baseGrid(env: TorchEnv, sizes: readonly number[], alignCorners: boolean): GraphValue {
  const [height, width] = sizes as [number, number];
  env.ctx.budget.charge(3 * height * width);
  const [rows, columns] = [coordinates(height, alignCorners), coordinates(width, alignCorners)];
  const data = rows.flatMap((y) => columns.flatMap((x) => [x, y, 1]));
  return env.graph.constant(data, 'float32', [height * width, 3]);
}

const affineGrid = fn('theta, size, align_corners=', (env, args) => {
  const { graph, ctx } = env;
  const theta = args.tensor('theta');
  const size = sizesOf(env, args.raw('size'), 1) as Size[];
  if (size.length !== 4) throw ctx.unsupported('affine_grid of volumes is not supported');
  const sizes = size.slice(2).map((one) => knownSize(env, one));
  return inFloat(env, 'affine_grid', theta, (value) => {
    const base = baseGrid(env, sizes, args.bool('align_corners', false));
    const turned = graph.op('Transpose', [value], { perm: [0, 2, 1] });
    return env.reshape(graph.op('MatMul', [base, turned]), [env.sizeOf(theta, 0), ...sizes, 2]);
  });
});

export const samplingFunctions: TorchTable = {
  'F.grid_sample': gridSample,
  'F.affine_grid': affineGrid,
};
