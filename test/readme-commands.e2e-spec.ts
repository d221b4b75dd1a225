import { execFile, spawnSync } from 'node:child_process';
import { cp, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRedis, RedisServer } from './helpers/redis.js';
import { blocksOf, pages } from './readme/blocks.js';
import { commandsOf, type Command } from './readme/commands.js';
import { isSameOutput } from './readme/same-output.js';
import { sandbox } from './readme/sandbox.js';
import { isServer, Servers } from './readme/servers.js';

/** Commands that are not run, each with the reason. */
const NOT_RUN: readonly [RegExp, reason: string][] = [
  [/^npm install nestjs-vts\b/, 'wants a registry: .ci/smoke.mjs installs the packed package'],
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
  [/^(?:BENCH_PYTHON=\S+ )?npm run bench\b/, 'takes many minutes'],
  [/^redis-server /, 'serves until it is stopped: the tests that need Redis start one'],
  [/^npx @hey-api\/openapi-ts /, 'wants a registry: test/contract-clients.e2e-spec.ts has clients'],
  [/^node node_modules\/onnxruntime-node\/script\/install\.js /, 'downloads CUDA’s libraries'],
  [/^vts serve --models-dir \/mnt\/models /, 'serves a volume: test/models-dir.e2e-spec.ts'],
  [
    /^curl .*(?:A warm, dry place|patient=)/,
    'wants a learner of several inputs: test/several-inputs',
  ],
  [
    /^vts import faces faces\.pkl /,
    'wants a learner of several results: test/several-results.e2e-spec.ts',
  ],
  [
    /^vts (?:worker|queue|batch .* --queue) /,
    'wants more machines: test/batch-queue and test/queue',
  ],
  [/^vts batch .*\bs3:/, 'wants a bucket: test/batch-s3'],
  [/^python3 -m venv /, 'wants Python, for peers of the bench'],
];

/** Files of a chapter that are others elsewhere. */
const FILES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'docs/vts/inspect.md: Look at a file': { 'export.pkl': 'shapes.pkl' },
};

const DOCUMENTS = [
  'README.md',
  ...pages(),
  'sample/02-pytorch-layer/README.md',
  'sample/07-custom-runnable/README.md',
  'sample/09-jobs/README.md',
];

/** Documents whose commands need a Redis server. */
const NEEDS_REDIS = /^(?:docs\/jobs|sample\/09-jobs\/README)\.md:/;

const tools = ['bash', 'curl'].filter((tool) => spawnSync(tool, ['--version']).status === 0);
if (tools.length < 2)
  console.warn('The commands of the documents are not run: no bash, or no curl.');

describe.skipIf(tools.length < 2)('The commands of the documents', () => {
  const commands = DOCUMENTS.flatMap((document) => commandsOf(blocksOf(document)));
  let folder: string;
  let redis: RedisServer | undefined;
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
    redis = hasRedis ? await RedisServer.start() : undefined;
    if (redis) env['REDIS_URL'] = redis.url;
    servers = new Servers(folder, env);
  });
  afterAll(async () => {
    await servers.stop();
    await redis?.stop();
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
      if (!hasRedis && NEEDS_REDIS.test(command.place)) return;
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
