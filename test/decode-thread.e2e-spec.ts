import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { Learner, type ImageItem, type Tensor } from 'nestjs-vts';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const folder = new URL('fixtures/vision/', import.meta.url);
const names = ['q40.jpg', 'q90.jpg', 'rgb.png'];
const files = names.map((name) => readFileSync(new URL(`images/${name}`, folder)));
const many = Array.from({ length: 30 }, (_, i) => files[i % files.length]!);

/** The same pixels, which no thread has to decode. */
async function raw(file: Uint8Array): Promise<ImageItem> {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels as 3 };
}

const bits = ({ data }: Tensor): number[] =>
  Array.from(new Uint32Array((data as Float32Array<ArrayBuffer>).buffer));

describe('A long list of images', () => {
  let learner: Learner<ImageItem, unknown>;
  beforeAll(async () => {
    const file = readFileSync(new URL('learners/classes/export.pkl.br', folder));
    learner = await Learner.load<ImageItem, unknown>(brotliDecompressSync(file));
  });
  afterAll(() => learner.release());

  it('is predicted to the bit as without a thread that shares the decoding', async () => {
    const [expected] = await learner.getPreds(await Promise.all(many.map(raw)));
    for (let round = 0; round < 2; round++) {
      const [shared] = await learner.getPreds(many);
      expect(shared.dims).toEqual(expected.dims);
      expect(bits(shared)).toEqual(bits(expected));
    }
  });

  it('fails with the error of the file that is damaged', async () => {
    for (const damaged of [20, 21]) {
      const list = many.with(damaged, files[1]!.subarray(0, 400));
      await expect(learner.getPreds(list)).rejects.toMatchObject({ code: 'VTS_DAMAGED_IMAGE' });
    }
    await expect(learner.getPreds(many)).resolves.toHaveLength(2);
  });
});
