import { execFile, spawnSync } from 'node:child_process';
import { cp, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf } from './readme/blocks.js';
import { commandsOf, type Command } from './readme/commands.js';
import { isSameOutput } from './readme/same-output.js';
import { sandbox } from './readme/sandbox.js';
import { isServer, Servers } from './readme/servers.js';

/** Commands that are not run, each with the reason. */
const NOT_RUN: readonly [RegExp, reason: string][] = [
  [/^npm install nestjs-vts /, 'wants a registry: .ci/smoke.mjs installs the packed package'],
  [/^npx nestjs-vts serve /, 'wants a registry: .ci/smoke.mjs serves from the packed package'],
  [/^npm ci && npm start$/, 'installs what runs this test; the sample is started for what follows'],
  [
    /^vts import (?:hf|https|s3):/,
    'asks other hosts: test/import-sources.e2e-spec.ts has stand-ins',
  ],
  [/^vts build\b/, 'wants a registry: test/bundle.e2e-spec.ts builds and runs bundles'],
  [/^cd ~\/vtsserving\/bundles\//, 'the same'],
  [/^vts containerize\b/, 'wants Docker'],
  [
    /^(?:MALLOC_.*|node --optimize-for-size .*)dist\/main\.js$/,
    'starts an application of the reader',
  ],
  [/^npm test$/, 'runs this test'],
  [/^(?:BENCH_PYTHON=\S+ )?npm run bench\b/, 'takes many minutes'],
  [/^bash \.ci\/run$/, 'runs this test'],
  [/^python3 -m venv /, 'wants Python, for peers of the bench'],
];

/** Files of a chapter that are others elsewhere. */
const FILES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'README.md: Look into a file, and try it': { 'export.pkl': 'shapes.pkl' },
};

const DOCUMENTS = [
  'README.md',
  'docs/performance.md',
  'sample/02-pytorch-layer/README.md',
  'sample/07-custom-runnable/README.md',
];

const tools = ['bash', 'curl'].filter((tool) => spawnSync(tool, ['--version']).status === 0);
if (tools.length < 2)
  console.warn('The commands of the documents are not run: no bash, or no curl.');

describe.skipIf(tools.length < 2)('The commands of the documents', () => {
  const commands = DOCUMENTS.flatMap((document) => commandsOf(blocksOf(document)));
  let folder: string;
  let servers: Servers;
  let env: NodeJS.ProcessEnv;
  let chapter: string | undefined;

  beforeAll(async () => {
    folder = await sandbox();
    env = {
      ...process.env,
      HOME: `${folder}/home`,
      PATH: `${folder}/bin:${process.env['PATH']}`,
      NO_COLOR: '1',
    };
    delete env['VTS_HOME'];
    servers = new Servers(folder, env);
  });
  afterAll(async () => {
    await servers.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function enter(next: string): Promise<void> {
    if (next === chapter) return;
    await servers.stop();
    const files = { 'export.pkl': 'path/to/export.pkl', ...FILES[next] };
    for (const [name, from] of Object.entries(files)) {
      await cp(`${folder}/${from}`, `${folder}/${name}`);
    }
    chapter = next;
  }

  async function outputOf({ text }: Command): Promise<string> {
    const command = await servers.commandFor(text);
    const { stdout } = await promisify(execFile)('bash', ['-c', command], {
      cwd: folder,
      env,
      timeout: 60_000,
    });
    return stdout;
  }

  it.each(
    commands.map((command) => [command.place, command.text.split('\n')[0], command] as const),
  )(
    '%s: %s',
    async (_place, _text, command) => {
      await enter(command.chapter);
      if (NOT_RUN.some(([pattern]) => pattern.test(command.text))) return;
      if (isServer(command.text)) return servers.start(command.text);
      const output = await outputOf(command);
      if (command.output === undefined) expect(output).not.toMatch(/"statusCode":\d/);
      else if (!isSameOutput(output, command.output)) expect(output).toBe(command.output);
    },
    120_000,
  );

  it.each(NOT_RUN)('has what is not run: %s', (pattern) => {
    expect(commands.map(({ text }) => text)).toContainEqual(expect.stringMatching(pattern));
  });
});
