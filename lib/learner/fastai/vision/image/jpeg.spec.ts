import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { scratch } from '../kernels/scratch.js';
import { atScale, readJpegHeader, type JpegScale } from './jpeg-header.js';
import { decodeJpeg, type Box } from './jpeg.js';
import { decodeWithLibvips } from './libvips.js';
import { channelsOf, type RasterMode } from './raster.js';

const folder = new URL('../../../../../test/fixtures/vision/', import.meta.url);
const file = (name: string): Uint8Array => readFileSync(new URL(name, folder));

interface Expected {
  readonly width: number;
  readonly height: number;
  readonly RGB: string;
  readonly L: string;
  /** RGB of what PIL's `draft` gives, by scale. */
  readonly scaled: Readonly<Record<string, string>>;
}

const fixtures = Object.entries(
  JSON.parse(readFileSync(new URL('jpeg.json', folder), 'utf8')) as Record<string, Expected>,
).map(([name, expected]) => ({ name, expected, bytes: file(`jpeg/${name}`) }));

/** Pixels of a box; undefined where the kernels leave the file to libvips. */
function pixels(
  bytes: Uint8Array,
  mode: RasterMode,
  box?: Box,
  scale: JpegScale = 1,
): Uint8Array | undefined {
  const stored = readJpegHeader(bytes);
  const header = stored && atScale(stored, scale);
  if (!header) return undefined;
  const whole = { left: 0, top: 0, right: header.width, bottom: header.height };
  const { left, top, right, bottom } = box ?? whole;
  const channels = channelsOf(mode);
  const out = new Uint8Array((right - left) * (bottom - top) * channels);
  let next = top;
  const isDone = decodeJpeg(bytes, header, mode, { left, top, right, bottom }, (band) => {
    expect(band.top).toBe(next);
    next += band.rows;
    const memory = new Uint8Array(scratch()!.kernels.memory.buffer);
    for (let y = 0; y < band.rows; y++) {
      const to = (band.top - top + y) * (right - left) * channels;
      for (let x = 0; x < right - left; x++) {
        for (let c = 0; c < channels; c++) {
          out[to + x * channels + c] = memory[band.planes[c]! + y * band.stride + x]!;
        }
      }
    }
  });
  if (!isDone) return undefined;
  expect(next).toBe(bottom);
  return out;
}

const sha = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

const byLibvips = async (bytes: Uint8Array, mode: RasterMode): Promise<Uint8Array> =>
  (await decodeWithLibvips(bytes, 'JPEG', mode, {})).data;

/** A part of the whole image's pixels. */
function cut(whole: Uint8Array, width: number, channels: number, box: Box): Uint8Array {
  const rows: Uint8Array[] = [];
  for (let y = box.top; y < box.bottom; y++) {
    const at = y * width * channels;
    rows.push(whole.subarray(at + box.left * channels, at + box.right * channels));
  }
  return Buffer.concat(rows);
}

const boxIn = ({ width, height }: { width: number; height: number }): fc.Arbitrary<Box> =>
  fc
    .tuple(
      fc.uniqueArray(fc.integer({ min: 0, max: width }), { minLength: 2, maxLength: 2 }),
      fc.uniqueArray(fc.integer({ min: 0, max: height }), { minLength: 2, maxLength: 2 }),
    )
    .map(([columns, rows]) => ({
      left: Math.min(...columns),
      right: Math.max(...columns),
      top: Math.min(...rows),
      bottom: Math.max(...rows),
    }));

