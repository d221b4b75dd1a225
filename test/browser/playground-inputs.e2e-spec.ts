import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { fastai, ModelStore } from 'nestjs-vts';
import { Learner } from 'nestjs-vts/learner';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  expectAccessible,
  hasChromium,
  launch,
  openPage,
  type WatchedPage,
} from '../helpers/chromium.js';
import { fixture, serveKinds, type Served } from '../helpers/served-kinds.js';

/** Learners of arrays and of several inputs, by their fixtures. */
const LEARNERS = {
  series: 'arrays/learners/conv',
  meal: 'mixed/text_scalars',
  pair: 'mixed/siamese_block',
};
type Name = keyof typeof LEARNERS;
const NAMES = Object.keys(LEARNERS) as Name[];

const fileOf = (name: Name): Buffer =>
  brotliDecompressSync(fixture(`${LEARNERS[name]}/export.pkl.br`));
const inputsOf = (name: Name): unknown[] =>
  (
    JSON.parse(fixture(`${LEARNERS[name]}/cases.json`).toString()) as {
      cases: { input: unknown }[];
    }
  ).cases.map(({ input }) => input);

describe.skipIf(!hasChromium)('The page, for arrays and several inputs', () => {
  const home = mkdtempSync(join(tmpdir(), 'vts-page-inputs-'));
  let served: Served;
  let browser: Browser;
  let watched: WatchedPage;
  let page: Page;

  beforeAll(async () => {
    const store = new ModelStore(home);
    for (const name of NAMES) await fastai.saveModel(name, fileOf(name), { store });
    served = await serveKinds(home, [...NAMES, '--workers', '1']);
    browser = await launch();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await served?.stop();
    await rm(home, { recursive: true });
  });
  beforeEach(async () => {
    watched = await openPage(browser, served.url);
    ({ page } = watched);
  });
  afterEach(async () => {
    expect(watched.complaints).toEqual([]);
    await page.context().close();
  });

  const open = async (name: Name): Promise<void> => {
    await page.goto(`./#${name}`);
    await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
  };

  async function bars(): Promise<Record<string, number>> {
    const list = page.locator('.result .bars').first();
    const entries = (await list.locator('li').all()).map(async (bar) => [
      await bar.locator('.name').getAttribute('title'),
      Number(await bar.locator('data').getAttribute('value')),
    ]);
    return Object.fromEntries(await Promise.all(entries)) as Record<string, number>;
  }

  /** Predicts, and compares the bars of the page with the learner in this process. */
  async function expectPredicted(name: Name, item: unknown): Promise<void> {
    const learner = await Learner.load(fileOf(name));
    try {
      const [, , probs] = await learner.predict(item);
      const classes = learner.description.classes ?? [];
      const wanted = Array.from(probs.data as Float32Array, (value, i) => [classes[i], value]);
      await page.getByRole('button', { name: 'Predict' }).click();
      // The bars of the item before stay until the answer is there.
      await expect.poll(bars).toEqual(Object.fromEntries(wanted));
    } finally {
      await learner.release();
    }
  }

  it('takes an array as JSON, as CSV and as a file', async () => {
    const [json, lines, file] = inputsOf('series') as [number[][], number[][], number[][]];
    const csv = (item: number[][]): string => item.map((row) => row.join(',')).join('\n');
    await open('series');
    const field = page.getByRole('textbox', { name: 'Array as JSON or CSV' });
    await field.fill(JSON.stringify(json));
    await expectPredicted('series', json);
    await expectAccessible(page);
    await field.fill(csv(lines));
    await expectPredicted('series', lines);
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.from(csv(file)) });
    await expect.poll(() => field.inputValue()).toBe(csv(file));
    await expectPredicted('series', file);
  });

  it('has a field for each of several inputs', async () => {
    const row = inputsOf('meal')[0] as Record<string, unknown>;
    const learner = await Learner.load(fileOf('meal'));
    const names = learner.description.inputs?.map(({ name }) => name) ?? [];
    await learner.release();
    expect(names.length).toBeGreaterThan(1);
    await open('meal');
    const item: Record<string, unknown> = {};
    for (const name of names) {
      item[name] = row[name];
      await page.getByLabel(name, { exact: true }).fill(String(row[name]));
    }
    await expectPredicted('meal', item);
    await expectAccessible(page);
  });

  it('takes two pictures', async () => {
    const paths = inputsOf('pair')[0] as string[];
    await open('pair');
    const fields = page.locator('form input[type=file]');
    for (const [i, path] of paths.entries()) await fields.nth(i).setInputFiles(path);
    await expectPredicted(
      'pair',
      paths.map((path) => new Uint8Array(readFileSync(path))),
    );
    await expectAccessible(page);
  });
});
