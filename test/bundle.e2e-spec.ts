import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { freePort } from '../bench/load/free-port.js';
import { faultsOf, manifestsOf } from './helpers/manifests.js';
import { vts } from './helpers/vts.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const learner = fileURLToPath(new URL('./fixtures/learners/base_tokenizer/', import.meta.url));

let folder: string;
let home: string;
let main: string;
let project: string;

const CONTROLLER = `import { readFileSync } from 'node:fs';
import { Controller, Get } from '@nestjs/common';
import { NumpyNdarray, Runner, Text, VtsApi, type FastaiRunner, type Tensor } from 'nestjs-vts';

@Controller()
export class ReviewController {
  constructor(@Runner('reviews:latest') private readonly runner: FastaiRunner<string>) {}

  @VtsApi({ input: Text, output: NumpyNdarray, summary: 'Scores of a review' })
  async score(text: string): Promise<Tensor> {
    const [, , probs] = await this.runner.predict.run(text);
    return probs;
  }

  @Get('greeting')
  greeting(): string {
    return \`\${process.env['GREETING']} \${readFileSync('assets/name.txt', 'utf8')}\`;
  }
}
`;

const MODULE = `import { Module } from '@nestjs/common';
import { VtsModule } from 'nestjs-vts';
import { ReviewController } from './review.controller.js';

@Module({ imports: [VtsModule.forRoot({ home: './models-home' })], controllers: [ReviewController] })
export class AppModule {}
`;

const TSCONFIG = {
  compilerOptions: {
    module: 'nodenext',
    target: 'es2023',
    types: ['node'],
    strict: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    isolatedModules: true,
    skipLibCheck: true,
    rootDir: 'src',
    outDir: 'dist',
  },
  include: ['src'],
};

const VTSFILE = `service: src/app.module.ts:AppModule
description: Scores reviews.
labels: { team: nlp }
exclude: ['*.md']
envs:
  - { name: GREETING, value: hello }
python:
  packages: [fastai]
`;

/**
 * This package without onnxruntime's libraries for other systems. npm packs a linked package for each
 * bundle, and those libraries take it 15 seconds.
 */
async function copyPackage(target: string): Promise<void> {
  const binaries = join(root, 'dist/lib/vendor/onnxruntime-node/bin/napi-v6');
  const isOther = (path: string): boolean => {
    const [system, cpu] = relative(binaries, path).split(sep);
    if (system === undefined || ['', '..'].includes(system)) return false;
    return system !== process.platform || (cpu !== undefined && cpu !== process.arch);
  };
  await mkdir(target);
  await Promise.all([
    cp(join(root, 'package.json'), join(target, 'package.json')),
    cp(join(root, 'dist/lib'), join(target, 'dist/lib'), {
      recursive: true,
      filter: (path) => !isOther(path),
    }),
    linkModules(join(target, 'node_modules'), target),
  ]);
}

/** node_modules with what this repository has, and the package as a link. */
async function linkModules(target: string, own: string): Promise<void> {
  const source = join(root, 'node_modules');
  await mkdir(target);
  for (const name of await readdir(source)) {
    if (name === '.bin' || name === '.vite' || name === 'nestjs-vts') continue;
    if (!name.startsWith('@')) {
      await symlink(join(source, name), join(target, name));
      continue;
    }
    await mkdir(join(target, name));
    for (const inner of await readdir(join(source, name))) {
      await symlink(join(source, name, inner), join(target, name, inner));
    }
  }
  await symlink(own, join(target, 'nestjs-vts'));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-bundle-'));
  home = join(folder, 'home');
  project = join(folder, 'project');
  const copy = join(folder, 'package');
  main = join(copy, 'dist/lib/cli/main.js');
  await mkdir(join(project, 'src'), { recursive: true });
  await mkdir(join(project, 'assets'));
  const own = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    peerDependencies: Record<string, string>;
    overrides: object;
  };
  const manifest = {
    name: 'review-app',
    type: 'module',
    private: true,
    dependencies: { 'nestjs-vts': 'file:..', ...own.peerDependencies },
    overrides: own.overrides,
  };
  await Promise.all([
    copyPackage(copy),
    linkModules(join(project, 'node_modules'), copy),
    writeFile(join(project, 'package.json'), JSON.stringify(manifest)),
    writeFile(join(project, 'tsconfig.json'), JSON.stringify(TSCONFIG)),
    writeFile(join(project, 'vtsfile.yaml'), VTSFILE),
    writeFile(join(project, 'NOTES.md'), ''),
    writeFile(join(project, '.env'), 'SECRET=1'),
    writeFile(join(project, 'assets', 'name.txt'), 'world'),
    writeFile(join(project, 'src', 'review.controller.ts'), CONTROLLER),
    writeFile(join(project, 'src', 'app.module.ts'), MODULE),
    vts(['import', 'reviews:v1', join(learner, 'export.pkl')], { home }),
  ]);
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

