import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { Tensor } from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { floats, largestDifference, noise } from '../../../../../test/helpers/noise.js';
import { Module, PyDict, PyGlobal, PyObject, readTorchFile } from '../../../torch/index.js';
import { OtherLayoutError, UnsupportedModuleError } from '../../errors.js';
import type { Dim, Graph } from '../../graph.js';
import { createSession } from '../../session/create-session.js';
import { SizeNeededError } from '../../torch-ops/size-needed.js';
import { lowerModel } from '../lower-model.js';
import { loadLowerings, signatureOf } from '../registry.js';

interface Run {
  readonly shape: readonly number[];
  readonly seed: number;
  readonly dims: readonly number[];
  readonly result: string;
  /** The input, where it is none of noise. */
  readonly x?: string;
}

const folder = new URL('../../../../../test/fixtures/series/', import.meta.url);

/** Models that one file holds, by name. */
function modelsOf(stem: string): ReadonlyMap<string, Module> {
  const bytes = brotliDecompressSync(readFileSync(new URL(`${stem}.pkl.br`, folder)));
  const { root } = readTorchFile(bytes);
  const entries = root instanceof PyDict ? [...root] : [];
  return new Map(entries.map(([name, model]) => [String(name), Module.from(model)!]));
}

const runsOf = <T = Run>(stem: string): [name: string, run: T][] =>
  Object.entries(
    JSON.parse(readFileSync(new URL(`${stem}.json`, folder), 'utf8')) as Record<string, T>,
  );

const models = modelsOf('families');
const runs = runsOf('families');

/** The same numbers as in the script: bytes as -2 to 2. */
const inputOf = ({ shape, seed, x }: Run): Float32Array =>
  x !== undefined
    ? floats(x)
    : Float32Array.from(
        noise(
          shape.reduce((product, size) => product * size, 1),
          seed,
        ),
        (byte) => Math.fround(Math.fround(Math.fround(byte / 255) - 0.5) * 4),
      );

/** What has coordinates, pools to a fixed number of steps, or cuts series into parts. */
const BY_LENGTH = new Set([
  'inception-plus-coord',
  'xception',
  'xception-plus',
  'resnet-plus',
  'rescnn',
  'xresnet1d-plus',
  'fcn-plus',
  'conv-head',
  'layers',
  'patch-tst',
  'patch-tst-trend',
  'patch-tst-bare',
  'multirocket',
  'multirocket-bare',
  'hydra-multirocket',
  'residual-wrapper',
]);
/** Sequences of layers: the PyTorch layer asks the first of them. */
const WITHOUT_SHAPE = /-head$|-heads$|^(layers|resnet|xresnet1d)$/;
/** Models with a place for each step. */
const FIXED = new Set(['tst', 'tst-plus', 'tst-plus-pre', 'tst-plus-padding', 'tst-multi']);
/** Models whose first layer does not tell of the variables. */
const UNTOLD = /^(inception-multi-places|mlp|convtran.*|hydra|hydra-one)$/;

const inputs = (run: Run, length: Dim) =>
  ({
    inputs: [{ name: 'x', dtype: 'float32', dims: ['batch', run.shape[1]!, length] }],
  }) as const;

/** The largest difference from torch's result, by the size of that. */
async function difference({ graph }: { graph: Graph }, run: Run): Promise<number> {
  const session = await createSession(graph, { intraOpNumThreads: 1 });
  const { output } = await session.run({ x: new Tensor('float32', inputOf(run), run.shape) });
  await session.release();
  expect(output!.dims).toEqual(run.dims);
  const expected = floats(run.result);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return largestDifference(output!.data as Float32Array, expected) / scale;
}

describe("tsai's models", () => {
  beforeAll(async () => {
    for (const model of models.values()) await loadLowerings(model);
  });

  it.each(runs)('%s computes what torch computes', async (name, run) => {
    const lowered = lowerModel(models.get(name)!, inputs(run, run.shape[2]!));
    expect(await difference(lowered, run)).toBeLessThan(1e-4);
  });

  it.each(runs)('%s takes series of any length, or requires the length', async (name, run) => {
    const open = () => lowerModel(models.get(name)!, inputs(run, 'length'));
    if (!BY_LENGTH.has(name)) expect(await difference(open(), run)).toBeLessThan(1e-4);
    else expect(open).toThrow(SizeNeededError);
  });

  it.each(runs)('%s reports only a shape that it takes', (name, run) => {
    const [input, ...others] = signatureOf(models.get(name)!)?.inputs ?? [];
    if (!input) return expect(name).toMatch(WITHOUT_SHAPE);
    expect(others).toEqual([]);
    const [, variables, steps] = run.shape;
    const length = FIXED.has(name) ? steps : 'length';
    expect(input.dims).toEqual(['batch', UNTOLD.test(name) ? null : variables, length]);
  });

  it.each(['patch-tst', 'patch-tst-trend', 'patch-tst-bare'])(
    '%s is built for a length that it takes if none is given',
    (name) => {
      const [model, run] = [models.get(name)!, Object.fromEntries(runs)[name]!];
      const { examples } = thrownBy(() => lowerModel(model, inputs(run, 'length')));
      expect(examples).not.toEqual([]);
      for (const length of examples) lowerModel(model, inputs(run, length));
    },
  );
});

