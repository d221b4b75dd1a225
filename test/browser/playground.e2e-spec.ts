import { mkdtempSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ModelStore, type OcclusionExplanation, type PytorchRunner, type Tensor } from 'nestjs-vts';
import { Learner, LMLearner } from 'nestjs-vts/learner';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MASK_COLOURS } from '../../lib/nest/playground/palette.js';
import {
  expectAccessible,
  give,
  hasChromium,
  launch,
  openPage,
  type WatchedPage,
} from '../helpers/chromium.js';
import {
  fixture,
  KINDS,
  learnerFile,
  saveKinds,
  serveKinds,
  type LearnerName,
  type Served,
} from '../helpers/served-kinds.js';

const IMAGES = fileURLToPath(new URL('../fixtures/vision/images', import.meta.url));
const numbers = (tensor: Tensor): number[] => Array.from(tensor.data as never, Number);

describe.skipIf(!hasChromium)('The page of vts serve', () => {
  const home = mkdtempSync(join(tmpdir(), 'vts-page-'));
  const samples = join(home, 'samples');
  const store = new ModelStore(home);
  let served: Served;
  let browser: Browser;
  let watched: WatchedPage;
  let page: Page;

  beforeAll(async () => {
    await saveKinds(store);
    await mkdir(samples);
    await copyFile(join(IMAGES, 'q90.jpg'), join(samples, 'q90.jpg'));
    await writeFile(join(samples, 'review.txt'), 'I hated it.');
    served = await serveKinds(home, [...KINDS, '--samples', samples]);
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

  const open = async (name: (typeof KINDS)[number]): Promise<void> => {
    await page.goto(`./#${name}`);
    await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
  };
  const predict = (): Promise<void> => page.getByRole('button', { name: 'Predict' }).click();
  const loaded = (name: LearnerName): Promise<Learner<unknown, unknown>> =>
    Learner.load(learnerFile(name)) as Promise<Learner<unknown, unknown>>;

  /** Probabilities by the names of their bars. */
  async function bars(): Promise<Record<string, number>> {
    await page.locator('.result .bars').first().waitFor();
    const read = await page.locator('.result .bars').first().locator('li').all();
    const entries = read.map(async (bar) => [
      await bar.locator('.name').getAttribute('title'),
      Number(await bar.locator('data').getAttribute('value')),
    ]);
    return Object.fromEntries(await Promise.all(entries)) as Record<string, number>;
  }
  async function chosen(): Promise<(string | null)[]> {
    const names = await page.locator('.result .bars .chosen .name').all();
    return Promise.all(names.map((name) => name.getAttribute('title')));
  }
  async function expectClasses(learner: Learner<unknown, unknown>, item: unknown): Promise<void> {
    const [decoded, target, probs] = await learner.predict(item);
    const names = learner.description.classes ?? [];
    expect(await bars()).toEqual(
      Object.fromEntries(numbers(probs).map((value, at) => [names[at], value])),
    );
    // fastai's first element is the row for rows, and the class or the labels else.
    const wanted = learner.kind === 'tabular' ? names[numbers(target)[0] ?? -1] : decoded;
    expect((await chosen()).sort()).toEqual([wanted].flat().map(String).sort());
  }
  async function values(selector: string): Promise<(string | null)[]> {
    await page.locator(selector).first().waitFor();
    const all = await page.locator(selector).all();
    return Promise.all(all.map((one) => one.getAttribute('value')));
  }
  async function explain(): Promise<void> {
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.locator('.why .note').first().waitFor();
  }

  it('takes a text, and shows classes, tokens and the weight of words', async () => {
    const learner = await loaded('text');
    const text = 'I really <b>LIKED</b> that movie, Zyzzyva & all!';
    await open('text');
    await page.getByRole('textbox', { name: 'Text' }).fill(text);
    await predict();
    await expectClasses(learner, text);
    await page.locator('.tokens').waitFor();
    const shown = (await learner.show(text)) as { tokens: string[] };
    expect(await page.locator('.tokens .token').allTextContents()).toEqual(shown.tokens);
    await expectAccessible(page);
    await explain();
    const { parts = [] } = (await learner.explain(text)) as OcclusionExplanation;
    const weights = await page
      .locator('.weighed .token')
      .evaluateAll((tokens) => tokens.map((token) => Number(token.getAttribute('data-weight'))));
    expect(weights).toEqual(parts.map(({ weight }) => weight));
    await expectAccessible(page);
    await learner.release();
  });

  it('shows several labels with their threshold', async () => {
    const learner = await loaded('labels');
    const text = 'I hated it, the plot was awful.';
    await open('labels');
    await page.getByRole('textbox', { name: 'Text' }).fill(text);
    await page.keyboard.press('Control+Enter');
    await expectClasses(learner, text);
    await page.getByText(`threshold of ${learner.description.threshold}`).waitFor();
    await expectAccessible(page);
    await learner.release();
  });

  it('takes a text of the samples', async () => {
    await open('text');
    await page.getByRole('button', { name: 'review.txt' }).click();
    const text = page.getByRole('textbox', { name: 'Text' });
    await expect.poll(() => text.inputValue()).toBe('I hated it.');
  });

  it('shows a number of a text', async () => {
    const learner = await loaded('number');
    await open('number');
    await page.getByRole('textbox', { name: 'Text' }).fill('What a film');
    await predict();
    const [, , probs] = await learner.predict('What a film');
    expect((await values('.numbers data')).map(Number)).toEqual(numbers(probs));
    await expectAccessible(page);
    await learner.release();
  });

  const photo = { name: 'q90.jpg', type: 'image/jpeg', bytes: fixture('vision/images/q90.jpg') };

  it.each([
    ['dropped', () => give(page, 'drop', '.drop', photo)],
    ['pasted', () => give(page, 'paste', 'body', photo)],
    ['chosen', () => page.locator('input[type=file]').setInputFiles(join(IMAGES, 'q90.jpg'))],
    ['chosen of the samples', () => page.getByRole('button', { name: 'q90.jpg' }).click()],
    [
      'fetched by its URL',
      async () => {
        const at = await page.getByRole('img', { name: 'q90.jpg' }).getAttribute('src');
        await page.getByRole('textbox', { name: 'URL of a picture' }).fill(at ?? '');
        await page.getByRole('button', { name: 'Fetch' }).click();
      },
    ],
  ])('takes a picture that is %s', async (_, giveIt) => {
    const learner = await loaded('picture');
    await open('picture');
    await giveIt();
    await expectClasses(learner, photo.bytes);
    await page.getByRole('img', { name: /^Preview of/ }).waitFor();
    await learner.release();
  });

  it('shows what the model saw of a picture', async () => {
    const learner = await loaded('picture');
    await open('picture');
    await give(page, 'drop', '.drop', photo);
    const { image } = (await learner.show(photo.bytes)) as {
      image: { width: number; height: number };
    };
    await page.getByText(`${image.width} × ${image.height} pixels`).last().waitFor();
    const seen = page.getByRole('img', { name: 'What the model saw' });
    const size = await seen.evaluate((img) => {
      const { naturalWidth, naturalHeight } = img as HTMLImageElement;
      return [naturalWidth, naturalHeight];
    });
    expect(size).toEqual([image.width, image.height]);
    await expectAccessible(page);
    await learner.release();
  });

  it('takes a picture with the camera', async () => {
    const learner = await loaded('picture');
    await open('picture');
    await page.getByRole('button', { name: 'Camera' }).click();
    const sent = page.waitForRequest((request) => request.url().endsWith('/predict'));
    await page.getByRole('button', { name: 'Take the picture' }).click();
    // The browser keeps bodies that are files to itself; the preview has the same pixels.
    expect((await sent).headers()['content-type']).toBe('image/png');
    const png = await page.locator('canvas.preview[aria-busy=false]').evaluate((canvas) => {
      return (canvas as HTMLCanvasElement).toDataURL('image/png');
    });
    await expectClasses(learner, Buffer.from(png.split(',')[1] ?? '', 'base64'));
    await learner.release();
  });

  it('shows where a picture speaks for a class', async () => {
    const learner = await loaded('picture');
    await open('picture');
    await give(page, 'drop', '.drop', photo);
    const last = learner.description.classes?.at(-1) ?? '';
    await page.getByRole('combobox', { name: 'Class' }).selectOption(last);
    await explain();
    const { heatmap } = (await learner.explain(photo.bytes, { target: last })) as {
      heatmap: { width: number; height: number };
    };
    const map = page.getByRole('img', { name: `Where the picture speaks for ${last}` });
    const { width, height } = heatmap;
    await expect
      .poll(() =>
        map.evaluate((c) => [(c as HTMLCanvasElement).width, (c as HTMLCanvasElement).height]),
      )
      .toEqual([width, height]);
    await expectAccessible(page);
    await learner.release();
  });

  it('shows several labels of a picture', async () => {
    const learner = await loaded('pictures');
    await open('pictures');
    await give(page, 'drop', '.drop', photo);
    await expectClasses(learner, photo.bytes);
    await learner.release();
  });

  it('shows a photograph as it is stored: fastai does not turn it either', async () => {
    await open('picture');
    const bytes = fixture('vision/images/exif-rotated.jpg');
    await give(page, 'drop', '.drop', { ...photo, bytes });
    const canvas = page.locator('canvas.preview');
    await canvas.waitFor();
    await expect
      .poll(() =>
        canvas.evaluate((c) => [(c as HTMLCanvasElement).width, (c as HTMLCanvasElement).height]),
      )
      .toEqual(await storedSize(bytes));
  });

  it('shows a mask in the colours of its classes, and their shares', async () => {
    const learner = await loaded('mask');
    await open('mask');
    await give(page, 'drop', '.drop', photo);
    const [decoded] = (await learner.predict(photo.bytes)) as [Tensor, Tensor, Tensor];
    const places = numbers(decoded);
    await page.locator('.legend button').first().waitFor();
    const pixels = () =>
      page.locator('canvas.mask').evaluate((element) => {
        const canvas = element as HTMLCanvasElement;
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
        return Array.from(data);
      });
    const expected = places.flatMap((place) => [...(MASK_COLOURS[place] ?? []), 255]);
    await expect.poll(pixels).toEqual(expected);

    const { classes = [] } = learner.description;
    const counted = classes
      .map((name, place) => ({ name, count: places.filter((at) => at === place).length }))
      .filter(({ count }) => count > 0)
      .sort((a, b) => b.count - a.count);
    expect(await page.locator('.legend .name').allTextContents()).toEqual(
      counted.map(({ name }) => name),
    );
    const shares = (await values('.legend data')).map(Number);
    shares.forEach((share, at) => {
      expect(share).toBeCloseTo((counted[at]?.count ?? 0) / places.length, 6);
    });

    await page.getByRole('slider', { name: 'Opacity' }).fill('0.25');
    expect(await page.locator('canvas.mask').evaluate((c) => getComputedStyle(c).opacity)).toBe(
      '0.25',
    );
    await expectAccessible(page);
    await page.locator('.legend button').first().click();
    const hidden = classes.indexOf(counted[0]?.name ?? '');
    await expect
      .poll(async () => (await pixels()).filter((value, at) => at % 4 === 3 && value === 0).length)
      .toBe(places.filter((place) => place === hidden).length);
    await learner.release();
  });

  it('shows an image that is predicted', async () => {
    const learner = await loaded('drawing');
    await open('drawing');
    await give(page, 'drop', '.drop', photo);
    const [decoded] = (await learner.predict(photo.bytes)) as [Tensor, Tensor, Tensor];
    const drawn = page.getByRole('img', { name: 'The predicted image' });
    await drawn.waitFor();
    const [channels = 0, height = 0, width = 0] = decoded.dims;
    const url = await drawn.getAttribute('src');
    const { data, info } = await sharp(Buffer.from(url!.split(',')[1]!, 'base64'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.channels, info.height, info.width]).toEqual([channels, height, width]);
    const planes = numbers(decoded);
    const size = height * width;
    expect([...data]).toEqual(
      planes.map((_, at) => planes[(at % channels) * size + Math.floor(at / channels)]),
    );
    await expectAccessible(page);
    await learner.release();
  });

  it('shows points on the picture', async () => {
    const learner = await loaded('points');
    await open('points');
    await give(page, 'drop', '.drop', photo);
    const [decoded] = (await learner.predict(photo.bytes)) as [Tensor, Tensor, Tensor];
    const flat = numbers(decoded);
    const given = (await values('ol.points data')).flatMap((value) =>
      value!.split(',').map(Number),
    );
    expect(given).toEqual(flat);
    const drawn = await page
      .locator('circle.point')
      .evaluateAll((circles) =>
        circles.flatMap((c) => [Number(c.getAttribute('cx')), Number(c.getAttribute('cy'))]),
      );
    expect(drawn).toEqual(flat);
    await expectAccessible(page);
    await learner.release();
  });

  it('shows numbers of a picture', async () => {
    const learner = await loaded('amounts');
    await open('amounts');
    await give(page, 'drop', '.drop', photo);
    const [, , probs] = await learner.predict(photo.bytes);
    expect((await values('.numbers data')).map(Number)).toEqual(numbers(probs));
    await learner.release();
  });

  it('takes a row by a form of the learner’s columns', async () => {
    const learner = await loaded('rows');
    const { columns = [] } = learner.description.columns ?? {};
    await open('rows');
    const row: Record<string, unknown> = {};
    for (const { name, kind, nullable, categories = [] } of columns) {
      const role = kind === 'number' ? 'spinbutton' : 'combobox';
      const field = page.getByRole(role, { name, exact: true });
      if (kind === 'number') {
        row[name] = nullable ? null : 2.5;
        await field.fill(nullable ? '' : '2.5');
      } else {
        row[name] = categories.at(-1);
        await field.selectOption(String(categories.at(-1)));
      }
    }
    expect(Object.values(row)).toContain(null);
    await predict();
    await expectClasses(learner, row);
    await page.getByText('unknown or missing').first().waitFor();
    await expectAccessible(page);
    await explain();
    const { parts = [] } = (await learner.explain(row)) as OcclusionExplanation;
    const weights = (await values('.bars.weighed data')).map(Number);
    expect(weights.sort()).toEqual(parts.map(({ weight }) => weight).sort());
    await learner.release();
  });

  it('scores a dropped table in parts as in one, and gives it back as a file', async () => {
    const learner = await loaded('rows');
    const { columns = [] } = learner.description.columns ?? {};
    const cell = (value: unknown): string => `"${String(value ?? '').replaceAll('"', '""')}"`;
    const line = (values: unknown[]): string => values.map(cell).join(',');
    const rows = Array.from({ length: 430 }, (_, at) =>
      line([
        `a, "b"\n${at}`,
        ...columns.map(({ kind, categories = [] }) =>
          kind === 'number' ? at / 8 : at % 5 === 4 ? '' : categories[at % categories.length],
        ),
      ]),
    );
    const csv = [line(['note', ...columns.map(({ name }) => name)]), ...rows].join('\n');
    await open('rows');
    await page.getByRole('button', { name: 'Many rows' }).click();
    const bytes = Buffer.from(csv);
    await give(page, 'drop', '.drop', { name: 'people.csv', type: 'text/csv', bytes });
    await page.getByText('430 of 430 rows').waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download' }).click();
    expect((await download).suggestedFilename()).toBe('people-scored.csv');
    const file = await (await download).path();
    const whole = await fetch(new URL('models/rows/predict', served.url), {
      method: 'POST',
      headers: { 'content-type': 'text/csv', accept: 'text/csv' },
      body: csv,
    });
    expect(await readFile(file, 'utf8')).toBe(await whole.text());
    expect(await page.locator('td').first().textContent()).toBe('a, "b"\n0');
    await expectAccessible(page);
    await learner.release();
  }, 120_000);

  it('scores a pasted table', async () => {
    await open('ratings');
    await page.getByRole('button', { name: 'Many rows' }).click();
    const { columns = [] } = (await loaded('ratings')).description.columns ?? {};
    const names = columns.map(({ name }) => name);
    const csv = `${names.join(',')}\n${columns.map(({ example }) => String(example)).join(',')}\n`;
    await page.getByRole('textbox').fill(csv);
    await page.getByRole('button', { name: 'Score the table' }).click();
    await page.getByText('1 of 1 rows').waitFor();
    expect(await page.locator('th').first().textContent()).toBe(names[0]);
  });

  it('says what is wrong with a table', async () => {
    await open('rows');
    await page.getByRole('button', { name: 'Many rows' }).click();
    await page.getByRole('textbox').fill('other\n1');
    await page.getByRole('button', { name: 'Score the table' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('no column "');
    // The browser writes refused requests into its console.
    expect(watched.complaints.splice(0)).toHaveLength(1);
  });

  it('takes a user and an item that are searched for', async () => {
    const learner = await loaded('ratings');
    const { columns = [] } = learner.description.columns ?? {};
    await open('ratings');
    const row: Record<string, unknown> = {};
    for (const { name, categories = [] } of columns) {
      const wanted = categories.at(-1);
      row[name] = wanted;
      const field = page.getByRole('combobox', { name, exact: true });
      if (categories.length > 24) {
        await field.click();
        await field.fill(String(wanted));
        await page.getByRole('option', { name: String(wanted), exact: true }).waitFor();
        await expectAccessible(page);
        await field.press('Enter');
        expect(await field.inputValue()).toBe(String(wanted));
      } else await field.selectOption(String(wanted));
    }
    await predict();
    const [, , probs] = await learner.predict(row);
    expect((await values('.numbers data')).map(Number)).toEqual(numbers(probs));
    await learner.release();
  });

  it('goes on with a text word by word', async () => {
    const learner = await LMLearner.load(learnerFile('words'));
    await open('words');
    await page.getByRole('textbox', { name: 'Prompt' }).fill('I really liked');
    await page.getByRole('spinbutton', { name: 'Words' }).fill('12');
    await page.getByRole('textbox', { name: 'Seed' }).fill('7');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText(/\d words, /).waitFor();
    const words: string[] = [];
    const options = { temperature: 0.75, seed: 7 };
    for await (const word of learner.predictStream('I really liked', 12, options)) words.push(word);
    expect(await page.locator('.continuation .new').textContent()).toBe(words.join(' '));
    await expectAccessible(page);
    await learner.release();
  });

  it('gives tensors to a PyTorch layer as JSON', async () => {
    await open('layer');
    const given = [[0.5, -1, 2, 0.25]];
    await page.getByRole('textbox', { name: 'Tensor as JSON' }).fill(JSON.stringify(given));
    await predict();
    const runner = (await store.get('layer')).toRunner({ workers: 1 }) as unknown as PytorchRunner;
    await runner.open();
    const tensor = (await runner.run(given as never)) as Tensor;
    await runner.close();
    await page.locator('.result .json').waitFor();
    const shown = JSON.parse(
      (await page.locator('.result .json').textContent()) ?? '',
    ) as number[][];
    expect(shown.flat()).toEqual(numbers(tensor));
    await expectAccessible(page);
  });
});

async function storedSize(bytes: Uint8Array): Promise<number[]> {
  const { default: sharp } = await import('sharp');
  const { width, height } = await sharp(bytes).metadata();
  return [width, height];
}
