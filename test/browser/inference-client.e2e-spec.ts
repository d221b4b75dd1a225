import { fileURLToPath } from 'node:url';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, Get, Header, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ModelStore, VtsModule } from 'nestjs-vts';
import { VtsExpressAdapter } from 'nestjs-vts/express';
import { Learner, LMLearner } from 'nestjs-vts/learner';
import type { Browser, Page } from 'playwright-core';
import { rolldown } from 'rolldown';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasChromium, launch, openPage, type WatchedPage } from '../helpers/chromium.js';
import { learnerFile, saveKinds } from '../helpers/served-kinds.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const TEXT = 'I really liked that movie!';

/** A script of a page as a bundler makes it of what is installed. */
async function bundled(source: string): Promise<string> {
  const entry = join(root, 'page-of-a-test.js');
  const build = await rolldown({
    input: entry,
    platform: 'browser',
    plugins: [
      {
        name: 'page',
        load: (id) => (id === entry ? source : null),
        resolveId: (id) => (id === entry ? id : null),
      },
    ],
    onLog(level, { message }) {
      if (level === 'warn') throw new Error(message);
    },
  });
  const { output } = await build.generate({ format: 'esm' });
  await build.close();
  expect(output).toHaveLength(1);
  return output[0].code;
}

let script = '';

@Controller()
class PageController {
  @Get()
  @Header('content-type', 'text/html')
  page(): string {
    return '<!doctype html><link rel=icon href=data:,><script type=module src=page.js></script>';
  }

  @Get('page.js')
  @Header('content-type', 'text/javascript')
  script(): string {
    return script;
  }
}

describe.skipIf(!hasChromium)('The client in a page', () => {
  const home = mkdtempSync(join(tmpdir(), 'vts-client-'));
  let app: INestApplication;
  let other: INestApplication;
  let browser: Browser;
  let watched: WatchedPage;
  let page: Page;
  let site: string;
  let elsewhere: string;

  async function start(cors: boolean): Promise<INestApplication> {
    const started = await NestFactory.create(
      {
        module: class {},
        imports: [VtsModule.forRoot({ home, openInference: { models: ['text', 'words'] } })],
        controllers: [PageController],
      },
      new VtsExpressAdapter(),
      { logger: false, cors },
    );
    await started.listen(0, '127.0.0.1');
    return started;
  }

  beforeAll(async () => {
    script = await bundled(
      `import * as client from 'nestjs-vts/client';
      globalThis.client = client;
      globalThis.told = (error) => ({ name: error.name, code: error.code, status: error.status,
        mayHaveRun: error.mayHaveRun, message: error.message });`,
    );
    await saveKinds(new ModelStore(home), ['text', 'words']);
    [app, other] = [await start(false), await start(true)];
    [site, elsewhere] = [await app.getUrl(), await other.getUrl()];
    browser = await launch();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await Promise.all([app?.close(), other?.close()]);
    await rm(home, { recursive: true });
  });
  beforeEach(async () => {
    watched = await openPage(browser, site);
    ({ page } = watched);
    await page.goto(site);
    await page.waitForFunction('globalThis.client !== undefined');
  });
  afterEach(() => page.context().close());

  /** What the body of an async function returns there, with a client of `url`. */
  const there = <T>(body: string, url = site): Promise<T> =>
    page.evaluate(
      `(async () => {
        const inference = new client.InferenceClient(${JSON.stringify(url)});
        ${body}
      })()`,
    );

  const INFER = `
    const results = [];
    for (let times = 0; times < 3; times++) {
      const result = await inference.infer('text', { text: [${JSON.stringify(TEXT)}, 'é🙂'] });
      results.push([result.strings('decoded'), [...result.tensor('probabilities').data]]);
    }
    return results;`;

  async function expectedInfer(): Promise<unknown> {
    const learner = await Learner.load<string, string>(learnerFile('text'));
    const both = [await learner.predict(TEXT), await learner.predict('é🙂')];
    await learner.release();
    const probs = both.flatMap(([, , each]) => [...(each.data as Float32Array)]);
    return Array(3).fill([both.map(([decoded]) => decoded), probs]);
  }

  it('gets what the learner gives, first in JSON, then in raw bytes', async () => {
    const types: (string | undefined)[] = [];
    page.on('request', (request) => types.push(request.headers()['content-type']));
    expect(await there(INFER)).toEqual(await expectedInfer());
    const [json, raw] = ['application/json', 'application/octet-stream'];
    expect(types).toEqual([json, raw, raw]);
    expect(watched.complaints).toEqual([]);
  });

  it('gets the same of another origin that lets it', async () => {
    const types: (string | undefined)[] = [];
    page.on('response', (response) => types.push(response.headers()['content-type']));
    expect(await there(INFER, elsewhere)).toEqual(await expectedInfer());
    expect(new Set(types.map((type) => type?.split(';')[0]))).toEqual(
      new Set(['application/json']),
    );
  });

  it('gets metadata and health', async () => {
    const metadata = await there<object>(
      `return [await inference.serverLive(), await inference.modelReady('text'),
        await inference.modelMetadata('text')];`,
    );
    expect(metadata).toMatchObject([true, true, { name: 'text', inputs: [{ datatype: 'BYTES' }] }]);
  });

  it('gets a text piece by piece', async () => {
    const parameters = { n_words: 8, seed: 7 };
    const pieces = await there<string[]>(
      `const pieces = [];
      const options = { parameters: ${JSON.stringify(parameters)} };
      for await (const { text } of inference.generateStream('words', 'I liked', options)) {
        pieces.push(text);
      }
      return pieces;`,
    );
    const whole = await there<string>(
      `return (await inference.generate('words', 'I liked',
        { parameters: ${JSON.stringify(parameters)} })).text;`,
    );
    const learner = await LMLearner.load(learnerFile('words'));
    const expected = await learner.predict('I liked', 8, { seed: 7 });
    await learner.release();
    expect(whole).toBe(expected);
    expect(pieces.length).toBeGreaterThan(1);
    // A stream tells what is added.
    expect(`i liked${pieces.join('')}`).toBe(whole);
  });

  it('is told what is wrong', async () => {
    const failure = (call: string, url?: string): Promise<object> =>
      there(`return ${call}.then(() => 'nothing', told);`, url);
    expect(await failure(`inference.infer('nobody', { x: 'a' })`)).toMatchObject({
      name: 'InferenceError',
      code: 'VTS_INFERENCE',
      status: 'NOT_FOUND',
      mayHaveRun: false,
    });
    // A page is not told why a request failed.
    expect(await failure('inference.serverLive()', 'http://127.0.0.1:1')).toMatchObject({
      status: 'UNAVAILABLE',
      mayHaveRun: true,
    });
    expect(await failure('inference.serverLive()', 'grpc://127.0.0.1:1')).toMatchObject({
      code: 'VTS_INFERENCE_CLIENT_OPTION',
      message: expect.stringContaining('browsers do not support gRPC') as string,
    });
    expect(await failure(`inference.serverLive({ signal: AbortSignal.abort() })`)).toMatchObject({
      status: 'CANCELLED',
      mayHaveRun: false,
    });
  });
});