describe.each(['earlier-0.2.12', 'earlier-0.2.20', 'earlier-0.3.1', 'earlier-forerunners'])(
  'Models of series in %s',
  (stem) => {
    const earlier = modelsOf(stem);

    it.each(runsOf(stem))('%s computes what torch computes', async (name, run) => {
      const model = earlier.get(name)!;
      await loadLowerings(model);
      const lowered = lowerModel(model, inputs(run, run.shape[2]!));
      expect(await difference(lowered, run)).toBeLessThan(1e-4);
    });
  },
);

interface TableRun {
  readonly codes: readonly (readonly number[])[];
  readonly numbers: readonly (readonly number[])[];
  readonly result: readonly (readonly number[])[];
}

describe("tsai's models of tables", () => {
  it.each(runsOf<TableRun>('tables'))(
    '%s computes what torch computes',
    async (name, { codes, numbers, result }) => {
      const model = models.get(name)!;
      await loadLowerings(model);
      const { graph, inputs: taken } = lowerModel(model);
      const session = await createSession(graph, { intraOpNumThreads: 1 });
      const feeds = {
        x_cat: new Tensor('int64', BigInt64Array.from(codes.flat(), BigInt), [3, 2]),
        x_cont: new Tensor('float32', Float32Array.from(numbers.flat()), [3, 3]),
      };
      const given = Object.entries(feeds).filter(([key]) => taken.some((one) => one.name === key));
      const { output } = await session.run(Object.fromEntries(given));
      await session.release();
      expect(output!.dims).toEqual([3, 2]);
      expect(largestDifference(output!.data as Float32Array, result.flat())).toBeLessThan(1e-5);
    },
  );
});

it('a net over several models takes an input for each', async () => {
  const ramp = (...shape: number[]) => {
    const length = shape.reduce((product, size) => product * size, 1);
    const step = 2 / (length - 1);
    return new Tensor(
      'float32',
      Float32Array.from({ length }, (_, i) => Math.sin(i * step - 1)),
      shape,
    );
  };
  const model = models.get('several')!;
  await loadLowerings(model);
  const { graph } = lowerModel(model, {
    inputs: [
      { name: 'first', dtype: 'float32', dims: ['batch', 2, 20] },
      { name: 'second', dtype: 'float32', dims: ['batch', 1, 'length'] },
    ],
  });
  const session = await createSession(graph, { intraOpNumThreads: 1 });
  const { output } = await session.run({ first: ramp(2, 2, 20), second: ramp(2, 1, 30) });
  await session.release();
  const expected = JSON.parse(readFileSync(new URL('several.json', folder), 'utf8')) as number[][];
  expect(largestDifference(output!.data as Float32Array, expected.flat())).toBeLessThan(1e-5);
});

describe('Unsupported models', () => {
  it.each([
    ['unfitted', /"backbone" .* it has not been fitted/],
    ['tab-random', /it drops embeddings by chance in evaluation as well/],
    ['tst-plus-last', /its key_padding_mask is -1, with which tsai itself fails/],
  ])('%s is refused with the reason', async (name, reason) => {
    const model = models.get(name)!;
    await loadLowerings(model);
    const given = { inputs: [{ name: 'x', dtype: 'float32', dims: ['batch', 1, 20] }] } as const;
    const lower = () => lowerModel(model, name === 'tab-random' ? {} : given);
    expect(lower).toThrow(UnsupportedModuleError);
    expect(lower).toThrow(reason);
  });

  it('a class that lacks a part of all known versions belongs to another one', async () => {
    const record = new PyObject(new PyGlobal('tsai.models.InceptionTime', 'InceptionTime'));
    record.attrs.set('_modules', PyDict.from([]));
    const model = Module.from(record)!;
    await loadLowerings(model);
    const lower = () => lowerModel(model, inputs(Object.fromEntries(runs)['inception-time']!, 40));
    expect(lower).toThrow(OtherLayoutError);
    expect(lower).toThrow(
      /the layout of another version of tsai: it has no child module inceptionblock/,
    );
  });
});

function thrownBy(run: () => unknown): SizeNeededError {
  try {
    run();
  } catch (error) {
    if (error instanceof SizeNeededError) return error;
  }
  throw new Error('it asks for no size');
}
