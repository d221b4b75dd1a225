import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startVts, vts, type VtsOptions } from './helpers/vts.js';

const fixture = (path: string): string =>
  fileURLToPath(new URL(`./fixtures/${path}`, import.meta.url));
const text = fixture('learners/base_tokenizer');

interface Cases<Input> {
  cases: { input: Input; decoded?: string; probs: number[]; shown?: Record<string, unknown> }[];
}

let folder: string;
/** A store with a text learner (two versions), and a tabular one. */
let home: string;
let table: string;
let textCases: Cases<string>['cases'];
let rowCases: Cases<Record<string, unknown>>['cases'];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-cli-'));
  home = join(folder, 'home');
  table = join(folder, 'typed.pkl');
  await writeFile(table, gunzipSync(await readFile(fixture('tabular/typed.pkl.gz'))));
  const json = async <T>(path: string): Promise<T> => JSON.parse(await readFile(path, 'utf8')) as T;
  textCases = (await json<Cases<string>>(join(text, 'cases.json'))).cases;
  rowCases = (await json<Cases<Record<string, unknown>>>(fixture('tabular/typed.json'))).cases;

  const imported = await Promise.all([
    run('import', 'reviews:v1', join(text, 'export.pkl'), '-l', 'team=nlp', '-m', 'accuracy=0.9'),
    run('import', 'people:v1', table, '--framework-version', 'fastai=2.8.12'),
  ]);
  for (const { code, stderr } of imported) expect([code, stderr]).toEqual([0, '']);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...args: string[]) => vts(args, { home });

/** Every path of a folder, with the contents of files. */
async function snapshot(of: string): Promise<Record<string, string>> {
  const entries = await readdir(of, { recursive: true, withFileTypes: true });
  const files = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    return [path, entry.isFile() ? (await readFile(path)).toString('latin1') : ''] as const;
  });
  return Object.fromEntries(await Promise.all(files));
}

