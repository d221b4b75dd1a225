import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSample, type SampleApp } from '../helpers/sample-app.js';

/**
 * `npm run test:browser`; Debian's package, or what CHROMIUM names. Without one these tests are
 * skipped.
 */
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const SCREENSHOTS = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url));

describe.skipIf(!existsSync(CHROMIUM))('Swagger UI in a browser', () => {
  let browser: Browser;
  let page: Page;
  let sample: SampleApp;
  const outside: string[] = [];

  beforeAll(async () => {
    sample = await startSample('01-fastai-sentiment');
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    page.on('request', (request) => {
      const url = request.url();
      if (/^https?:/.test(url) && !url.startsWith(sample.url)) outside.push(url);
    });
  });
  afterAll(async () => {
    await browser?.close();
    await sample?.app.close();
  });

  /** With SCREENSHOTS set, the pictures of the documentation are made anew. */
  async function picture(name: string): Promise<void> {
    if (!process.env['SCREENSHOTS']) return;
    const png = await page.screenshot();
    await writeFile(
      `${SCREENSHOTS}${name}.png`,
      await sharp(png).png({ palette: true }).toBuffer(),
    );
  }

  it('lists the endpoints without anything from outside', async () => {
    await page.goto(`${sample.url}/docs`);
    await page.getByText('Sentiment scores of a text').waitFor();
    await page.getByText('/readyz').waitFor();
    await picture('swagger-ui');
    expect(outside).toEqual([]);
  });

  it('tries an endpoint out, and shows its answer', async () => {
    const operation = page.locator('#operations-Sentiment-classifyText');
    await operation.locator('.opblock-summary').click();
    await operation.getByRole('button', { name: 'Try it out' }).click();
    const body = operation.locator('textarea.body-param__text');
    expect(await body.inputValue()).toBe('I really liked that movie!');
    await operation.getByRole('button', { name: 'Execute' }).click();
    const live = operation.locator('.live-responses-table .response').first();
    await live.locator('.response-col_status').getByText('200').waitFor();
    const shown = await live.locator('pre').first().innerText();
    const [neg, pos] = JSON.parse(shown) as [number, number];
    expect(neg + pos).toBeCloseTo(1, 4);
    expect(pos).toBeGreaterThan(0.5);
    await page.mouse.wheel(0, 400);
    await page.waitForTimeout(300);
    await picture('swagger-ui-try-it-out');
  });
});
