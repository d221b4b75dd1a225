// Installs the packed tarball as its users do, compiles test/consumers against the published
// declarations, and asks for one prediction of each: Nest 11 and 12, ESM and CommonJS, Express and
// Fastify, and the reader and `vts serve` alone, without Nest.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { packed } from './packed.mjs';

const NEST_11 = {
  '@nestjs/common': '11.2.10',
  '@nestjs/core': '11.2.10',
  '@nestjs/platform-express': '11.2.10',
  '@nestjs/swagger': '11.4.7',
};

/** One installation each; `apps` are compiled and run in folders of their own within it. */
const INSTALLATIONS = [
  {
    name: 'Nest 11',
    peers: Object.keys(NEST_11).concat(
      'class-transformer',
      'class-validator',
      'reflect-metadata',
      'rxjs',
    ),
    versions: NEST_11,
    apps: [{ type: 'commonjs', sources: ['app', 'express'], entries: ['express'] }],
  },
  {
    name: 'Nest 12',
    peers: 'all',
    apps: [
      {
        type: 'module',
        sources: ['app', 'express', 'fastify'],
        entries: ['express', 'fastify'],
      },
      { type: 'commonjs', sources: ['app', 'express'], entries: ['express'] },
    ],
  },
  {
    name: 'no Nest',
    peers: [],
    apps: [{ type: 'module', sources: ['reader'], entries: ['reader'] }],
    serves: true,
  },
];

const root = resolve(import.meta.dirname, '..');
const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const work = mkdtempSync(join(tmpdir(), 'nestjs-vts-smoke-'));

/** What a program writes to its standard output; what it says of a failure is in the error. */
async function run(command, args, options) {
  const running = promisify(execFile)(command, args, { encoding: 'utf8', ...options });
  running.child.stdin.end();
  try {
    return (await running).stdout;
  } catch (error) {
    throw new Error(`${[command, ...args].join(' ')} failed.\n${error.stdout}\n${error.stderr}`, {
      cause: error,
    });
  }
}

async function install({ name, peers, versions = {} }, tarball) {
  const folder = join(work, name.replace(' ', '-'));
  mkdirSync(folder);
  // The copy in the package is tried: the script of onnxruntime's own package needs another host.
  const all = Object.keys(own.peerDependencies).filter((peer) => peer !== 'onnxruntime-node');
  const wanted = peers === 'all' ? all : peers;
  const dependencies = { [own.name]: `file:${tarball}` };
  for (const peer of wanted) dependencies[peer] = versions[peer] ?? own.devDependencies[peer];
  // Declarations of Nest's platform for Express name those of Express.
  const types = wanted.length === 0 ? ['@types/node'] : ['@types/node', '@types/express'];
  for (const name of types) dependencies[name] = own.devDependencies[name];
  const { overrides } = own;
  writeJson(join(folder, 'package.json'), {
    name: 'consumer',
    private: true,
    dependencies,
    overrides,
  });
  const omit = wanted.length === 0 ? ['--omit=peer'] : [];
  await run(
    'npm',
    ['install', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline', ...omit],
    { cwd: folder },
  );
  const there = Object.keys(own.peerDependencies).filter((peer) =>
    existsSync(join(folder, 'node_modules', peer)),
  );
  if (wanted.length === 0 && there.length > 0) {
    throw new Error(`Installed without peers, the package still brings ${there.join(', ')}.`);
  }
  return folder;
}

async function compile(folder, { type, sources }) {
  const app = join(folder, type);
  mkdirSync(app);
  writeJson(join(app, 'package.json'), { type });
  writeJson(join(app, 'tsconfig.json'), {
    compilerOptions: {
      module: 'nodenext',
      target: 'es2023',
      lib: ['es2023', 'dom'],
      types: ['node'],
      strict: true,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      isolatedModules: true,
      skipLibCheck: false,
      rootDir: '.',
      outDir: 'dist',
    },
    files: sources.map((source) => `${source}.ts`),
  });
  for (const source of sources) {
    cpSync(join(root, `test/consumers/${source}.ts`), join(app, `${source}.ts`));
  }
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], {
    cwd: app,
  });
  return app;
}

async function predict(app, entry) {
  const output = await run(process.execPath, [`dist/${entry}.js`], {
    cwd: app,
    timeout: 60_000,
    env: { ...process.env, VTS_HOME: join(root, 'sample/01-fastai-sentiment/models-home') },
  });
  return checked(JSON.parse(output.trim().split('\n').at(-1)));
}

