import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../lib/cli/program.js';
import { LISTS_SCRIPTS } from './helpers/run-program.js';
import { vts } from './helpers/vts.js';

const fixture = (path: string): string =>
  fileURLToPath(new URL(`./fixtures/${path}`, import.meta.url));
const learner = fixture('learners/base_tokenizer/export.pkl');

let folder: string;
let home: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-options-'));
  home = join(folder, 'home');
  await vts(['import', 'reviews:v1', learner, '--label', 'team=nlp'], { home });
  await writeFile(join(folder, 'texts.csv'), 'words,text\na good plot,bad\n');
  await writeFile(join(folder, 'texts.txt'), 'a good plot\na dull cast\n');
  await mkdir(join(folder, 'images'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Where the effect of an option is tested; those of predict have a table of their own. */
const ELSEWHERE: Record<string, readonly string[]> = {
  'cli.e2e-spec.ts': [
    'models list --label',
    'models get --output',
    'models delete --yes',
    'models delete --force',
    'models import --force',
    'containerize --image-tag',
    'containerize --backend',
    'containerize --opt',
  ],
  'bundle.e2e-spec.ts': [
    'build --file',
    'build --name',
    'build --version',
    'build --output',
    'build --slim',
    'build --kubernetes',
  ],
  'quantize.e2e-spec.ts': ['compare --quantize', 'compare --decode'],
  'kept-options.e2e-spec.ts': [
    'inspect --code',
    'inspect --onnx',
    'inspect --activation',
    'inspect --training-only',
    'inspect --show-code',
    'doctor --code',
    'doctor --onnx',
    'doctor --activation',
    'doctor --training-only',
    'compare --code',
    'compare --onnx',
    'compare --activation',
    'compare --training-only',
  ],
  'kept-tokenizer.e2e-spec.ts': [
    'inspect --tokenizer',
    'doctor --tokenizer',
    'compare --tokenizer',
  ],
  'export.e2e-spec.ts': ['export '],
  'given-options.spec.ts': ['predict '],
  'batch.e2e-spec.ts': ['batch '],
  'batch-queue.e2e-spec.ts': ['worker '],
  'queue.e2e-spec.ts': ['queue '],
  'the tests of import and serve': ['import ', 'serve '],
};

type Case = readonly [option: string, args: readonly string[], code: number, says: RegExp];

/** Uses of options: what they do, or why they are refused. FOLDER is a folder with data. */
const cases: readonly Case[] = [
  ['models list --output', ['models', 'list', '-o', 'yaml'], 0, /^- tag: reviews:v1/],
  ['models export --force', ['models', 'export', 'reviews', 'FOLDER/a.tar'], 0, /exported to/],
  ['models export --force', ['models', 'export', 'reviews', 'FOLDER/a.tar'], 1, /--force/],
  ['models export --force', ['models', 'export', 'reviews', 'FOLDER/a.tar', '-f'], 0, /exported/],
  ['inspect --globals', ['inspect', learner], 0, /Globals \(\d+, \d+ marked\) {2}--globals/],
  ['inspect --globals', ['inspect', learner, '--globals'], 0, /\n {4}torch\.Tensor\n/],
  ['inspect --globals', ['inspect', learner, '--globals', '-o', 'json'], 1, /--globals is for/],
  ['inspect --modules', ['inspect', learner, '--modules'], 0, /module: LSTM/],
  ['inspect --modules', ['inspect', learner, '--modules', '-o', 'yaml'], 1, /--modules is for/],
  ['inspect --output', ['inspect', learner, '-o', 'json'], 0, /"kind": "text"/],
  ['doctor --output', ['doctor', learner, '-o', 'yaml'], 0, /^servable: true$/m],
  ['compare --data', ['compare', learner, '--quantize', 'int8'], 1, /No input to predict from/],
  [
    'compare --data',
    ['compare', 'reviews', '--quantize', 'int8', '--data', 'FOLDER/texts.txt'],
    0,
    /^Items +2$/m,
  ],
  [
    'compare --limit',
    ['compare', 'reviews', '--quantize', 'int8', '--data', 'FOLDER/texts.txt', '--limit', '1'],
    0,
    /^Items +1$/m,
  ],
  [
    'compare --output',
    ['compare', 'reviews', 'a', '--quantize', 'int8', '-o', 'json'],
    0,
    /"items": 1/,
  ],
  [
    'compare --column',
    ['compare', 'reviews', '--quantize', 'int8', '--data', 'FOLDER/texts.csv', '--column', 'words'],
    0,
    /^Items +1$/m,
  ],
  [
    'compare --column',
    ['compare', 'reviews', 'a', '--quantize', 'int8', '--column', 'words'],
    1,
    /--column does nothing without --data/,
  ],
  [
    'compare --column',
    ['compare', 'reviews', '--quantize', 'int8', '--data', 'FOLDER/texts.txt', '--column', 'a'],
    1,
    /--column is for a CSV file/,
  ],
];

describe('Every option of vts', () => {
  it('is tested: it does something, or is refused', () => {
    const leaves = (command: Command, path: string): [string, Command][] =>
      command.commands.length === 0
        ? [[path, command]]
        : command.commands.flatMap((each) => leaves(each, `${path} ${each.name()}`.trim()));
    const options = leaves(createProgram(), '').flatMap(([path, command]) =>
      command.options
        .map(({ long }) => long!)
        // Where the store is: there may be one behind each target.
        .filter((long) => long !== '--home' && long !== '--debug')
        .map((long) => `${path} ${long}`),
    );
    const known = [...cases.map(([option]) => option), ...Object.values(ELSEWHERE).flat()];
    const untested = options.filter(
      (option) =>
        !known.some((each) => option === each || (each.endsWith(' ') && option.startsWith(each))),
    );
    expect(options.length).toBeGreaterThan(30);
    expect(untested).toEqual([]);
  });

  // In order: an archive has to be there before it can be replaced.
  it.each(cases)('%s: vts %j gives %d', async (_option, args, expected, says) => {
    const given = args.map((arg) => arg.replace('FOLDER', folder));
    const { code, stdout, stderr } = await vts(given, { home });
    expect([code, expected === 0 ? stdout : stderr]).toEqual([
      expected,
      expect.stringMatching(says),
    ]);
  });
});

describe('An error', () => {
  it.each([
    ['of a command', ['nonsense']],
    ['of an option', ['predict', 'a', 'b', '--nonsense']],
    ['of a file that is not there', ['predict', 'nofile.pkl', 'x']],
    ['of a model that is not there', ['predict', 'nofile', 'x']],
    ['of options that do not go together', ['predict', 'nofile', 'x', '--force']],
  ])('%s is there before anything that predicts or serves is loaded', async (_name, args) => {
    const list = join(folder, 'scripts.json');
    const program = `${LISTS_SCRIPTS}
      const { writeFileSync } = await import('node:fs');
      process.on('exit', () => writeFileSync(${JSON.stringify(list)}, JSON.stringify([...scripts])));`;
    const node = ['--import', `data:text/javascript,${encodeURIComponent(program)}`];
    const { code, stderr } = await vts(args, { home, node });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^vts: /)]);
    const scripts = JSON.parse(await readFile(list, 'utf8')) as string[];
    expect(scripts.some((url) => url.includes('/commander/'))).toBe(true);
    const heavy = /onnxruntime|\/(sharp|papaparse|arquero|rxjs|@nestjs)\//;
    expect(scripts.filter((url) => heavy.test(url))).toEqual([]);
  });
});
