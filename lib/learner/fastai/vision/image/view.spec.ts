import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noise } from '../../../../../test/helpers/noise.js';
import { RESAMPLES } from './filters.js';
import { crop, pad, type PadMode } from './frame.js';
import { RasterSource, type PixelSource } from './pixel-source.js';
import { channelsOf, type Raster } from './raster.js';
import { toPlanes, toRaster } from './render.js';
import { resize } from './resample.js';
import { View } from './view.js';

/** A step, on a raster and on a view alike. */
interface Step {
  readonly name: string;
  readonly raster: (image: Raster) => Raster;
  readonly view: (image: View) => View;
}

const size = fc.integer({ min: 1, max: 90 });
const margin = fc.integer({ min: 0, max: 40 });
const part = fc.double({ min: 0, max: 1, noNaN: true });

const resizing = fc
  .record({ width: size, height: size, resample: fc.constantFrom(...RESAMPLES) })
  .map(({ width, height, resample }): Step => ({
    name: `${resample} to ${width} x ${height}`,
    raster: (image) => resize(image, width, height, resample),
    view: (image) => image.resize(width, height, resample),
  }));

const padding = fc
  .record({
    margins: fc.record({ left: margin, top: margin, right: margin, bottom: margin }),
    mode: fc.constantFrom<PadMode>('zeros', 'border', 'reflection'),
  })
  .map(({ margins, mode }): Step => ({
    name: `${mode} ${JSON.stringify(margins)}`,
    raster: (image) => pad(image, margins, mode),
    view: (image) => image.pad(margins, mode),
  }));

const cropping = fc.tuple(part, part, part, part).map(([left, top, width, height]): Step => {
  const box = (image: { width: number; height: number }) => {
    const [x, y] = [Math.floor(left * (image.width - 1)), Math.floor(top * (image.height - 1))];
    const right = x + 1 + Math.floor(width * (image.width - x - 1));
    return [x, y, right, y + 1 + Math.floor(height * (image.height - y - 1))] as const;
  };
  return {
    name: `crop ${[left, top, width, height].join()}`,
    raster: (image) => crop(image, ...box(image)),
    view: (image) => image.crop(...box(image)),
  };
});

const image = fc
  .record({
    mode: fc.constantFrom('L' as const, 'RGB' as const),
    width: fc.oneof(size, fc.integer({ min: 200, max: 700 })),
    height: fc.oneof(size, fc.integer({ min: 200, max: 700 })),
    seed: fc.nat(1e6),
  })
  .map(({ mode, width, height, seed }): Raster => ({
    mode,
    width,
    height,
    data: noise(width * height * channelsOf(mode), seed),
  }));

/** Pixels that only the kernels come by. */
function hidden(raster: Raster): PixelSource {
  const source = new RasterSource(raster);
  const { mode, width, height, planes } = source;
  return { mode, width, height, planes, read: (...args) => source.read(...args) };
}

/** Pixels for which the kernels have no room. */
function withoutMemory(raster: Raster): PixelSource {
  const { mode, width, height, planes } = new RasterSource(raster);
  const read = (): never => {
    throw new RangeError('no memory');
  };
  return { mode, width, height, planes, raster, read };
}

describe('A view', () => {
  it('has the same pixels as its steps one by one', () => {
    fc.assert(
      fc.property(
        image,
        fc.array(fc.oneof(resizing, padding, cropping), { maxLength: 5 }),
        (raster, steps) => {
          const expected = steps.reduce((result, step) => step.raster(result), raster);
          const view = steps.reduce((result, step) => step.view(result), View.of(hidden(raster)));
          expect([view.width, view.height]).toEqual([expected.width, expected.height]);
          expect(Buffer.compare(toRaster(view).data, expected.data)).toBe(0);
          const source = view.source.raster ?? raster;
          expect(Buffer.compare(view.stepByStep(source).data, expected.data)).toBe(0);
        },
      ),
      { numRuns: 250 },
    );
  });

  it('becomes planes by one table per channel', () => {
    fc.assert(
      fc.property(image, resizing, fc.boolean(), (raster, step, widens) => {
        const stored = channelsOf(raster.mode);
        const channels = widens ? 3 : stored;
        const tables = Float32Array.from({ length: channels * 256 }, (_, i) => Math.sin(i));
        const expected = step.raster(raster);
        const pixels = expected.width * expected.height;
        const planes = Float32Array.from({ length: pixels * channels }, (_, i) => {
          const channel = Math.floor(i / pixels);
          const from = (i % pixels) * stored + (stored === 1 ? 0 : channel);
          return tables[channel * 256 + expected.data[from]!]!;
        });
        for (const source of [hidden(raster), withoutMemory(raster)]) {
          const out = new Float32Array(planes.length);
          toPlanes(step.view(View.of(source)), tables, out);
          expect(Buffer.compare(Buffer.from(out.buffer), Buffer.from(planes.buffer))).toBe(0);
        }
      }),
      { numRuns: 100 },
    );
  });
});
