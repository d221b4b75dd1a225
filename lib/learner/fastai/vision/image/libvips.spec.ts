import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { ImageFormat } from './format.js';
import { decodeWithLibvips, libvipsSize } from './libvips.js';

const folder = new URL('../../../../../test/fixtures/vision/images/', import.meta.url);
const FILES: readonly [name: string, format: ImageFormat][] = [
  ['q90.jpg', 'JPEG'],
  ['progressive.jpg', 'JPEG'],
  ['rgb.png', 'PNG'],
  ['alpha.webp', 'WebP'],
  ['rgb.tif', 'TIFF'],
  ['lzw.tif', 'TIFF'],
];

interface Damaged {
  readonly name: string;
  readonly format: ImageFormat;
  readonly bytes: Uint8Array;
}

/** Files that are cut off, and files with other bytes in their midst. */
const DAMAGED: readonly Damaged[] = FILES.flatMap(([file, format]) => {
  const whole = readFileSync(new URL(file, folder));
  const cut = [20, 90, 200, whole.length >> 1, whole.length - 9].map((length) => ({
    name: `${file} of ${length} bytes`,
    format,
    bytes: Uint8Array.from(whole.subarray(0, length)),
  }));
  const changed = [0.3, 0.6].map((share) => {
    const from = Math.floor(whole.length * share);
    const bytes = Uint8Array.from(whole).fill(7, from, from + 40);
    return { name: `${file} with other bytes from ${from}`, format, bytes };
  });
  return [...cut, ...changed];
});

async function outcomeOf({ format, bytes }: Damaged): Promise<string> {
  const size = await libvipsSize(bytes, format).catch(String);
  const pixels = await decodeWithLibvips(bytes, format, 'RGB', {}).then(
    ({ data }) => createHash('sha256').update(data).digest('hex'),
    String,
  );
  return `${JSON.stringify(size)}, ${pixels}`;
}

it('reports the same error of a damaged image alone and among others that fail', async () => {
  const alone: string[] = [];
  for (const damaged of DAMAGED) alone.push(await outcomeOf(damaged));
  const reasons = new Set(alone.flatMap((text) => /decoded: ([^;]*);[^;]*$/.exec(text)?.[1] ?? []));
  expect([...reasons].toSorted()).toEqual([
    'its header is damaged or cut off',
    'its pixels are damaged or cut off',
  ]);
  const together = await Promise.all(
    Array.from({ length: 40 }, () => DAMAGED.map(outcomeOf)).flat(),
  );
  together.forEach((outcome, at) => {
    const { name } = DAMAGED[at % DAMAGED.length]!;
    expect([name, outcome]).toEqual([name, alone[at % DAMAGED.length]]);
  });
});
