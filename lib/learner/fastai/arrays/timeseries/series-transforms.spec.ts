import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  asDict,
  asItems,
  PyDict,
  PyGlobal,
  PyObject,
  readTorchFile,
  Tensor,
  type PyValue,
} from '../../../torch/index.js';
import { doesNothing } from '../../vision/transforms/neutral.js';
import { ArrayItemError } from '../../errors.js';
import { readForerunner } from './forerunners.js';
import { readSeriesTransform } from './index.js';
import type { Series } from './series.js';

interface Case {
  readonly name: string;
  readonly transforms: readonly PyValue[];
  readonly input: Series;
  readonly output: Series;
}

const seriesOf = (value: PyValue | undefined): Series => {
  if (!(value instanceof Tensor)) throw new TypeError('not a tensor');
  return { data: value.toFloat32(), dims: value.shape };
};

/** Several files one behind the other, in front of them a line with their sizes. */
function readCases(): Case[] {
  const file = new URL('../../../../../test/fixtures/arrays/series.pkl.br', import.meta.url);
  const bytes = brotliDecompressSync(readFileSync(file));
  const start = bytes.indexOf('\n') + 1;
  const sizes = JSON.parse(bytes.subarray(0, start).toString()) as number[];
  let at = start;
  return sizes.flatMap((size) => {
    const { root } = readTorchFile(bytes.subarray(at, (at += size)));
    return [...(asDict(root) ?? new PyDict())].map(([name, value]): Case => {
      const one = asDict(value)!;
      return {
        name: String(name),
        transforms: asItems(one.get('transforms'))!,
        input: seriesOf(one.get('input')),
        output: seriesOf(one.get('output')),
      };
    });
  });
}

const cases = readCases();

const through = (transforms: readonly PyValue[], input: Series, isSeries = true): Series => {
  let state = input;
  for (const record of transforms) {
    if (doesNothing(record)) continue;
    for (const transform of readSeriesTransform(record, isSeries)!) state = transform(state);
  }
  return state;
};

const transformsOf = (name: string): readonly PyValue[] =>
  cases.find((one) => one.name === name)!.transforms;

describe('Transforms of tsai', () => {
  it('are exactly those of the fixture', () => {
    expect(cases).toHaveLength(64);
  });

  it.each(cases.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const made = through(one.transforms, one.input);
    expect(made.dims).toEqual(one.output.dims);
    made.data.forEach((value, at) => {
      const wanted = one.output.data[at]!;
      if (Number.isNaN(wanted)) expect(value).toBeNaN();
      else
        expect(Math.abs(value - wanted)).toBeLessThanOrEqual(2e-6 * Math.max(1, Math.abs(wanted)));
    });
  });

  it('do not change tensors that are not a TSTensor', () => {
    const { transforms, input } = cases.find(({ name }) => name === 'std_sample')!;
    expect(through(transforms, input, false)).toBe(input);
  });

  it('do not change their input in place', () => {
    for (const { transforms, input } of cases) {
      const before = input.data.slice();
      through(transforms, input);
      expect(input.data).toEqual(before);
    }
  });

  it.each(['std_var', 'position'])('%s: refuse a series of wrong sizes', (name) => {
    const input = { data: new Float32Array(35), dims: [1, 5, 7] };
    const run = () => through(transformsOf(name), input);
    if (name === 'position') expect(run().dims).toEqual([1, 6, 7]);
    else expect(run).toThrow(ArrayItemError);
  });

  it('refuse variables that an item does not have', () => {
    const input = { data: new Float32Array(8), dims: [1, 1, 8] };
    expect(() => through(transformsOf('drop'), input)).toThrow(/picks variable 1 of 1/);
  });
});

describe("Transforms of ai-fast-track's timeseries", () => {
  const record = (name: string, attrs: Readonly<Record<string, PyValue>>): PyObject => {
    const made = new PyObject(new PyGlobal('timeseries.core', name));
    for (const [key, value] of Object.entries(attrs)) made.attrs.set(key, value);
    return made;
  };
  const item = { data: Float32Array.of(1, 2, 3, 10, 20, 60), dims: [2, 3] };

  it.each<[string, string, Readonly<Record<string, PyValue>>, number[]]>([
    [
      'each variable',
      'Standardize',
      { scale_subtype: 'per_sample_per_channel' },
      [-1, 0, 1, -0.755929, -0.377964, 1.133893],
    ],
    [
      'each item',
      'Normalize',
      { scale_subtype: 'per_sample', scale_range: [0, 59] },
      [0, 1, 2, 9, 19, 59],
    ],
    [
      'each variable',
      'Normalize',
      { scale_subtype: 'per_sample_per_channel', scale_range: [-1, 1] },
      [-1, 0, 1, -1, -0.6, 1],
    ],
    [
      'all of training',
      'Standardize',
      { scale_subtype: 'all_samples', mean: 1, std: 2 },
      [0, 0.5, 1, 4.5, 9.5, 29.5],
    ],
  ])('by %s: %s', (_of, name, attrs, wanted) => {
    const made = readForerunner(record(name, attrs))!(item);
    expect(made.dims).toEqual([2, 3]);
    wanted.forEach((value, at) => expect(made.data[at]).toBeCloseTo(value, 5));
  });

  it('treat axes of a batch like those of an item', () => {
    const made = readForerunner(
      record('Normalize', { scale_subtype: 'per_sample_per_channel', scale_range: [0, 1] }),
    )!({ ...item, dims: [1, 2, 3] });
    expect([...made.data]).toEqual([0, 0, 0, 1, 1, 1]);
  });
});
