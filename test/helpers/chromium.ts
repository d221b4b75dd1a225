import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { expect } from 'vitest';

/** Debian's package, or what CHROMIUM names. */
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Without a browser these tests are skipped. */
export const hasChromium = existsSync(CHROMIUM);
if (!hasChromium) console.warn(`Skipped: no Chromium at ${CHROMIUM}. CHROMIUM=<path> names one.`);

/** Its camera is a moving picture of its own. */
export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
    ],
  });

export interface WatchedPage {
  readonly page: Page;
  /** What the console, the policy and the network have to complain of: the page does nothing of it. */
  readonly complaints: string[];
}

/** A page that may ask its own site only. */
export async function openPage(
  browser: Browser,
  site: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ baseURL: site, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  const { origin } = new URL(site);
  page.on('request', (request) => {
    const url = request.url();
    if (!/^(?:data|blob):/.test(url) && new URL(url).origin !== origin) complaints.push(url);
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  // Violations of the policy are errors of the console as well.
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  return { page, complaints };
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const VIEWS = [
  { width: 1280, height: 900 },
  { width: 360, height: 740 },
];

/** Finds nothing in light and dark, on a desktop and on a phone, where nothing is cut off either. */
export async function expectAccessible(page: Page): Promise<void> {
  const before = page.viewportSize();
  for (const viewport of VIEWS) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ['light', 'dark'] as const) {
      // Colours in transition have no contrast of their own.
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.evaluate(axe);
      // Rows of a table are alike, and some tables have hundreds.
      const { violations } = (await page.evaluate(
        `axe.run({ exclude: ['tbody tr:nth-child(n + 20)'] })`,
      )) as AxeResults;
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.html).join()}`);
      expect(found, `${colorScheme}, ${viewport.width} px`).toEqual([]);
    }
    const wide = await page.evaluate('document.documentElement.scrollWidth');
    expect(wide).toBeLessThanOrEqual(viewport.width);
  }
  if (before) await page.setViewportSize(before);
}

/** What a user drops on an element, or pastes. */
export interface GivenFile {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
}

export async function give(
  page: Page,
  event: 'drop' | 'paste',
  selector: string,
  { name, type, bytes }: GivenFile,
): Promise<void> {
  const base64 = Buffer.from(bytes).toString('base64');
  const transfer = await page.evaluateHandle(
    ({ name, type, base64 }) => {
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], name, { type }));
      return transfer;
    },
    { name, type, base64 },
  );
  if (event === 'drop') await page.dispatchEvent(selector, 'drop', { dataTransfer: transfer });
  else {
    await transfer.evaluate((clipboardData, at) => {
      const paste = new ClipboardEvent('paste', { clipboardData, bubbles: true });
      document.querySelector(at)?.dispatchEvent(paste);
    }, selector);
  }
}
