import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { ModelStore, type Tensor } from 'nestjs-vts';
import { Learner, LMLearner } from 'nestjs-vts/learner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KINDS, learnerFile, saveKinds, type LearnerName } from './helpers/served-kinds.js';
import { startVts, vts, type VtsResult } from './helpers/vts.js';

const IMAGES = fileURLToPath(new URL('./fixtures/vision/images', import.meta.url));
const TEXTS = ['I really liked that movie!', 'It was awful,\n"I hated it".', 'Zyzzyva & so on'];
const numbers = (tensor: Tensor): number[] => Array.from(tensor.data as never, Number);

type Row = Record<string, unknown>;

describe('vts batch', () => {
  const home = mkdtempSync(join(tmpdir(), 'vts-batch-e2e-'));
  const at = (name: string): string => join(home, name);
  const pictures = at('pictures');

  beforeAll(async () => {
    await saveKinds(new ModelStore(home));
    await mkdir(join(pictures, 'deep'), { recursive: true });
    await copyFile(join(IMAGES, 'q90.jpg'), join(pictures, 'a.jpg'));
    await copyFile(join(IMAGES, 'alpha.png'), join(pictures, 'deep/b.png'));
    const lines = TEXTS.map((text, id) => JSON.stringify({ id, text }));
    await writeFile(at('texts.jsonl'), `${lines.join('\n')}\n`);
  }, 120_000);
  afterAll(() => rm(home, { recursive: true }));

  const batch = (...args: string[]): Promise<VtsResult> => vts(['batch', ...args], { home });
  async function lines(path: string): Promise<Row[]> {
    const text = await readFile(path, 'utf8');
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Row);
  }
  async function predicted(...args: string[]): Promise<Row[]> {
    const out = at(`${Math.random()}.jsonl`);
    const { code, stderr } = await batch(...args, '--out', out);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^\d+ rows predicted to .*\n$/)]);
    return lines(out);
  }
  const load = (name: LearnerName): Promise<Learner<unknown, unknown>> =>
    Learner.load(learnerFile(name)) as Promise<Learner<unknown, unknown>>;

  /** Probabilities of a row of the output, in the order of the learner's classes. */
  const probabilitiesOf = (row: Row): unknown[] =>
    Object.keys(row)
      .filter((name) => name.startsWith('p('))
      .map((name) => row[name]);

  it.each(['text', 'labels', 'number'] as const)('predicts texts as "%s" does', async (name) => {
    const learner = await load(name);
    const rows = await predicted(name, at('texts.jsonl'));
    for (const [index, text] of TEXTS.entries()) {
      const [decoded, target, probs] = await learner.predict(text);
      const row = rows[index]!;
      expect([row['id'], row['text']]).toEqual([index, text]);
      if (name === 'number') expect([row['prediction']].flat()).toEqual(numbers(target));
      else {
        expect(row['prediction']).toEqual(decoded);
        expect(probabilitiesOf(row)).toEqual(numbers(probs));
      }
      expect(row['score']).toBe(name === 'text' ? Math.max(...numbers(probs)) : undefined);
    }
    await learner.release();
  });

  it.each(['picture', 'pictures', 'amounts', 'points'] as const)(
    'predicts the images of a folder as "%s" does',
    async (name) => {
      const learner = await load(name);
      const rows = await predicted(name, pictures);
      expect(rows.map(({ path }) => path)).toEqual([
        join(pictures, 'a.jpg'),
        join(pictures, 'deep/b.png'),
      ]);
      for (const { path, prediction, ...row } of rows) {
        const [decoded, target, probs] = await learner.predict(path);
        if (name === 'amounts') expect([prediction].flat()).toEqual(numbers(target));
        else if (name === 'points')
          expect([prediction].flat(2)).toEqual(numbers(decoded as Tensor));
        else {
          expect(prediction).toEqual(decoded);
          expect(probabilitiesOf(row)).toEqual(numbers(probs));
        }
      }
      await learner.release();
    },
  );

  it.each(['mask', 'drawing'])('writes PNG files, and their paths: %s', async (name) => {
    const out = at(`${name}.csv`);
    expect((await batch(name, pictures, '--out', out)).code).toBe(0);
    const [head, ...rows] = (await readFile(out, 'utf8')).trimEnd().split('\n');
    expect(head).toBe('path,prediction');
    expect(rows).toHaveLength(2);
    for (const row of rows) {
      const png = await readFile(join(home, row.split(',')[1]!));
      expect(png.subarray(1, 4).toString()).toBe('PNG');
    }
  });

  it('continues texts, or returns their embeddings', async () => {
    const learner = await LMLearner.load(learnerFile('words'));
    const continued = await predicted('words', at('texts.jsonl'), '--words', '3', '--seed', '1');
    expect(continued.map(({ prediction }) => prediction)).toEqual(
      await Promise.all(TEXTS.map((text) => learner.predict(text, 3, { seed: 1 }))),
    );
    const [first] = await predicted('words', at('texts.jsonl'), '--embeddings', '--limit', '1');
    expect(first!['prediction']).toEqual(numbers(await learner.encode(TEXTS[0]!)));
    await learner.release();
  });

  it('calls a model of the PyTorch layer with the item of each line', async () => {
    const items = at('items.jsonl');
    const item = [0.5, -1, 2, 0.25];
    await writeFile(items, `${JSON.stringify([item])}\n${JSON.stringify([item])}\n`);
    const [first, second] = await predicted('layer', items);
    expect(first!['prediction']).toEqual(second!['prediction']);
    const { stdout } = await vts(['predict', 'layer', JSON.stringify([item]), '-o', 'json'], {
      home,
    });
    const [expected] = JSON.parse(stdout) as Row[];
    expect(first!['prediction']).toEqual(expected!['prediction']);
  });

  describe('rows', () => {
    const rows = 3000;
    let table: Row[];
    let parquet: string;

    beforeAll(async () => {
      const learner = await load('rows');
      const columns = learner.schema.columns;
      table = Array.from({ length: rows }, (_, id) => {
        const cells = columns.map(({ name, kind, categories = [], example }) => {
          const value =
            kind === 'number'
              ? Number(example) + ((id * 37) % 101) / 7
              : categories[id % categories.length];
          return [name, value] as const;
        });
        return { id, ...Object.fromEntries(cells) };
      });
      parquet = at('rows.parquet');
      const columnData = Object.keys(table[0]!).map((name) => {
        return { name, data: table.map((row) => row[name]) as unknown[] };
      });
      await writeFile(
        parquet,
        new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 1000 })),
      );
      await learner.release();
    });

    it('predicts each as the learner does, from Parquet and from CSV', async () => {
      const learner = await load('rows');
      const scored = await predicted('rows', parquet, '--keep', 'id', '--chunk', '700');
      expect(scored.map(({ id }) => id)).toEqual(table.map(({ id }) => id));
      const { classes = [] } = learner.description;
      for (const index of [0, 1, 699, 700, 1500, rows - 1]) {
        const [, target, probs] = await learner.predict(table[index]);
        const row = scored[index]!;
        if (classes.length > 0) {
          expect(row['prediction']).toBe(classes[numbers(target)[0]!]);
          expect(probabilitiesOf(row)).toEqual(numbers(probs));
        } else expect([row['prediction']].flat()).toEqual(numbers(target));
      }
      await learner.release();
      const names = Object.keys(table[0]!);
      const csv = [names, ...table.map((row) => names.map((name) => row[name]))];
      await writeFile(
        at('rows.csv'),
        csv
          .map(
            (cells) =>
              `${cells.map((cell) => `"${String(cell).replaceAll('"', '""')}"`).join(',')}\n`,
          )
          .join(''),
      );
      const again = await predicted('rows', at('rows.csv'), '--keep', 'id');
      expect(again).toEqual(scored.map((row) => ({ ...row, id: String(row['id']) })));
    });

    it.each([
      ['a limit', ['--limit', '1203']],
      ['a condition', ['--where', 'id >= 700 AND id < 2900']],
      ['a limit to what a condition leaves', ['--where', 'id >= 700', '--limit', '1203']],
    ])('of Parquet, which workers read, are those of lines, with %s', async (_, more) => {
      const learner = await load('rows');
      const { name } = learner.schema.columns.find(({ kind }) => kind === 'number')!;
      await learner.release();
      const faulty = table.map((row) =>
        Number(row['id']) % 500 ? row : { ...row, [name]: 'much' },
      );
      const columnData = Object.keys(faulty[0]!).map((column) => {
        const data = faulty.map((row) => row[column]) as unknown[];
        return { name: column, data, ...(column === name && { type: 'JSON' as const }) };
      });
      const bytes = parquetWriteBuffer({ columnData, rowGroupSize: 1000 });
      await writeFile(at('faulty.parquet'), new Uint8Array(bytes));
      await writeFile(at('faulty.jsonl'), faulty.map((row) => JSON.stringify(row)).join('\n'));
      const out: string[] = [];
      for (const input of ['faulty.parquet', 'faulty.jsonl']) {
        const to = at(`from-${input}.csv`);
        const how = ['--chunk', '300', '--workers', '2', '--force', ...more];
        const { code, stderr } = await batch('rows', at(input), '--out', to, ...how);
        expect([code, stderr]).toEqual([0, expect.stringMatching(/\d failed/)]);
        const files = [to, `${to}.errors.jsonl`].map((path) => readFile(path, 'utf8'));
        out.push((await Promise.all(files)).join('').replaceAll(at(input), 'INPUT'));
      }
      expect(out[0]).toContain('much');
      expect(out[0]).toBe(out[1]);
    });

    it('keeps the types of Parquet, and columns by choice', async () => {
      const out = at('kept.parquet');
      const { code } = await batch('rows', parquet, '--out', out, '--columns', 'prediction');
      expect(code).toBe(0);
      const { buffer } = new Uint8Array(await readFile(out));
      const back = await parquetReadObjects({ file: buffer });
      expect(back.map(({ prediction: _prediction, ...row }) => row)).toEqual(
        await parquetReadObjects({ file: new Uint8Array(await readFile(parquet)).buffer }),
      );
      expect(Object.keys(back[0]!).filter((name) => /^(?:score|p\()/.test(name))).toEqual([]);
    });

    it('killed at ten random moments and begun again, ends with the same bytes', async () => {
      const args = (name: string): string[] => [
        'batch',
        'rows',
        parquet,
        '--out',
        at(name),
        '--chunk',
        '40',
        '--workers',
        '1',
      ];
      expect((await vts(args('through.parquet'), { home })).code).toBe(0);
      const folder = join(home, '.killed.parquet.vts-batch');
      const done = async (): Promise<number> => {
        const names = await readdir(folder).catch(() => []);
        return names.filter((name) => name.endsWith('.rows')).length;
      };
      let kills = 0;
      for (; kills < 10; kills++) {
        const before = await done();
        const child = startVts(args('killed.parquet'), { home });
        const closed = once(child, 'close');
        // It gets on each time, so that kills are in the midst of the work.
        while (child.exitCode === null && (await done()) <= before) await setTimeout(5);
        await setTimeout(Math.random() * 20);
        child.kill('SIGKILL');
        const [code] = (await closed) as [number | null];
        if (code === 0) break;
        expect(existsSync(at('killed.parquet'))).toBe(false);
      }
      expect(kills).toBeGreaterThan(1);
      if (kills === 10) expect((await vts(args('killed.parquet'), { home })).code).toBe(0);
      expect(await readFile(at('killed.parquet'))).toEqual(await readFile(at('through.parquet')));
      expect((await readdir(home)).filter((name) => name.includes('vts-batch'))).toEqual([]);
    }, 120_000);

    it('resumes only the same batch, and only in one process', async () => {
      const begun = ['batch', 'rows', parquet, '--out', at('begun.csv'), '--workers', '1'];
      const child = startVts([...begun, '--chunk', '10'], { home });
      const folder = join(home, '.begun.csv.vts-batch');
      await expect
        .poll(() => existsSync(join(folder, '00000001.rows')), { timeout: 20_000 })
        .toBe(true);
      // Otherwise it may end before the next one looks.
      child.kill('SIGSTOP');
      const second = await vts([...begun, '--chunk', '10'], { home });
      expect([second.code, second.stderr]).toEqual([1, expect.stringContaining('Another process')]);
      child.kill('SIGKILL');
      await once(child, 'close');
      const other = await vts([...begun, '--chunk', '20'], { home });
      expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('another options')]);
      const anew = await vts([...begun, '--chunk', '200', '--restart'], { home });
      expect(anew.code).toBe(0);
      const there = await vts(begun, { home });
      expect([there.code, there.stderr]).toEqual([1, expect.stringContaining('--force')]);
      expect((await vts([...begun, '--force', '--limit', '5'], { home })).code).toBe(0);
      expect((await readFile(at('begun.csv'), 'utf8')).trimEnd().split('\n')).toHaveLength(6);
    }, 60_000);
  });

  it('reports each failed row with its position, and loses no other row', async () => {
    const input = at('bad.jsonl');
    await writeFile(input, '{"text":"good"}\n{"text":\n{"other":1}\n"alone"\n');
    const out = at('bad-out.jsonl');
    const { code, stderr } = await batch('text', input, '--out', out);
    expect([code, stderr]).toEqual([0, expect.stringContaining('2 rows predicted')]);
    expect((await lines(out)).map((row) => row['text'] ?? row['item'])).toEqual(['good', 'alone']);
    expect(await lines(`${out}.errors.jsonl`)).toEqual([
      { file: input, row: 2, reason: expect.stringContaining('not valid JSON') as string },
      { file: input, row: 3, reason: expect.stringContaining('expects a text') as string },
    ]);
    const stopped = await batch('text', input, '--out', at('few.csv'), '--max-errors', '1');
    expect([stopped.code, stopped.stderr]).toEqual([
      1,
      expect.stringContaining('--max-errors is 1'),
    ]);
    const photos = at('photos');
    await mkdir(photos);
    await copyFile(join(IMAGES, 'q90.jpg'), join(photos, 'good.jpg'));
    await writeFile(
      join(photos, 'broken.jpg'),
      (await readFile(join(IMAGES, 'q90.jpg'))).subarray(0, 90),
    );
    const images = await batch('picture', photos, '--out', at('photos.csv'));
    expect(images.stderr).toContain('1 failed');
    expect(await lines(at('photos.csv.errors.jsonl'))).toEqual([
      { file: join(photos, 'broken.jpg'), reason: expect.any(String) as string },
    ]);
  });

  it('reads standard input', async () => {
    const out = at('stdin.csv');
    const input = 'I liked it\nI hated it\n';
    const args = ['batch', 'text', '-', '--out', out];
    const refused = await vts(args, { home, input });
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('--format')]);
    expect((await vts([...args, '--format', 'lines'], { home, input })).code).toBe(0);
    expect((await readFile(out, 'utf8')).split('\n').map((line) => line.split(',')[0])).toEqual([
      'text',
      'I liked it',
      'I hated it',
      '',
    ]);
  });

  it.each([
    ['a name without a format', ['text', 'texts.jsonl', '--out', 'x.xlsx'], '.parquet'],
    ['a column that is not there', ['text', 'texts.jsonl', '--column', 'no'], 'no column "no"'],
    ['another that is to be kept', ['text', 'texts.jsonl', '--keep', 'no'], 'no column "no"'],
    ['what is for language models', ['text', 'texts.jsonl', '--embeddings'], 'Omit --embeddings'],
    ['words of a classifier', ['text', 'texts.jsonl', '--words', '3'], 'Omit --words'],
    ['a part that is not known', ['text', 'texts.jsonl', '--columns', 'x'], 'not one of'],
    ['no worker', ['text', 'texts.jsonl', '--workers', '0'], 'The value is 0'],
    ['a file that is not there', ['text', 'none.csv'], 'cannot be read (ENOENT)'],
  ])('refuses %s', async (_, args, says) => {
    const own = args.map((arg) => (/\.(?:jsonl|csv)$/.test(arg) ? at(arg) : arg));
    const out = args.includes('--out') ? [] : ['--out', at('refused.csv')];
    const { code, stderr } = await batch(...own, ...out);
    expect([code, stderr]).toEqual([1, expect.stringContaining(says)]);
    expect(KINDS).toContain(args[0]);
  });
});