describe('vts', () => {
  it('helps', async () => {
    const [help, version, unknown, models] = await Promise.all([
      run('--help'),
      run('--version'),
      run('nope'),
      run('models', 'export', '--help'),
    ]);
    expect(help.code).toBe(0);
    for (const command of [
      'models',
      'import',
      'inspect',
      'predict',
      'compare',
      'serve',
      'build',
      'containerize',
    ]) {
      expect(help.stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    }
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain("vts: unknown command 'nope'");
    expect(models.stdout).toContain('.bentomodel');
  });

  it('lists and shows models as tables, JSON and YAML', async () => {
    const [table, json, filtered, yaml, path, facts] = await Promise.all([
      run('models', 'list'),
      run('models', 'list', '-o', 'json'),
      run('models', 'list', '--label', 'team=nlp', '-o', 'yaml'),
      run('models', 'get', 'reviews'),
      run('models', 'get', 'reviews:v', '-o', 'path'),
      run('models', 'get', 'people:latest', '-o', 'json'),
    ]);
    const lines = table.stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^Tag +Module +Size +Creation Time$/);
    expect(lines.slice(1).toSorted()).toEqual([
      expect.stringMatching(
        /^people:v1 +bentoml\.fastai +\d+\.\d\d KiB +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/,
      ),
      expect.stringMatching(/^reviews:v1 /),
    ]);
    const listed = JSON.parse(json.stdout) as Record<string, string>[];
    expect(Object.keys(listed[0]!)).toEqual(['tag', 'module', 'size', 'creation_time']);
    expect(filtered.stdout).toMatch(/^- tag: reviews:v1\n/);
    expect(filtered.stdout).not.toContain('people');
    expect(yaml.stdout).toContain('\n  team: nlp\n');
    expect(path.stdout).toBe(`${join(home, 'models', 'reviews', 'v1')}\n`);
    expect(JSON.parse(facts.stdout)).toMatchObject({
      name: 'people',
      version: 'v1',
      context: { framework_versions: { fastai: '2.8.12' } },
      signatures: { predict: { batchable: false } },
    });
  });

  it('exports, imports and deletes models', async () => {
    const other = join(folder, 'other');
    const archive = join(folder, 'reviews.bentomodel');
    const said = (await run('models', 'export', 'reviews', archive)).stdout;
    expect(said).toBe(`reviews exported to ${archive}.\n`);
    const at = (...args: string[]) => vts(args, { home: other });
    expect((await at('models', 'import', archive)).stdout).toBe('reviews:v1 imported.\n');
    const again = await at('models', 'import', archive);
    expect([again.code, again.stdout]).toEqual([1, '']);
    expect(again.stderr).toMatch(
      /^vts: The model "reviews:v1" is already in the store .* \(--force\)\.\n$/,
    );
    expect((await at('models', 'import', archive, '--force')).code).toBe(0);
    const asked = await at('models', 'delete', 'reviews');
    expect([asked.code, asked.stderr]).toEqual([1, expect.stringContaining('Add --yes')]);
    expect((await at('models', 'delete', 'reviews', '--yes')).stdout).toBe('reviews:v1 deleted.\n');
    expect(await readdir(join(other, 'models'))).toEqual([]);
  });

  it('inspects files and tags', async () => {
    const [file, tag, table_] = await Promise.all([
      run('inspect', table, '-o', 'json'),
      run('inspect', 'reviews', '-o', 'json'),
      run('inspect', 'reviews'),
    ]);
    expect(JSON.parse(file.stdout)).toMatchObject({
      kind: 'tabular',
      class: 'fastai.tabular.learner.TabularLearner',
      servable: true,
      withoutLowering: [],
      vocabulary: { sizes: [3], classes: ['high', 'low', 'mid'] },
      columns: expect.arrayContaining([{ name: 'work', kind: 'category', categories: 4 }]),
    });
    const inspection = JSON.parse(tag.stdout) as {
      parameters: number;
      architecture: { path: string; class: string; parameters: number }[];
      globals: { name: string; risk?: string }[];
    };
    const [root, ...modules] = inspection.architecture;
    expect(root).toMatchObject({ path: '', parameters: inspection.parameters });
    expect(modules.map((module) => module.class)).toContain('torch.nn.modules.rnn.LSTM');
    expect(inspection.globals).toContainEqual({ name: 'builtins.getattr', risk: 'indirect' });
    for (const part of ['Kind ', 'Transforms', 'Architecture', 'Globals (', 'Numericalize(']) {
      expect(table_.stdout).toContain(part);
    }
  });

  it('marks dangerous names in a file', async () => {
    // A pickle that calls os.system, in the format of torch before 1.6: magic number, protocol,
    // system, object, keys.
    const parts = ['\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.', '\x80\x02M\xe9\x03.', '\x80\x02}.'];
    const call = '\x80\x02cposix\nsystem\nX\x04\0\0\0true\x85R.';
    const bytes = Buffer.from([...parts, call, '\x80\x02].'].join(''), 'latin1');
    const path = join(folder, 'dangerous.pkl');
    await writeFile(path, bytes);
    const { stdout, stderr, code } = await run('inspect', path);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('! posix.system  dangerous');
  });

  it('predicts as fastai does', async () => {
    const [first, second] = textCases;
    const row = rowCases[0]!;
    const [texts, stdin, rows] = await Promise.all([
      run('predict', 'reviews', first!.input, second!.input, '-o', 'json'),
      vts(['predict', join(text, 'export.pkl'), '-'], { home, input: `${first!.input}\n` }),
      run('predict', 'people', JSON.stringify(row.input), '-o', 'yaml'),
    ]);
    const results = JSON.parse(texts.stdout) as { prediction: string; probabilities: number[] }[];
    expect(results).toHaveLength(2);
    for (const [i, { decoded, probs }] of [first!, second!].entries()) {
      expect(results[i]!.prediction).toBe(decoded);
      for (const [j, value] of probs.entries()) {
        expect(results[i]!.probabilities[j]).toBeCloseTo(value, 4);
      }
    }
    expect(stdin.stdout).toMatch(new RegExp(`\\b${first!.decoded}\\b`));
    expect(rows.stdout).toContain(`prediction: ${String(row.shown?.['target'])}\n`);
  });

  it('scores CSV files', async () => {
    const names = Object.keys(rowCases[0]!.input);
    const cell = (value: unknown): string =>
      value === null ? '' : `"${String(value).replaceAll('"', '""')}"`;
    // In a file of texts 7 and "7" are the same; to the learner they are not.
    const cases = rowCases.filter(({ input }) => typeof input['level'] !== 'string');
    const lines = cases.map(({ input }) => names.map((name) => cell(input[name])).join(','));
    const csv = join(folder, 'people.csv');
    const out = join(folder, 'scored.csv');
    await writeFile(
      csv,
      `\ufeffid,${names.join(',')}\r\n${lines.map((line, i) => `${i},${line}`).join('\r\n')}\r\n`,
    );
    const scored = await run('predict', 'people', '--csv', csv, '--out', out);
    expect([scored.code, scored.stderr]).toEqual([0, `${lines.length} rows scored to ${out}.\n`]);
    const [header, ...rows] = (await readFile(out, 'utf8')).trimEnd().split(/\r?\n/);
    expect(header).toBe(`id,${names.join(',')},prediction,p(high),p(low),p(mid)`);
    for (const [i, { probs, shown }] of cases.entries()) {
      const cells = rows[i]!.split(',').slice(-4);
      expect(cells[0]).toBe(String(shown?.['target']));
      for (const [j, value] of probs.entries()) expect(Number(cells[j + 1])).toBeCloseTo(value, 4);
    }
    await writeFile(csv, 'review,stars\n"good, really",5\n');
    const [texts, again] = await Promise.all([
      run('predict', 'reviews', '--csv', csv),
      run('predict', 'people', '--csv', csv, '--out', out),
    ]);
    expect(texts.stdout).toMatch(
      /^review,stars,prediction,p\(neg\),p\(pos\)\n"good, really",5,(neg|pos),/,
    );
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('already exists')]);
  });

  it('serves a model', async () => {
    const child = startVts(['serve', 'reviews', '--port', '0', '--host', '127.0.0.1'], { home });
    const ended = once(child, 'close');
    try {
      const url = await new Promise<string>((resolve, reject) => {
        let said = '';
        child.stdout?.on('data', (chunk: Buffer) => {
          said += chunk.toString();
          const found = /POST (http:\S+)\/predict/.exec(said)?.[1];
          if (found) resolve(found);
        });
        child.on('close', () => reject(new Error(said)));
      });
      const [first] = textCases;
      const [answer, refused, ready, document] = await Promise.all([
        fetch(`${url}/predict`, {
          method: 'POST',
          headers: { 'content-type': 'text/plain' },
          body: first!.input,
        }),
        fetch(`${url}/predict`, {
          method: 'POST',
          headers: { 'content-type': 'application/pdf' },
          body: 'x',
        }),
        fetch(`${url}/readyz`),
        fetch(`${url}/docs-json`),
      ]);
      const body = (await answer.json()) as { prediction: string; classes: string[] };
      expect(body).toMatchObject({ prediction: first!.decoded, classes: ['neg', 'pos'] });
      expect([refused.status, ready.status]).toEqual([415, 200]);
      expect(await document.json()).toHaveProperty(['paths', '/predict', 'post']);
    } finally {
      child.kill('SIGTERM');
    }
    expect((await ended)[0]).toBe(0);
  });

  it('builds images with the available tool', async () => {
    const bundle = join(folder, 'bundle');
    await mkdir(bundle);
    await writeFile(join(bundle, 'bundle.yaml'), 'name: app\nversion: v1\nmodels: []\n');
    const bin = join(folder, 'bin');
    await mkdir(bin);
    const said = join(folder, 'podman.txt');
    await writeFile(join(bin, 'podman'), `#!/bin/sh\necho "$@" > ${said}\n`);
    await chmod(join(bin, 'podman'), 0o755);
    const path = (value: string): VtsOptions => ({ home, env: { PATH: value } });
    const [none, other, built] = await Promise.all([
      vts(['containerize', bundle], path(join(folder, 'none'))),
      vts(['containerize', bundle, '--backend', 'docker'], path(bin)),
      vts(['containerize', bundle, '-t', 'a:b', '--opt=--no-cache'], path(bin)),
    ]);
    expect([none.code, none.stderr]).toEqual([
      1,
      expect.stringContaining('None of docker, podman, buildah is on the PATH'),
    ]);
    expect(other.stderr).toContain('docker is not on the PATH');
    expect([built.code, built.stderr]).toEqual([0, '']);
    expect(built.stdout).toContain('a:b built from');
    expect(await readFile(said, 'utf8')).toBe(`build -t a:b --no-cache ${bundle}\n`);
  });
});

