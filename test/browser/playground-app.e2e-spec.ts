import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Controller,
  UnauthorizedException,
  VersioningType,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { APP_GUARD, type AbstractHttpAdapter } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  Image,
  Json,
  ModelStore,
  Multipart,
  NumpyNdarray,
  setupVtsPlayground,
  Text,
  VtsApi,
  VtsModule,
} from 'nestjs-vts';
import { VtsExpressAdapter } from 'nestjs-vts/express';
import { Learner } from 'nestjs-vts/learner';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  expectAccessible,
  give,
  hasChromium,
  launch,
  openPage,
  type WatchedPage,
} from '../helpers/chromium.js';
import { fixture, learnerFile, saveKinds } from '../helpers/served-kinds.js';

class KeyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    if (headers['x-api-key'] === 'a secret') return true;
    throw new UnauthorizedException('Send the header x-api-key.');
  }
}

@Controller('tools')
class ToolsController {
  @VtsApi({ input: Text.fromSample('<b>some</b> words'), output: NumpyNdarray })
  lengths(text: string): number[] {
    return text.split(' ').map((word) => word.length);
  }

  @VtsApi({ input: Json.fromSample({ a: [1, 2] }), output: Json, route: 'echo/:user' })
  echo(value: unknown): unknown {
    return value;
  }

  @VtsApi({ input: Text, output: new Text({ stream: true }) })
  async *spell(text: string): AsyncGenerator<string> {
    yield* text.split(' ');
  }

  @VtsApi({ input: new Image(), output: new Image() })
  mirror(image: Uint8Array): Promise<Buffer> {
    return sharp(image).flop().png().toBuffer();
  }

  @VtsApi({ input: new Multipart({ picture: new Image(), note: new Text() }), output: Text })
  caption({ picture, note }: { picture: Uint8Array; note: string }): string {
    return `${note}: ${picture.length} bytes`;
  }
}

const ADAPTERS: [string, () => AbstractHttpAdapter][] = [
  ['Express', () => new VtsExpressAdapter()],
  ['Fastify', () => new FastifyAdapter() as never],
];

describe.skipIf(!hasChromium).each(ADAPTERS)('The page of an application on %s', (_, adapter) => {
  const home = mkdtempSync(join(tmpdir(), 'vts-page-'));
  let app: INestApplication;
  let browser: Browser;
  let watched: WatchedPage;
  let page: Page;
  let site: string;

  beforeAll(async () => {
    await saveKinds(new ModelStore(home), ['text']);
    const module = await Test.createTestingModule({
      imports: [VtsModule.forRoot({ home })],
      controllers: [ToolsController],
      providers: [{ provide: APP_GUARD, useClass: KeyGuard }],
    }).compile();
    app = module.createNestApplication(adapter(), { logger: false });
    app.setGlobalPrefix('api');
    app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
    setupVtsPlayground(app, { path: 'try/models', models: ['text'] });
    await app.listen(0, '127.0.0.1');
    site = `${await app.getUrl()}/try/models`;
    browser = await launch();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await app?.close();
    await rm(home, { recursive: true });
  });
  beforeEach(async () => {
    watched = await openPage(browser, site);
    ({ page } = watched);
    await page.goto(site);
    // The models are behind the guard: the page asks for the key.
    await page.getByRole('dialog').waitFor();
    expect(watched.complaints.splice(0)).toHaveLength(1);
  });
  afterEach(async () => {
    expect(watched.complaints).toEqual([]);
    await page.context().close();
  });

  async function giveKey(): Promise<void> {
    await page.getByLabel('Value').fill('a secret');
    await page.getByRole('button', { name: 'Use' }).click();
    await page.getByRole('heading', { level: 1 }).waitFor();
  }
  async function open(name: string): Promise<void> {
    await giveKey();
    const button = page.getByRole('navigation').getByRole('button');
    await button.filter({ has: page.getByText(name, { exact: true }) }).click();
  }
  const predict = (): Promise<void> => page.getByRole('button', { name: 'Predict' }).click();
  const shownJson = async (): Promise<unknown> => {
    await page.locator('.result .json').waitFor();
    return JSON.parse((await page.locator('.result .json').textContent()) ?? '');
  };

  it('is open, and its models are behind the guards', async () => {
    await expectAccessible(page);
    expect(await page.getByRole('alert').textContent()).toBe('Send the header x-api-key.');
    await open('text');
    const text = 'I really liked that movie!';
    await page.getByRole('textbox', { name: 'Text' }).fill(text);
    await predict();
    const headline = page.locator('.result .headline');
    await headline.waitFor();
    const learner = await Learner.load(learnerFile('text'));
    const [decoded] = await learner.predict(text);
    await learner.release();
    expect(await headline.textContent()).toBe(decoded);
    // The key is in no code that one copies.
    const code = page.getByRole('region', { name: 'The call in curl' });
    expect(await code.textContent()).toContain('x-api-key: $VTS_API_KEY');
    expect(await page.content()).not.toContain('a secret');
  });

  it('calls an endpoint with a text', async () => {
    await open('api/v1/tools/lengths');
    const text = page.getByRole('textbox', { name: 'Text' });
    expect(await text.inputValue()).toBe('<b>some</b> words');
    await predict();
    expect(await shownJson()).toEqual([11, 5]);
    await expectAccessible(page);
  });

  it('calls an endpoint with JSON, and a parameter of its route', async () => {
    await open('api/v1/tools/echo/:user');
    await page.getByRole('textbox', { name: 'user' }).fill('a/b');
    await page.getByRole('textbox', { name: 'JSON' }).fill('{"b": [null, "<i>"]}');
    const sent = page.waitForRequest((request) => request.method() === 'POST');
    await predict();
    expect((await sent).url()).toContain('/api/v1/tools/echo/a%2Fb');
    expect(await shownJson()).toEqual({ b: [null, '<i>'] });
  });

  it('says what is wrong with JSON before it is sent', async () => {
    await open('api/v1/tools/echo/:user');
    await page.getByRole('textbox', { name: 'JSON' }).fill('{');
    await predict();
    expect(await page.getByRole('alert').textContent()).toContain('Not valid JSON');
  });

  it('shows the words of a stream', async () => {
    await open('api/v1/tools/spell');
    await page.getByRole('textbox', { name: 'Text' }).fill('one two three');
    await predict();
    const words = page.locator('.continuation .new');
    await expect.poll(() => words.textContent()).toBe('one two three');
  });

  it('shows the picture that an endpoint answers with', async () => {
    await open('api/v1/tools/mirror');
    const bytes = fixture('vision/images/rgb.png');
    await give(page, 'drop', '.drop', { name: 'rgb.png', type: 'image/png', bytes });
    const picture = page.getByRole('img', { name: 'The answer' });
    const { width, height } = await sharp(bytes).metadata();
    await expect
      .poll(() =>
        picture.evaluate((img) => [
          (img as HTMLImageElement).naturalWidth,
          (img as HTMLImageElement).naturalHeight,
        ]),
      )
      .toEqual([width, height]);
  });

  it('fills in the parts of a form', async () => {
    await open('api/v1/tools/caption');
    const bytes = fixture('vision/images/rgb.png');
    await page
      .getByLabel('picture')
      .setInputFiles({ name: 'rgb.png', mimeType: 'image/png', buffer: bytes });
    await page.getByRole('textbox', { name: 'note' }).fill('A note');
    await predict();
    const answer = page.locator('.continuation .new');
    await expect.poll(() => answer.textContent()).toBe(`A note: ${bytes.length} bytes`);
    await expectAccessible(page);
  });
});
