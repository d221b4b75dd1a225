import type { Value as GraphValue } from '../../graph.js';
import { withZeros } from '../../lowering/spatial.js';
import type { TorchEnv } from '../env.js';
import { SymSize, type Size } from '../size.js';
import { fn, type TorchTable } from '../table.js';
import { knownSize } from './support.js';

const MODES: ReadonlyMap<string, string> = new Map([
  ['reflect', 'reflect'],
  ['replicate', 'edge'],
]);

interface Margins {
  readonly begins: readonly Size[];
  readonly ends: readonly Size[];
}

/** torch lists margins from the last dimension on: left, right, top, bottom. */
function marginsOf(given: readonly Size[], rank: number): Margins {
  const begins: Size[] = Array.from({ length: rank }, () => 0);
  const ends = [...begins];
  for (let i = 0; i < given.length / 2; i++) {
    begins[rank - 1 - i] = given[2 * i]!;
    ends[rank - 1 - i] = given[2 * i + 1]!;
  }
  return { begins, ends };
}

/** Circular padding: each end continues with the other end. */
function circular(
  { graph }: TorchEnv,
  x: GraphValue,
  begins: readonly number[],
  ends: readonly number[],
): GraphValue {
  const slice = (value: GraphValue, axis: number, start: number, end: number): GraphValue =>
    graph.op('Slice', [value, graph.axes(start), graph.axes(end), graph.axes(axis)]);
  return begins.reduce((value, begin, axis) => {
    const end = ends[axis]!;
    const before = begin === 0 ? [] : [slice(value, axis, -begin, Number.MAX_SAFE_INTEGER)];
    const behind = end === 0 ? [] : [slice(value, axis, 0, end)];
    return before.length + behind.length === 0
      ? value
      : graph.op('Concat', [...before, value, ...behind], { axis });
  }, x);
}

const pad = fn('input, pad, mode=, value=', (env, args) => {
  const { ctx, graph } = env;
  const x = args.tensor('input');
  const mode = args.string('mode', 'constant');
  const given = args
    .items('pad')
    .map((item): Size => (item instanceof SymSize ? item : Number(ctx.index(item))));
  if (given.length % 2 !== 0 || given.length > 2 * x.rank) {
    throw ctx.raise('RuntimeError', 'Padding length must be divisible by 2, and fit the input');
  }
  const margins = marginsOf(given, x.rank);
  const all = [...margins.begins, ...margins.ends];
  // torch gives a copy here, not the tensor itself.
  if (all.every((margin) => margin === 0)) return env.tensor(x.value, x.dtype);
  if (mode !== 'constant') {
    const [begins, ends] = [margins.begins, margins.ends].map((sizes) =>
      sizes.map((size) => knownSize(env, size)),
    ) as [number[], number[]];
    if ([...begins, ...ends].some((margin) => margin < 0)) {
      throw ctx.unsupported(`F.pad by "${mode}" with negative margins`);
    }
    if (mode === 'circular') return env.tensor(circular(env, x.value, begins, ends), x.dtype);
    const operator = MODES.get(mode);
    if (!operator) throw ctx.raise('NotImplementedError', `Unrecognised padding mode ${mode}`);
    const pads = graph.axes(...begins, ...ends);
    return env.tensor(graph.op('Pad', [x.value, pads], { mode: operator }), x.dtype);
  }
  const value = args.has('value') ? args.float('value') : 0;
  const type = x.dtype === 'bool' ? 'uint8' : x.value.dtype;
  const operand = x.dtype === 'bool' ? graph.op('Cast', [x.value], { to: type }) : x.value;
  const padded = graph.op('Pad', [operand, env.shape(all), graph.scalar(value, type)], {
    mode,
  });
  return env.tensor(value === 0 ? withZeros(padded) : padded, x.dtype);
});

export const paddingFunctions: TorchTable = {
  'F.pad': pad,
  'torch.constant_pad_nd': fn('input, pad, value=', (env, args) =>
    env.apply('F.pad', [
      args.tensor('input'),
      args.raw('pad')!,
      'constant',
      args.raw('value') ?? 0n,
    ]),
  ),
};