describe('a failure', () => {
  const fullDisk: VtsOptions = {
    node: ['--import', new URL('./fixtures/store/full-disk.mjs', import.meta.url).href],
  };
  let broken: string;
  let archive: string;

  beforeAll(async () => {
    broken = join(folder, 'broken');
    archive = join(folder, 'people.zip');
    await run('models', 'export', 'people', archive);
    await cp(home, broken, { recursive: true });
    const corrupt = join(broken, 'models', 'corrupt', 'v1');
    await mkdir(corrupt, { recursive: true });
    await writeFile(join(corrupt, 'model.yaml'), 'name: [');
    const bundle = join(broken, 'bundles', 'app', 'b1');
    await mkdir(bundle, { recursive: true });
    await writeFile(join(bundle, 'bundle.yaml'), 'models:\n- tag: people:v1\n');
    await writeFile(join(folder, 'vtsfile.yaml'), 'service: main.ts\n\nmodel: reviews\n');
  });

  it.each<[string, string, (string | (() => string))[], VtsOptions?]>([
    ['a wrong tag', 'is not a valid tag', ['models', 'get', 'a:b:c']],
    ['a missing model', 'is not in the store', ['models', 'get', 'nope:v1']],
    ['a corrupt model.yaml', 'its model.yaml is not valid YAML', ['models', 'get', 'corrupt']],
    ['a missing file', 'No file at', ['predict', 'none/export.pkl', 'x']],
    ['a file that is no learner', 'is not a torch file', ['inspect', () => archiveless()]],
    ['an existing tag', 'is already in the store', ['models', 'import', () => archive]],
    [
      'an archive that is none',
      'is not a readable archive',
      ['models', 'import', () => archiveless()],
    ],
    ['a pinned model', 'is pinned by bundle app:b1', ['models', 'delete', '-y', 'people:v1']],
    ['a pinned model among others', 'is pinned', ['models', 'delete', '-y', 'reviews', 'people']],
    ['a full disk at import', 'ENOSPC', ['import', 'new', () => table], fullDisk],
    [
      'a full disk at import of an archive',
      'ENOSPC',
      ['models', 'import', '-f', () => archive],
      fullDisk,
    ],
    [
      'a full disk at export',
      'ENOSPC',
      ['models', 'export', 'people', () => join(folder, 'x.tar')],
      fullDisk,
    ],
    ['a home that is a file', 'ENOTDIR', ['import', '--home', () => table, 'a', () => table]],
    ['a wrong build file', 'vtsfile.yaml:3: "model" is not a known key', ['build', () => folder]],
    ['no build file', 'No vtsfile.yaml', ['build', () => broken]],
    ['a row that is no JSON', 'is not valid JSON', ['predict', 'people', '{x']],
    ['a row that lacks columns', 'age', ['predict', 'people', '{}']],
  ])('of %s is a line, and leaves the store as it was', async (_name, reason, given, options) => {
    const before = await snapshot(broken);
    const args = given.map((arg) => (typeof arg === 'string' ? arg : arg()));
    const { code, stdout, stderr } = await vts(args, { home: broken, ...options });
    expect(stderr).toContain(reason);
    expect(stderr).toMatch(/^vts: .+\n$/);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect([code, stdout]).toEqual([1, '']);
    expect(await snapshot(broken)).toEqual(before);
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  const archiveless = (): string => join(text, 'cases.json');

  it.skipIf(process.getuid?.() === 0)('of permissions is a line', async () => {
    const models = join(broken, 'models');
    await chmod(models, 0o555);
    try {
      const { code, stderr } = await vts(['import', 'new', table], { home: broken });
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/^vts: The store at .* \(EACCES\)/),
      ]);
    } finally {
      await chmod(models, 0o755);
    }
    expect(await readdir(models)).not.toContain('new');
    expect(dirname(models)).toBe(broken);
  });
});