function checked({ status, body }) {
  const total = Array.isArray(body) ? body.reduce((sum, value) => sum + value, 0) : NaN;
  if (status !== 200 || Math.abs(total - 1) > 1e-3 || !(body[1] > 0.5)) {
    throw new Error(`It answered ${status} ${JSON.stringify(body)}.`);
  }
  return JSON.stringify(body);
}

/** From a file to a page, a prediction and an orderly end, with nothing else installed. */
async function serve(folder) {
  cpSync(exported(), join(folder, 'export.pkl'));
  // What npx runs. npx does not pass SIGTERM on.
  const command = join(folder, 'node_modules/.bin/vts');
  const child = spawn(command, ['serve', 'export.pkl', '--port', '0', '--grpc-port', '0'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 60_000,
  });
  const exited = once(child, 'exit');
  let said = '';
  const url = await new Promise((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text) => {
      said += text;
      const [, found] = /page (http\S+)\/,[^]*@nestjs\/swagger\.\n/.exec(said) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`It ended with ${code}, and said:\n${said}`)));
  });
  let answered;
  try {
    const page = await (await fetch(`${url}/`)).text();
    const [script] = /(?<=src=")[^"]+\.js/.exec(page) ?? [];
    const { status: loaded } = await fetch(new URL(script, `${url}/`));
    const { models } = await (await fetch(`${url}/api/models`)).json();
    if (loaded !== 200 || models.length !== 1) throw new Error(`Its page is ${page}.`);
    const answer = await fetch(`${url}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: 'I really liked that movie!',
    });
    answered = checked({ status: answer.status, body: (await answer.json()).probabilities });
    const [, target] = /gRPC (grpc:\S+)/.exec(said) ?? [];
    const over = await inferred(folder, target);
    if (over !== answered) throw new Error(`It answered ${over} over gRPC.`);
  } finally {
    child.kill('SIGTERM');
  }
  const [code] = await exited;
  if (code !== 0) throw new Error(`It ended with ${code} on SIGTERM.`);
  return answered;
}

/** What the package's own client is answered over gRPC: neither side has grpc-js but in the package. */
async function inferred(folder, target) {
  const script = `
    import { InferenceClient } from '${own.name}/client';
    const client = new InferenceClient('${target}');
    const [{ name }] = await client.repositoryIndex();
    const answer = await client.infer(name, { text: ['I really liked that movie!'] });
    console.log(JSON.stringify([...answer.tensor('probabilities').data]));
    await client.close();
  `;
  const output = await run(process.execPath, ['--input-type=module', '-e', script], {
    cwd: folder,
    timeout: 60_000,
  });
  return output.trim();
}

/** The learner in the sample's store. */
function exported() {
  const models = join(root, 'sample/01-fastai-sentiment/models-home/models/fastai_sentiment');
  const version = readdirSync(models).find((name) => name !== 'latest');
  return join(models, version, 'saved_model.pkl');
}

/** Every failure is told; the first does not hide the others. */
async function smoke(installation, tarball) {
  const failures = [];
  const attempt = async (what, action) => {
    try {
      return await action();
    } catch (error) {
      failures.push(what);
      console.error(`smoke test, ${what}: failed\n${error.message}`);
    }
  };
  const { name, apps, serves } = installation;
  const folder = await attempt(`${name}, install`, () => install(installation, tarball));
  if (serves && folder !== undefined) {
    await attempt(`${name}, vts serve`, async () => {
      console.log(`smoke test, ${name}, vts serve: ${await serve(folder)}`);
    });
  }
  for (const app of folder === undefined ? [] : apps) {
    const what = `${name}, ${app.type}`;
    const compiled = await attempt(`${what}, tsc`, () => compile(folder, app));
    for (const entry of compiled === undefined ? [] : app.entries) {
      await attempt(`${what}, ${entry}`, async () => {
        console.log(`smoke test, ${what}, ${entry}: ${await predict(compiled, entry)}`);
      });
    }
  }
  return failures;
}

function writeJson(file, value) {
  writeFileSync(file, JSON.stringify(value));
}

try {
  const tarball = packed(work);
  const failures = await Promise.all(INSTALLATIONS.map((one) => smoke(one, tarball)));
  if (failures.flat().length > 0) process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
