import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPredictor } from './predictor.js';

const packed = new URL('../../../test/fixtures/lm/untied/export.pkl.gz', import.meta.url);

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-predictor-'));
  file = join(folder, 'export.pkl');
  await writeFile(file, gunzipSync(await readFile(packed)));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

it.each([{ seed: 5 }, { seed: 5, words: 40, stop: 'wow' }, { seed: 5, words: 0 }])(
  'streams the text that it predicts, piece by piece: %j',
  async (settings) => {
    const predictor = await openPredictor(file, settings);
    try {
      const pieces: string[] = [];
      for await (const piece of predictor.stream!('I liked the plot')) pieces.push(piece);
      const { prediction } = await predictor.predict('I liked the plot');
      expect(pieces.join('')).toBe(prediction);
      expect(pieces[0]).toBe('i liked the plot');
      // A word a piece, with what stands before it.
      expect(pieces.slice(1).every((piece) => piece.startsWith(' '))).toBe(true);
      const added = pieces.slice(1).map((piece) => piece.trim());
      if (settings.words === undefined) expect(added.length).toBeGreaterThan(5);
      if (settings.words === 0) expect(added).toEqual([]);
      expect(added.join(' ')).not.toContain(settings.stop ?? '\0');
    } finally {
      await predictor.release();
    }
  },
);

it("averages over augmented copies, as fastai's tta does", async () => {
  const houses = new URL('../../../test/fixtures/houses/', import.meta.url);
  const image = join(folder, 'augmented.pkl');
  await writeFile(image, brotliDecompressSync(await readFile(new URL('augmented.pkl.br', houses))));
  const { items, runs } = JSON.parse(await readFile(new URL('augmented.json', houses), 'utf8')) as {
    items: string[];
    runs: { options: object; preds: number[][] }[];
  };
  const { preds } = runs.find(({ options }) => Object.keys(options).length === 0)!;
  const predictor = await openPredictor(image, { tta: 4 });
  try {
    const { classes } = predictor.description!;
    // The learner turns images by their place in a batch, and each item is a batch of its own.
    for (const [i, item] of items.slice(0, 1).entries()) {
      const { prediction, target, probabilities } = await predictor.predict(
        fileURLToPath(new URL(item, houses)),
      );
      const wanted = preds[i]!;
      (probabilities as number[]).forEach((value, j) => expect(value).toBeCloseTo(wanted[j]!, 5));
      expect(target).toBe(wanted.indexOf(Math.max(...wanted)));
      expect(prediction).toBe(classes![target as number]);
    }
  } finally {
    await predictor.release();
  }
});
