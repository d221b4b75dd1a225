import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bucket, contentStore, FileServer, hub } from './helpers/file-servers.js';
import { vts, type VtsResult } from './helpers/vts.js';

const exported = fileURLToPath(
  new URL('./fixtures/learners/base_tokenizer/export.pkl', import.meta.url),
);
const COMMITS = ['1', '2', '3'].map((digit) => digit.repeat(40));
const PYPROJECT =
  '[build-system]\nrequires = ["setuptools>=40.8.0", "wheel", "python=3.10.12", "fastai=2.7.19", "fastcore=1.7.29"]\n';
/** What must not be shown. */
const TOKEN = 'hf_secretsecret';

let folder: string;
let learner: Buffer;
let servers: { hub: FileServer; content: FileServer; s3: FileServer; web: FileServer };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-import-'));
  learner = await readFile(exported);
  const files = { 'model.pkl': learner, 'pyproject.toml': Buffer.from(PYPROJECT) };
  const changed = Buffer.concat([learner, Buffer.from('.')]);
  const content = await FileServer.start(contentStore([learner]));
  const revisions = {
    main: { sha: COMMITS[0]!, files },
    [COMMITS[0]!]: { sha: COMMITS[0]!, files },
  };
  servers = {
    content,
    hub: await FileServer.start(
      hub(
        {
          'me/reviews': { revisions },
          'me/private': { revisions, token: TOKEN },
          'spaces/me/app': {
            revisions: {
              'refs/pr/1': { sha: COMMITS[1]!, files: { 'models/export.pkl': learner } },
              [COMMITS[1]!]: { sha: COMMITS[1]!, files: { 'models/export.pkl': learner } },
            },
          },
          'me/gone': {
            revisions: {
              main: { sha: COMMITS[2]!, files: { 'model.pkl': changed } },
              [COMMITS[2]!]: { sha: COMMITS[2]!, files: { 'model.pkl': changed } },
            },
          },
          'me/words': { revisions: { main: { sha: COMMITS[0]!, files: { 'a.txt': learner } } } },
        },
        () => content.url,
      ),
    ),
    s3: await FileServer.start(
      bucket(
        { 'models/bears v1/export.pkl': learner },
        { region: 'eu-north-1', accessKey: 'AKID' },
      ),
    ),
    web: await FileServer.start((request, response) => {
      if (request.url === '/login') response.end('<!DOCTYPE html><title>Sign in</title>');
      else response.writeHead(200, { etag: '"1"' }).end(learner);
    }),
  };
});

afterAll(async () => {
  await Promise.all(Object.values(servers).map((server) => server.close()));
  await rm(folder, { recursive: true, force: true });
});