async function built(...args: string[]): Promise<{ tag: string; path: string; models: string[] }> {
  const { code, stdout, stderr } = await vts(['build', ...args, '-o', 'json'], { home, main });
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as { tag: string; path: string; models: string[] };
}

describe('vts build', () => {
  it('makes a bundle that runs by itself', async () => {
    const { tag, path, models } = await built(project);
    expect(path).toBe(join(home, 'bundles', ...tag.split(':')));
    // The app's own runners are pinned, also where the build file does not name them.
    expect(models).toEqual(['reviews:v1']);
    expect((await readdir(path)).toSorted()).toEqual(
      [
        '.dockerignore',
        '.npmrc',
        'Dockerfile',
        'README.md',
        'bundle.yaml',
        'env',
        'healthcheck.mjs',
        'models',
        'openapi.json',
        'package-lock.json',
        'package.json',
        'src',
        'start.mjs',
        'vendor',
      ].toSorted(),
    );
    expect((await readdir(join(path, 'src'))).toSorted()).toEqual(
      ['assets', 'dist', 'package.json', 'tsconfig.json', 'vtsfile.yaml'].toSorted(),
    );
    const read = (name: string) => readFile(join(path, name), 'utf8');
    expect(JSON.parse(await read('openapi.json'))).toHaveProperty(
      ['paths', '/score', 'post', 'summary'],
      'Scores of a review',
    );
    expect(parse(await read('bundle.yaml'))).toMatchObject({
      name: 'review-app',
      labels: { team: 'nlp' },
      models: [{ tag: 'reviews:v1', module: 'bentoml.fastai' }],
    });
    expect(await read('env/python/requirements.txt')).toBe('fastai\n');
    expect(await read('README.md')).toContain('`POST /score`: Scores of a review');
    expect(await readdir(join(home, 'tmp'))).toEqual([]);

    const refused = await vts(['models', 'delete', '--yes', 'reviews'], { home, main });
    expect(refused.stderr).toContain(`is pinned by bundle ${tag}`);

    // Away from the project and the store.
    const place = join(folder, 'elsewhere');
    await cp(path, place, { recursive: true });
    await rm(project, { recursive: true });
    const env: NodeJS.ProcessEnv = { ...process.env, PORT: String(await freePort()) };
    delete env['VTS_HOME'];
    const npm = (...args: string[]) => spawn('npm', args, { cwd: place, env, detached: true });
    const install = npm('ci', '--omit=dev', '--prefer-offline', '--no-audit');
    let said = '';
    install.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(install, 'close')) as [number];
    expect([code, code === 0 ? '' : said]).toEqual([0, '']);
    const app = npm('start');
    const ended = once(app, 'close');
    const url = `http://127.0.0.1:${env['PORT']}`;
    try {
      let ready = false;
      for (let wait = 0; wait < 300 && !ready; wait++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        ready = await fetch(`${url}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        );
      }
      const { cases } = JSON.parse(await readFile(join(learner, 'cases.json'), 'utf8')) as {
        cases: { input: string; probs: number[] }[];
      };
      const response = await fetch(`${url}/score`, {
        method: 'POST',
        headers: { 'content-type': 'text/plain' },
        body: cases[0]!.input,
      });
      const probs = (await response.json()) as number[];
      for (const [i, value] of cases[0]!.probs.entries()) expect(probs[i]).toBeCloseTo(value, 4);
      expect(await (await fetch(`${url}/greeting`)).text()).toBe('hello world');
    } finally {
      // npm's child as well.
      process.kill(-app.pid!, 'SIGTERM');
    }
    await ended;
  }, 240_000);

  it('makes a bundle of a model alone, slim and with manifests', async () => {
    const plain = join(folder, 'plain');
    await mkdir(plain);
    const bentofile = `name: served
models: ['reviews:v1']
conda:
  channels: [fastchan]
  dependencies: [fastai]
`;
    await writeFile(join(plain, 'bentofile.yaml'), bentofile);
    const { tag, path } = await built(plain, '--version', 'v1', '--slim', '--kubernetes');
    expect(tag).toBe('served:v1');
    expect(await readFile(join(path, 'env/conda/environment.yml'), 'utf8')).toBe(
      'channels:\n  - fastchan\ndependencies:\n  - fastai\n',
    );
    const document = JSON.parse(await readFile(join(path, 'openapi.json'), 'utf8')) as object;
    expect(document).toHaveProperty(['paths', '/predict', 'post']);
    const again = await vts(['build', plain, '--version', 'v1'], { home, main });
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('already exists')]);

    const read = (name: string) => readFile(join(path, name), 'utf8');
    expect(await read('Dockerfile')).toContain('RUN node slim.mjs node_modules');
    expect(await read('.dockerignore')).toMatch(/^kubernetes$/m);
    expect(await read('README.md')).toContain('kubectl apply -k kubernetes');
    const files = (await readdir(join(path, 'kubernetes'))).toSorted();
    expect(files).toEqual([
      'deployment.yaml',
      'hpa.yaml',
      'keda-scaledobject.yaml',
      'kustomization.yaml',
      'pdb.yaml',
      'service.yaml',
    ]);
    for (const file of files.filter((name) => name !== 'kustomization.yaml')) {
      const manifests = manifestsOf(await read(`kubernetes/${file}`));
      expect([file, manifests.length, manifests.flatMap(faultsOf)]).toEqual([file, 1, []]);
    }
    expect(parse(await read('kubernetes/deployment.yaml'))).toHaveProperty(
      ['spec', 'template', 'spec', 'containers', 0, 'image'],
      tag,
    );
    // Arguments of the container reach vts serve.
    await linkModules(join(path, 'node_modules'), join(folder, 'package'));
    const started = spawn(process.execPath, ['start.mjs', '--port', 'none'], { cwd: path });
    let said = '';
    started.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await once(started, 'close');
    expect(said).toContain("option '-p, --port <port>' argument 'none' is invalid");
  }, 120_000);

  it('says why an app cannot be built, and leaves nothing', async () => {
    const before = await readdir(join(home, 'bundles'));
    const broken = join(folder, 'broken');
    await mkdir(broken);
    await writeFile(join(broken, 'main.mjs'), "throw new TypeError('no database');\n");
    await writeFile(join(broken, 'vtsfile.yaml'), 'service: main.mjs\nname: broken\n');
    const failed = await vts(['build', broken], { home, main });
    expect([failed.code, failed.stdout]).toEqual([1, '']);
    expect(failed.stderr).toMatch(
      /^vts: The app cannot be started: TypeError: no database\. .*\n$/,
    );
    await writeFile(
      join(broken, 'vtsfile.yaml'),
      'service: none.mjs\nname: broken\nmodels: [reviews]\n',
    );
    expect((await vts(['build', broken], { home, main })).stderr).toContain(
      'none.mjs is not a file in',
    );
    await writeFile(join(broken, 'vtsfile.yaml'), 'models: [nope]\n');
    expect((await vts(['build', broken], { home, main })).stderr).toContain('is not in the store');
    expect(await readdir(join(home, 'bundles'))).toEqual(before);
    expect(await readdir(join(home, 'tmp'))).toEqual([]);
  }, 60_000);
});
