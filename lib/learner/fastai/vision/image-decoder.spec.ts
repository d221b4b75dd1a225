import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { UnsupportedTargetError } from '../errors.js';
import { openLearnerFile } from '../learner-file.js';
import { imageDecoder } from './image-decoder.js';

/** The decoder of a learner of images, as if its target were an image too. */
function decoderOf(name: string): unknown {
  const file = readFileSync(`test/fixtures/code/learners/${name}/export.pkl.br`);
  const { dls, torchFile } = openLearnerFile(brotliDecompressSync(file));
  try {
    return imageDecoder(dls);
  } finally {
    torchFile.close();
  }
}

it("refuses a notebook's transform that decodes images, and names it", () => {
  expect(() => decoderOf('standardized')).toThrow(UnsupportedTargetError);
  expect(() => decoderOf('standardized')).toThrow(/Standardize/);
});

it("accepts a notebook's transform that only encodes", () => {
  expect(decoderOf('coordinates')).toBeTypeOf('function');
});
