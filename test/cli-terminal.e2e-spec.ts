import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import sharp from 'sharp';
import stringWidth from 'string-width';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasTerminal, leftOnTerminal, vtsOnTerminal } from './helpers/terminal.js';
import { vts } from './helpers/vts.js';

const fixture = (path: string): string =>
  fileURLToPath(new URL(`./fixtures/${path}`, import.meta.url));

let folder: string;
const files: Record<string, string> = {};

const packed: Record<string, string> = {
  classes: 'vision/learners/classes/export.pkl.br',
  labels: 'vision/learners/multi-label/export.pkl.br',
  mask: 'vision/learners/mask/export.pkl.br',
  picture: 'vision/learners/image/export.pkl.br',
  points: 'vision/learners/points/export.pkl.br',
  numbers: 'vision/learners/numbers/export.pkl.br',
  lm: 'lm/untied/export.pkl.gz',
  rows: 'tabular/typed.pkl.gz',
  collab: 'tabular/collab_neural.pkl.gz',
};
const image = fixture('vision/images/rgb.png');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-terminal-'));
  for (const [name, path] of Object.entries(packed)) {
    const bytes = await readFile(fixture(path));
    const unpacked = path.endsWith('.br') ? brotliDecompressSync(bytes) : gunzipSync(bytes);
    files[name] = join(folder, `${name}.pkl`);
    await writeFile(files[name], unpacked);
  }
  files['text'] = fixture('learners/base_tokenizer/export.pkl');
  for (const name of ['rows', 'collab']) {
    const path = packed[name]!.replace('.pkl.gz', '.json');
    const { cases } = JSON.parse(await readFile(fixture(path), 'utf8')) as {
      cases: { input: unknown }[];
    };
    files[`${name} input`] = `@${join(folder, `${name}.json`)}`;
    await writeFile(files[`${name} input`]!.slice(1), JSON.stringify(cases[0]!.input));
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Without what differs from one machine, or one run, to the next. */
function steady(output: string): string {
  return output.replaceAll(folder, 'FOLDER').replace(/(\d\.\d)\d+/g, '$1#');
}

const inputs: Record<string, () => string> = {
  text: () => 'I really liked that movie!',
  lm: () => 'I liked the plot',
  rows: () => files['rows input']!,
  collab: () => files['collab input']!,
};

describe.skipIf(!hasTerminal)('vts on a terminal', () => {
  const names = ['text', 'classes', 'labels', 'mask', 'points', 'numbers', 'rows', 'collab', 'lm'];

  it.each(names)('shows a prediction by what it is: %s', async (name) => {
    const input = inputs[name]?.() ?? image;
    const args = ['predict', files[name]!, input, ...(name === 'lm' ? ['--seed', '1'] : [])];
    const { code, output } = await vtsOnTerminal(args, { env: { NO_COLOR: '1' } });
    expect(code).toBe(0);
    expect(output).toContain(`loading ${files[name]}`.slice(0, 60));
    const left = leftOnTerminal(output);
    expect(stripVTControlCharacters(left)).toBe(left);
    if (name !== 'lm') {
      for (const line of left.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(80);
    }
    await expect(steady(left)).toMatchFileSnapshot(`fixtures/cli/predict-${name}.txt`);
  });

  it('has colours on a terminal that supports them, and if they are forced', async () => {
    const args = ['predict', files['classes']!, image];
    const [coloured, forced, piped] = await Promise.all([
      vtsOnTerminal(args, { env: { COLORTERM: 'truecolor' } }),
      vts(args, { env: { FORCE_COLOR: '1', NO_COLOR: undefined } }),
      vts(args, { env: { FORCE_COLOR: undefined } }),
    ]);
    expect(coloured.output).toContain('\x1b[32m█');
    for (const { stdout } of [forced, piped]) expect(stdout).toMatch(/^Input +Prediction/);
    expect([piped.stdout, piped.stderr].map(stripVTControlCharacters)).toEqual([piped.stdout, '']);
  });

  it('draws a mask in the colours of its PNG, and writes that', async () => {
    const out = join(folder, 'mask.png');
    const { code, output } = await vtsOnTerminal(['predict', files['mask']!, image, '--out', out], {
      env: { COLORTERM: 'truecolor' },
    });
    expect([code, leftOnTerminal(output)]).toEqual([0, expect.stringContaining('Written to')]);
    const { stdout } = await vts(['predict', files['mask']!, image, '-o', 'json']);
    const [{ prediction }] = JSON.parse(stdout) as [{ prediction: number[][] }];
    const { data, info } = await sharp(out)
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.height, info.width]).toEqual([prediction.length, prediction[0]!.length]);
    const colours = new Map<number, string>();
    prediction.flat().forEach((index, i) => {
      const colour = [...data.subarray(i * 3, i * 3 + 3)].join(';');
      expect(colour).toBe(colours.get(index) ?? colour);
      colours.set(index, colour);
    });
    expect(new Set(colours.values()).size).toBe(colours.size);
    for (const colour of colours.values()) expect(output).toContain(`38;2;${colour}`);
    const again = await vts(['predict', files['mask']!, image, '--out', out]);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('already exists')]);
  });

  it('draws an image in its own colours, and writes that', async () => {
    const out = join(folder, 'image.png');
    const { code, output } = await vtsOnTerminal(
      ['predict', files['picture']!, image, '--out', out],
      {
        env: { COLORTERM: 'truecolor' },
      },
    );
    expect(code).toBe(0);
    expect(leftOnTerminal(output)).toContain('8 x 6 pixels');
    const { stdout } = await vts(['predict', files['picture']!, image, '-o', 'json']);
    const [{ prediction }] = JSON.parse(stdout) as [{ prediction: number[][][] }];
    const { data, info } = await sharp(out).raw().toBuffer({ resolveWithObject: true });
    expect([info.channels, info.height, info.width]).toEqual([3, 6, 8]);
    const pixels = prediction[0]!.flatMap((row, y) =>
      row.map((_, x) => prediction.map((plane) => plane[y]![x]!)),
    );
    expect([...data]).toEqual(pixels.flat());
    expect(output).toContain(`38;2;${pixels[0]!.join(';')}`);
  });

  it('shows the progress of a table, and erases it', async () => {
    const csv = join(folder, 'texts.csv');
    await writeFile(csv, `text\n${'"A good movie, really"\n'.repeat(50)}`);
    const out = join(folder, 'scored.csv');
    const { output } = await vtsOnTerminal(['predict', files['text']!, '--csv', csv, '--out', out]);
    expect(output).toMatch(/scoring █+ 100% 1\.\d+ KiB of 1\.\d+ KiB/);
    expect(leftOnTerminal(output)).toBe(`50 rows scored to ${out}.\n`);
  });

  it.each([80, 120])('says what is wrong in lines that fit %d cells', async (columns) => {
    const args = ['predict', 'a-model-that-nobody-has', 'x'];
    const options = { columns, home: folder, env: { COLORTERM: 'truecolor' } };
    const { code, output } = await vtsOnTerminal(args, options);
    expect(code).toBe(1);
    expect(output.startsWith('\x1b[31mvts:\x1b[39m The model')).toBe(true);
    const lines = stripVTControlCharacters(output).split('\r\n').slice(0, -1);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line.length).toBeLessThan(columns);
  });

  it.each(['classes', 'rows', 'lm'])('inspects %s: the important facts first', async (name) => {
    const args = ['inspect', files[name]!];
    const { output } = await vtsOnTerminal(args, { columns: 100, env: { NO_COLOR: '1' } });
    await expect(steady(leftOnTerminal(output))).toMatchFileSnapshot(
      `fixtures/cli/inspect-${name}.txt`,
    );
  });
});