describe('decodeJpeg', () => {
  it.each(fixtures)("gives PIL's pixels of $name", ({ bytes, expected }) => {
    const { width, height } = readJpegHeader(bytes)!;
    expect([width, height]).toEqual([expected.width, expected.height]);
    for (const mode of ['RGB', 'L'] as const) {
      expect(sha(pixels(bytes, mode)!), mode).toBe(expected[mode]);
    }
  });

  it.each(fixtures)("gives the pixels of PIL's draft for $name", ({ bytes, expected }) => {
    for (const [scale, hash] of Object.entries(expected.scaled)) {
      expect(sha(pixels(bytes, 'RGB', undefined, Number(scale) as JpegScale)!), scale).toBe(hash);
    }
  });

  it("gives libvips' pixels of any size, quality and content", async () => {
    const images = fc.record({
      width: fc.integer({ min: 1, max: 90 }),
      height: fc.integer({ min: 1, max: 90 }),
      quality: fc.integer({ min: 1, max: 100 }),
      chromaSubsampling: fc.constantFrom('4:4:4', '4:2:0'),
      progressive: fc.boolean(),
      contrast: fc.integer({ min: 0, max: 255 }),
      seed: fc.integer(),
    });
    await fc.assert(
      fc.asyncProperty(images, async ({ width, height, contrast, seed, ...options }) => {
        const data = new Uint8Array(width * height * 3);
        for (let i = 0, state = seed; i < data.length; i++) {
          state = (Math.imul(state, 1664525) + 1013904223) | 0;
          data[i] = 128 + (((state >> 24) * contrast) >> 8) + (i % (3 * width) > width ? 40 : 0);
        }
        const raw = { width, height, channels: 3 } as const;
        const bytes = await sharp(data, { raw }).jpeg(options).toBuffer();
        for (const mode of ['RGB', 'L'] as const) {
          expect(pixels(bytes, mode)).toEqual(Uint8Array.from(await byLibvips(bytes, mode)));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('gives a part with the pixels of the whole', () => {
    const parts = fc
      .tuple(fc.constantFrom(...fixtures), fc.constantFrom<JpegScale[]>(1, 2, 4, 8))
      .chain(([{ bytes }, scale]) => {
        const header = atScale(readJpegHeader(bytes)!, scale);
        return fc.record({
          bytes: fc.constant(bytes),
          header: fc.constant(header),
          box: boxIn(header),
        });
      });
    fc.assert(
      fc.property(parts, fc.constantFrom('RGB', 'L'), ({ bytes, header, box }, mode) => {
        const whole = pixels(bytes, mode, undefined, header.scale)!;
        const part = cut(whole, header.width, channelsOf(mode), box);
        expect(sha(pixels(bytes, mode, box, header.scale)!)).toBe(sha(part));
      }),
      { numRuns: 500 },
    );
  });

  // libjpeg-turbo's vectors of other processors clip what is out of all range in other ways.
  const isReference = process.arch === 'x64';
  it.runIf(isReference)(
    "gives libvips' pixels of damaged files, or leaves them to libvips",
    async () => {
      const damages = fc.tuple(
        fc.constantFrom(...fixtures),
        fc.array(fc.tuple(fc.noBias(fc.nat()), fc.nat({ max: 255 })), {
          minLength: 1,
          maxLength: 2,
        }),
        fc.option(fc.nat(), { freq: 1 }),
      );
      let [same, left] = [0, 0];
      await fc.assert(
        fc.asyncProperty(damages, async ([{ bytes }, changes, end]) => {
          const kept = end === null ? bytes.length : end % bytes.length;
          const damaged = Uint8Array.from(bytes.subarray(0, kept));
          for (const [at, value] of changes) damaged[2 + (at % damaged.length)] = value;
          const header = readJpegHeader(damaged);
          // A size that was changed may be one that takes long.
          fc.pre(!header || header.width * header.height < 1_000_000);
          const out = pixels(damaged, 'RGB');
          if (!out) return void left++;
          expect(sha(out)).toBe(sha(await byLibvips(damaged, 'RGB')));
          same++;
        }),
        { numRuns: 1000 },
      );
      expect(same).toBeGreaterThan(50);
      expect(left).toBeGreaterThan(50);
      // Nothing of them stays behind.
      for (const { bytes, expected } of fixtures) {
        expect(sha(pixels(bytes, 'RGB')!)).toBe(expected.RGB);
      }
    },
  );

  it.each(['cmyk.jpg', 'rgb.png'])('leaves %s to libvips', (name) => {
    expect(pixels(file(`images/${name}`), 'RGB')).toBeUndefined();
  });

  it('leaves a truncated file to libvips, even if the needed part exists', () => {
    const bytes = file('images/q90.jpg');
    const box = { left: 0, top: 0, right: 8, bottom: 8 };
    expect(pixels(bytes, 'RGB', box)).toHaveLength(192);
    expect(pixels(bytes.subarray(0, bytes.length - 2), 'RGB', box)).toBeUndefined();
    expect(pixels(bytes.subarray(0, bytes.length - 200), 'RGB', box)).toBeUndefined();
    // Before its end a progressive file has an image as well, but not this one.
    const progressive = file('jpeg/progressive-420.jpg');
    const lastScan = Buffer.from(progressive).lastIndexOf('ffda', undefined, 'hex');
    const ended = Buffer.concat([progressive.subarray(0, lastScan), Buffer.from('ffd9', 'hex')]);
    expect(pixels(progressive, 'RGB', box)).toHaveLength(192);
    expect(pixels(ended, 'RGB', box)).toBeUndefined();
  });

  it('releases its memory, and passes on errors of the consumer', () => {
    const bytes = file('images/q90.jpg');
    const header = readJpegHeader(bytes)!;
    const box = { left: 0, top: 0, right: header.width, bottom: header.height };
    const mark = scratch()!.mark();
    const failure = new Error('not today');
    const decode = () =>
      decodeJpeg(bytes, header, 'RGB', box, () => {
        throw failure;
      });
    expect(decode).toThrow(failure);
    expect(scratch()!.mark()).toBe(mark);
  });
});