let homes = 0;
const newHome = (): string => join(folder, `home-${homes++}`);
const run = (home: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<VtsResult> =>
  vts(args, {
    home,
    env: {
      HF_ENDPOINT: servers.hub.url,
      HF_TOKEN: '',
      AWS_ENDPOINT_URL: servers.s3.url,
      AWS_ACCESS_KEY_ID: 'AKID',
      AWS_SECRET_ACCESS_KEY: 'SECRETSECRET',
      AWS_REGION: 'us-east-1',
      ...env,
    },
  });
const facts = async (home: string, tag: string) =>
  JSON.parse((await run(home, ['models', 'get', tag, '-o', 'json'])).stdout) as {
    metadata: Record<string, unknown>;
    context: { framework_versions: Record<string, string> };
  };
const downloads = async (home: string): Promise<string[]> => {
  const entries = await readdir(join(home, 'downloads'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
};

describe('vts import', () => {
  it('imports a repository of the Hugging Face Hub with its versions and commit, once', async () => {
    const home = newHome();
    const first = await run(home, ['import', 'hf://me/reviews']);
    expect([first.code, first.stdout]).toEqual([
      0,
      expect.stringMatching(/^reviews:\w+ imported\.\n$/),
    ]);
    expect(first.stderr).toMatch(/^vts: 127\.0\.0\.1:\d+ redirects to 127\.0\.0\.1:\d+\.\n$/);
    const { metadata, context } = await facts(home, 'reviews');
    expect(metadata).toEqual({ source: `hf://me/reviews@${COMMITS[0]}/model.pkl` });
    expect(context.framework_versions).toEqual({ fastai: '2.7.19', fastcore: '1.7.29' });

    const transfers = servers.content.asked.length;
    const again = await run(home, ['import', 'other:v1', `hf://me/reviews@main/model.pkl`]);
    expect([again.code, again.stdout]).toEqual([0, 'other:v1 imported.\n']);
    // What a page of the Hub has as its address is the same file.
    const page = await run(home, ['inspect', `${servers.hub.url}/me/reviews/blob/main/model.pkl`]);
    expect([page.code, page.stderr]).toEqual([0, '']);
    expect(servers.content.asked.length).toBe(transfers);
  });

  it('sends a token to the Hub alone', async () => {
    const home = newHome();
    const refused = await run(home, ['import', 'hf://me/private']);
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(
      /^vts: The server refuses hf:\/\/me\/private@main \(HTTP 401\)\. .*HF_TOKEN/,
    );
    servers.hub.asked.length = servers.content.asked.length = 0;
    const taken = await run(home, ['import', 'hf://me/private'], { HF_TOKEN: TOKEN });
    expect([taken.code, taken.stdout]).toEqual([0, expect.stringMatching(/^private:\w+ imported/)]);
    expect(taken.stderr).not.toContain(TOKEN);
    expect(servers.hub.asked.map(({ authorization }) => authorization)).toEqual(
      Array.from({ length: 3 }, () => `Bearer ${TOKEN}`),
    );
    expect(servers.content.asked).toEqual([
      { path: expect.stringMatching(/^\/[0-9a-f]{64}$/), authorization: undefined },
    ]);
  });

  it('finds the learner of a Space at a revision', async () => {
    const home = newHome();
    const { code, stdout } = await run(home, ['import', 'hf://spaces/me/app@refs%2Fpr%2F1']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^me:\w+ imported/)]);
    const { metadata } = await facts(home, 'me');
    expect(metadata).toEqual({ source: `hf://spaces/me/app@${COMMITS[1]}/models/export.pkl` });
  });

  it.each([
    ['a large file that is gone', 'hf://me/gone', /HTTP 403/],
    [
      'a repository without a learner',
      'hf://me/words',
      /hf:\/\/me\/words has no learner: no export/,
    ],
    [
      'a revision that is not there',
      'hf://me/reviews@v9',
      /^vts: No file at hf:\/\/me\/reviews@v9/,
    ],
    ['a file that is not there', 'hf://me/reviews/x.pkl', /^vts: No file at hf:\/\/me\/reviews\/x/],
    ['an address that is none', 'hf://me', /^vts: "hf:\/\/me" is not an address of the Hugging/],
    ['a path that leaves', 'hf://me/reviews/../x', /is not an address of the Hugging Face Hub/],
    ['another scheme', 'gs://bucket/export.pkl', /Addresses of "gs:" are not supported\. Give/],
    ['a bucket alone', 's3://models', /does not name an S3 object/],
  ])('refuses %s with a line', async (_, target, message) => {
    const home = newHome();
    const { code, stdout, stderr } = await run(home, ['import', target]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.replace(/^vts: .* redirects to .*\n/, '')).toMatch(message);
    expect(stderr).toMatch(/^(vts: .+\n){1,2}$/);
    expect(await downloads(home).catch(() => [])).toEqual([]);
  });

  it('imports an S3 object, from the region that S3 names', async () => {
    const home = newHome();
    const target = 's3://models/bears v1/export.pkl';
    const { code, stdout, stderr } = await run(home, ['import', target]);
    expect([code, stdout, stderr]).toEqual([
      0,
      expect.stringMatching(/^bears-v1:\w+ imported/),
      '',
    ]);
    expect((await facts(home, 'bears-v1')).metadata).toEqual({ source: target });
    const refused = await run(newHome(), ['import', target], { AWS_ACCESS_KEY_ID: 'OTHER' });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /^vts: The server refuses s3:.*\(HTTP 403\)\. Set AWS_ACCESS_KEY_ID/,
    );
    expect(refused.stderr).not.toMatch(/SECRETSECRET|OTHER/);
  });

  it('imports a file from the web; other commands use the same download', async () => {
    const home = newHome();
    const cache = join(folder, 'cache');
    const target = `${servers.web.url}/files/bears.pkl?signature=hidden`;
    const env = { VTS_CACHE: cache };
    const imported = await run(home, ['import', target, '-m', 'source="mine"'], env);
    expect([imported.code, imported.stdout, imported.stderr]).toEqual([
      0,
      expect.stringMatching(/^bears:\w+ imported/),
      '',
    ]);
    // What is said of it goes before what is known of it.
    expect((await facts(home, 'bears')).metadata).toEqual({ source: 'mine' });
    const predicted = await run(home, ['predict', target, 'I liked it', '-o', 'json'], env);
    const own = await run(home, ['predict', exported, 'I liked it', '-o', 'json']);
    expect(predicted.stdout).toBe(own.stdout);
    const index = await readdir(join(cache, 'index'));
    expect(await readFile(join(cache, 'index', index[0]!), 'utf8')).not.toContain('hidden');
    const page = await run(home, ['inspect', `${servers.web.url}/login`], env);
    expect([page.code, page.stderr]).toEqual([
      1,
      expect.stringMatching(/^vts: "http:.*\/login" is not a torch file: it is an HTML page/),
    ]);
  });

  it('imports a file, and folders of applications and tools, with or without a name', async () => {
    const home = newHome();
    const app = join(folder, 'Movie Reviews');
    await mkdir(join(app, 'models'), { recursive: true });
    await cp(exported, join(app, 'models', 'export.pkl'));
    const tracked = join(folder, 'tracked');
    await mkdir(tracked);
    await cp(exported, join(tracked, 'model.fastai'));
    await writeFile(
      join(tracked, 'MLmodel'),
      'flavors:\n  fastai:\n    code: null\n    data: model.fastai\n    fastai_version: 2.7.19\n',
    );
    const said = await Promise.all([
      run(home, ['import', app]),
      run(home, ['import', 'named:v1', app]),
      run(home, ['import', tracked, '--framework-version', 'torch=2.6.0']),
      run(home, ['import', exported]),
    ]);
    expect(said.map(({ stdout, stderr }) => stdout.replace(/:\w+/, ':*') + stderr)).toEqual([
      'movie-reviews:* imported.\n',
      'named:* imported.\n',
      'tracked:* imported.\n',
      'base_tokenizer:* imported.\n',
    ]);
    const { metadata, context } = await facts(home, 'tracked');
    expect(metadata).toEqual({});
    expect(context.framework_versions).toEqual({ fastai: '2.7.19', torch: '2.6.0' });
    const inspected = await run(home, ['inspect', app, '-o', 'json']);
    expect(JSON.parse(inspected.stdout)).toMatchObject({
      file: join(app, 'models', 'export.pkl'),
      kind: 'text',
    });
    const known = await run(home, ['import', 'named']);
    expect([known.code, known.stderr]).toEqual([
      1,
      'vts: The model "named:v1" is already in the store. Give a new name to copy it, or a source to import.\n',
    ]);
    expect((await run(home, ['import', 'copy:v2', 'named'])).stdout).toBe('copy:v2 imported.\n');
  });
});
