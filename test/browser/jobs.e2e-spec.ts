import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LMLearner, fastai, ModelStore } from 'nestjs-vts';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../bench/load/free-port.js';
import {
  expectAccessible,
  hasChromium,
  launch,
  openPage,
  type WatchedPage,
} from '../helpers/chromium.js';
import { hasRedis, RedisServer } from '../helpers/redis.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const SAMPLE = 'sample/09-jobs';

describe.skipIf(!hasChromium || !hasRedis)('The page of the sample with jobs', () => {
  let home: string;
  let redis: RedisServer;
  let child: ChildProcess;
  let site: string;
  let browser: Browser;
  let watched: WatchedPage;
  let page: Page;
  let said = '';

  const run = (program: string, env: NodeJS.ProcessEnv): ChildProcess => {
    const file = `dist/${SAMPLE}/src/${program}.js`;
    const made = spawn(process.execPath, [file], {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1', VTS_HOME: home, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [made.stdout, made.stderr]) {
      stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    }
    return made;
  };

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'vts-jobs-page-'));
    redis = await RedisServer.start();
    const saving = run('save-model', {});
    await new Promise((resolve) => saving.once('exit', resolve));
    expect(existsSync(`${home}/models/reviews_lm`), said).toBe(true);
    const port = await freePort();
    child = run('main', { PORT: String(port), REDIS_URL: redis.url });
    site = `http://localhost:${port}/`;
    const isReady = async (): Promise<boolean> => {
      if (child.exitCode !== null) throw new Error(said);
      return fetch(`${site}readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    };
    await vi.waitUntil(isReady, { timeout: 60_000, interval: 100 });
    browser = await launch();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    child?.kill('SIGKILL');
    await redis?.stop();
    if (home !== undefined) await rm(home, { recursive: true });
  });
  beforeEach(async () => {
    watched = await openPage(browser, site);
    ({ page } = watched);
    // The first job waits for the model.
    page.setDefaultTimeout(60_000);
    await page.goto(site);
  });
  afterEach(async () => {
    expect(watched.complaints).toEqual([]);
    await page.context().close();
  });

  const state = () => page.locator('article .state').first();
  async function write(words: number): Promise<void> {
    await page.getByLabel('Words').fill(String(words));
    await page.getByRole('button', { name: 'Write' }).click();
  }

  it('writes a text, and shows what the learner itself continues', async () => {
    await write(20);
    const result = page.locator('article pre');
    await result.waitFor();
    expect(await state().textContent()).toBe('succeeded');
    expect(await result.textContent()).toMatch(/^i really liked/i);
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Forget' }).click();
    expect(await page.locator('article').count()).toBe(0);
  }, 120_000);

  it('shows progress, goes on when it is opened again, and cancels', async () => {
    await write(1_000_000);
    const progress = page.locator('article progress');
    await expect
      .poll(() => progress.evaluate((bar) => (bar as HTMLProgressElement).position), {
        timeout: 90_000,
      })
      .toBeGreaterThan(0);
    await page.reload();
    await expect.poll(() => state().textContent(), { timeout: 20_000 }).toBe('running');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect.poll(() => state().textContent(), { timeout: 20_000 }).toBe('cancelled');
  }, 120_000);

  it('finds the shape in a picture', async () => {
    await page.getByLabel('Picture').setInputFiles(`${root}sample/04-vision/pictures/circle.jpg`);
    await page.getByRole('button', { name: 'Find the shape' }).click();
    const picture = page.getByRole('img', { name: 'The result' });
    await picture.waitFor();
    const width = await picture.evaluate((img) => (img as HTMLImageElement).naturalWidth);
    expect(width).toBeGreaterThan(0);
  });

  it('says why a job is refused', async () => {
    await page.getByLabel('Beginning').fill('a'.repeat(10_001));
    await write(1);
    await expect
      .poll(() => page.getByRole('alert').textContent())
      .toContain('text must be shorter than or equal to 10000 characters');
    // The console tells of the refusal too.
    expect(watched.complaints.splice(0)).toHaveLength(1);
  });

  it('gives the text that the learner gives for the same seed', async () => {
    const body = JSON.stringify({ text: 'I really liked', nWords: 30, seed: 3 });
    const submitted = await fetch(`${site}story/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const path = new URL(submitted.headers.get('location')!, site).href;
    await (await fetch(`${path}/events`)).text();
    const store = new ModelStore(home);
    const learner = await fastai.loadModel('reviews_lm', { store });
    expect(learner).toBeInstanceOf(LMLearner);
    const lm = learner as unknown as LMLearner;
    const whole = await lm.predict('I really liked', 30, { seed: 3 });
    await lm.release();
    expect(await (await fetch(`${path}/result`)).text()).toBe(whole);
  });
});
