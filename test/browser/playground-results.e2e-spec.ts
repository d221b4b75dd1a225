import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

const FACES = fixture('results/faces/export.pkl');
const PICTURE = 'sample/04-vision/pictures/circle.jpg';

describe.skipIf(!hasChromium)('The page, for a learner of several results', () => {
  const home = mkdtempSync(join(tmpdir(), 'vts-page-results-'));
  let served: Served;
  let browser: Browser;
  let watched: WatchedPage;
  let page: Page;

  beforeAll(async () => {
    await fastai.saveModel('faces', FACES, { store: new ModelStore(home) });
    served = await serveKinds(home, ['faces', '--workers', '1']);
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

  it('shows each result under its name', async () => {
    const learner = await Learner.load(FACES);
    const [decoded] = await learner.predict(PICTURE);
    await learner.release();
    const [[age], gender, traits] = decoded as unknown as [[number], string, string[]];
    await page.goto('./');
    await page.locator('input[type=file]').setInputFiles(PICTURE);
    await page.getByRole('button', { name: 'Predict' }).click();
    const result = page.locator('.result');
    await expect.poll(() => result.innerText()).toContain(gender);
    const text = await result.innerText();
    for (const name of ['age', 'gender', 'traits', ...traits]) expect(text).toContain(name);
    expect(text).toContain(String(age).slice(0, 5));
    await expectAccessible(page);
  });
});
