import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastai, ModelStore } from 'nestjs-vts';
import { Learner } from 'nestjs-vts/learner';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { give, hasChromium, launch, openPage, type WatchedPage } from '../helpers/chromium.js';
import { renamed } from '../helpers/renamed-class.js';
import { learnerFile, saveKinds, serveKinds, type Served } from '../helpers/served-kinds.js';

const HOSTILE = '<img src=x onerror="window.hacked=1">"\'`${1}&amp;</script>';

describe.skipIf(!hasChromium)('The page of vts serve, given what is hostile or large', () => {
  const home = mkdtempSync(join(tmpdir(), 'vts-page-'));
  const store = new ModelStore(home);
  let served: Served;
  let browser: Browser;
  let watched: WatchedPage;
  let page: Page;

  beforeAll(async () => {
    const labels = await renamed(learnerFile('labels'), 'shout', HOSTILE);
    await fastai.saveModel('labels', labels, { store, labels: { [HOSTILE]: HOSTILE } });
    await saveKinds(store, ['picture', 'rows']);
    served = await serveKinds(home, ['labels', 'picture', 'rows']);
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
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(await page.locator('[onerror], script:not([src]), style').count()).toBe(0);
    expect(watched.complaints).toEqual([]);
    await page.context().close();
  });

  it('shows names of classes, labels and texts as they are', async () => {
    await page.goto('./#labels');
    await page.getByRole('textbox', { name: 'Text' }).fill(`so ${HOSTILE}`);
    await page.getByRole('button', { name: 'Predict' }).click();
    const names = page.locator('.result .bars .name');
    await names.first().waitFor();
    const titles = await names.evaluateAll((all) => all.map((name) => name.getAttribute('title')));
    expect(titles.sort()).toEqual(['neg', 'pos', HOSTILE].sort());
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.locator('.why .note').waitFor();
    expect(await page.locator('.about dd').allTextContents()).toContain(HOSTILE);
    expect(await page.locator('.history .gave').textContent()).toContain(HOSTILE);
  });

  it('shows names of files as they are', async () => {
    await page.goto('./#picture');
    const bytes = await sharp({
      create: { width: 40, height: 30, channels: 3, background: '#963' },
    })
      .png()
      .toBuffer();
    await give(page, 'drop', '.drop', { name: `${HOSTILE}.png`, type: 'image/png', bytes });
    await page.locator('.result .bars').waitFor();
    // Browsers write slashes of names as colons.
    expect(await page.locator('.file-name').textContent()).toContain('<img src=x onerror=');
  });

  it('shows cells of tables as they are', async () => {
    const learner = await Learner.load(learnerFile('rows'));
    const { columns = [] } = learner.description.columns ?? {};
    await learner.release();
    const quoted = `"${HOSTILE.replaceAll('"', '""')}"`;
    const names = [quoted, ...columns.map(({ name }) => name)];
    const cells = [
      quoted,
      ...columns.map(({ example }) => `"${String(example).replaceAll('"', '""')}"`),
    ];
    await page.goto('./#rows');
    await page.getByRole('button', { name: 'Many rows' }).click();
    await page.getByRole('textbox').fill(`${names.join(',')}\n${cells.join(',')}`);
    await page.getByRole('button', { name: 'Score the table' }).click();
    expect(await page.locator('td').first().textContent()).toBe(HOSTILE);
    expect(await page.locator('th').first().textContent()).toBe(HOSTILE);
  });

  it('refuses a URL of another site', async () => {
    await page.goto('./#picture');
    await page.getByRole('textbox', { name: 'URL of a picture' }).fill('https://example.com/a.png');
    await page.getByRole('button', { name: 'Fetch' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('is on another site');
  });

  it('takes the input of a link, and sends it when the user says so', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto('./#labels');
    const text = page.getByRole('textbox', { name: 'Text' });
    await text.fill(HOSTILE);
    await page.getByRole('button', { name: 'Copy link' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    const link = (await page.evaluate('navigator.clipboard.readText()')) as string;
    expect(link.startsWith(`${served.url}#labels=`)).toBe(true);
    await page.goto('about:blank');
    const sent: string[] = [];
    page.on('request', (request) => request.method() === 'POST' && sent.push(request.url()));
    await page.goto(link);
    await text.waitFor();
    expect(await text.inputValue()).toBe(HOSTILE);
    expect(sent).toEqual([]);
  });

  it('keeps the calls of a session', async () => {
    await page.goto('./#labels');
    const text = page.getByRole('textbox', { name: 'Text' });
    for (const given of ['first', 'second']) {
      await text.fill(given);
      await page.getByRole('button', { name: 'Predict' }).click();
      await page.locator('.history li', { hasText: given }).getByText('ms').waitFor();
    }
    await page.goto('./#rows');
    await page.getByRole('heading', { level: 1, name: 'rows' }).waitFor();
    await page.locator('.history li button', { hasText: 'first' }).click();
    await page.getByRole('heading', { level: 1, name: 'labels' }).waitFor();
    expect(await text.inputValue()).toBe('first');
    await page.locator('.result .bars').waitFor();
  });

  /** Chooses the photograph, which goes at so many bytes a second. */
  const sendSlowly = async (bytes: Buffer, uploadThroughput: number): Promise<void> => {
    await page.goto('./#picture');
    const network = await page.context().newCDPSession(page);
    await network.send('Network.enable');
    const free = { offline: false, latency: 0, downloadThroughput: -1 };
    await network.send('Network.emulateNetworkConditions', { ...free, uploadThroughput });
    const file = { name: 'large.jpg', mimeType: 'image/jpeg', buffer: bytes };
    await page.locator('input[type=file]').setInputFiles(file);
  };

  it('shows the progress of a large photograph, and goes on meanwhile', async () => {
    const { bytes, learner } = await largePhoto();
    await sendSlowly(bytes, 4_000_000);
    const progress = page.getByRole('progressbar', { name: 'Sending' });
    const shares: number[] = [];
    await expect
      .poll(
        async () => {
          const share = await progress.evaluate((bar) => (bar as HTMLProgressElement).value);
          if (share > (shares.at(-1) ?? 0)) shares.push(share);
          return shares.length;
        },
        { timeout: 15_000, interval: 50 },
      )
      .toBeGreaterThan(2);
    // The preview is there and buttons work while the photograph is on its way.
    await page.locator('canvas.preview').waitFor();
    await page.getByRole('button', { name: 'Switch to the dark theme' }).click();
    await page.getByRole('button', { name: 'Switch to the light theme' }).waitFor();
    expect(await progress.isVisible()).toBe(true);
    await page.locator('.result .headline').waitFor();
    const [decoded] = await learner.predict(bytes);
    expect(await page.locator('.result .headline').textContent()).toBe(decoded);
    // It is not sent again unasked.
    await page.getByRole('button', { name: 'Show what the model saw' }).click();
    await page.getByRole('img', { name: 'What the model saw' }).waitFor();
    await learner.release();
  }, 120_000);

  it('can be stopped', async () => {
    const { bytes, learner } = await largePhoto();
    await learner.release();
    await sendSlowly(bytes, 500_000);
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Stopped.').waitFor();
    await page.getByRole('button', { name: 'Predict' }).waitFor();
  }, 120_000);
});

/** 10 MB and more. */
async function largePhoto() {
  const [width, height] = [4400, 3200];
  const pixels = Buffer.alloc(width * height * 3);
  // A fixed generator, for a photograph that does not shrink much.
  let state = 1;
  for (let at = 0; at < pixels.length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    pixels[at] = state >>> 25;
  }
  const bytes = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 95 })
    .toBuffer();
  expect(bytes.length).toBeGreaterThan(10_000_000);
  return { bytes, learner: await Learner.load(learnerFile('picture')) };
}