describe('vts predict', () => {
  it('continues a text with the given options', async () => {
    const go = async (...args: string[]): Promise<string> =>
      (await vts(['predict', files['lm']!, 'I liked the plot', '--seed', '3', ...args])).stdout;
    const [whole, same, short, cold, stopped, none] = await Promise.all([
      go(),
      go('--words', '20'),
      go('--words', '3'),
      go('--temperature', '0.1'),
      go('--stop', 'wow'),
      go('--words', '0'),
    ]);
    expect(same).toBe(whole);
    expect(whole.split(' ').length).toBeGreaterThan(short.split(' ').length);
    expect(whole.startsWith(short.trimEnd())).toBe(true);
    expect(cold).not.toBe(whole);
    expect(none).toBe('i liked the plot\n');
    const added = whole.trimEnd().slice(none.trimEnd().length + 1);
    const before = added.split('wow')[0]!.trimEnd();
    expect(added).toContain('wow');
    expect(stopped.trimEnd()).toBe(`${none.trimEnd()} ${before}`.trimEnd());
    // The words of this model, which has learned nothing, are about equally likely.
    expect(await go('--min-p', '0.03')).not.toBe(whole);
  });

  it.each([
    ['refused/bare_model.pkl', '[[1, 2], [3, 4]]'],
    ['pytorch/onnx/mlp.onnx', '[[1, 2, 3, 4]]'],
  ])('predicts with a file without a learner: %s', async (path, input) => {
    const { code, stdout } = await vts(['predict', fixture(path), input, '-o', 'json']);
    expect(code).toBe(0);
    const [{ prediction }] = JSON.parse(stdout) as [{ prediction: number[][] }];
    expect(prediction.length).toBe((JSON.parse(input) as unknown[]).length);
    expect(prediction.flat().every((value) => Number.isFinite(value))).toBe(true);
    const refused = await vts(['predict', fixture(path), input, '--seed', '1']);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('--seed is for language models, but this is a model without'),
    ]);
  });

  it('writes the masks of several images into a folder', async () => {
    const out = join(folder, 'masks/');
    const other = fixture('vision/images/alpha.png');
    const args = ['predict', files['mask']!, image, other];
    const [one, several] = await Promise.all([
      vts([...args, '--out', join(folder, 'one.png')]),
      vts([...args, '--out', out]),
    ]);
    expect([one.code, one.stderr]).toEqual([1, expect.stringContaining('cannot be written to')]);
    expect(several.code).toBe(0);
    for (const name of ['rgb', 'alpha']) {
      expect((await sharp(join(out, `${name}.png`)).metadata()).format).toBe('png');
    }
    const jpeg = await vts(['predict', files['mask']!, image, '--out', join(folder, 'a.jpg')]);
    expect([jpeg.code, jpeg.stderr]).toEqual([1, expect.stringContaining('Name a .png')]);
  });
});
