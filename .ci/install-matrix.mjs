// Installs the packed tarball into empty folders, as the README's first command does, with each
// package manager on each Node, scripts allowed; then imports a learner and predicts.
//
//   npm run build && node .ci/install-matrix.mjs [--node 20,24] [--with npm@10,pnpm@11] [--packages nestjs-vts]
//
// Node and the managers come from the npm registry. Ten minutes, and 2 GB in the folder for
// temporary files; .ci/run has two of them.
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { packed } from './packed.mjs';
import unpack from '../test/fixtures/packed/unpack.mjs';

const MANAGERS = {
  'npm@10': { package: 'npm@10', program: 'bin/npm-cli.js', add: ['install'], run: ['exec', '--'] },
  'npm@11': { package: 'npm@11', program: 'bin/npm-cli.js', add: ['install'], run: ['exec', '--'] },
  'pnpm@10': { package: 'pnpm@10', program: 'bin/pnpm.cjs', add: ['add'], run: ['exec'] },
  // It needs Node 22.
  'pnpm@11': {
    package: 'pnpm@11',
    program: 'bin/pnpm.mjs',
    add: ['add'],
    run: ['exec'],
    from: 22,
    files: { 'pnpm-workspace.yaml': "allowBuilds: { '@scarf/scarf': false }\n" },
  },
  'yarn@1': { package: 'yarn@1', program: 'bin/yarn.js', add: ['add'], run: ['--silent', 'run'] },
  'yarn@4': { package: '@yarnpkg/cli-dist@4', program: 'bin/yarn.js', add: ['add'], run: ['run'] },
  'yarn@4 without PnP': {
    package: '@yarnpkg/cli-dist@4',
    program: 'bin/yarn.js',
    add: ['add'],
    run: ['run'],
    files: { '.yarnrc.yml': 'nodeLinker: node-modules\n' },
  },
};

const { values } = parseArgs({
  options: {
    node: { type: 'string', default: '20,22,24' },
    with: { type: 'string', default: Object.keys(MANAGERS).join() },
    // The README's first command, without Nest itself, which an application has.
    packages: {
      type: 'string',
      default: 'nestjs-vts,@nestjs/swagger,class-validator,class-transformer',
    },
  },
});

const root = resolve(import.meta.dirname, '..');
const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const work = mkdtempSync(join(tmpdir(), 'nestjs-vts-install-'));
await unpack();
const learner = join(root, 'test/fixtures/learners/base_tokenizer');
const [{ input, probs }] = JSON.parse(readFileSync(join(learner, 'cases.json'), 'utf8')).cases;

async function run(command, args, cwd, env = process.env) {
  const running = promisify(execFile)(command, args, { encoding: 'utf8', cwd, env });
  running.child.stdin.end();
  try {
    return (await running).stdout;
  } catch (error) {
    const said = `${error.stdout}\n${error.stderr}`.trim().split('\n').slice(-15).join('\n');
    throw new Error(`${args.slice(-6).join(' ')}\n${said}`, { cause: error });
  }
}

/** A package of the registry, in a folder of its own. */
async function tool(spec) {
  const folder = join(work, 'tools', spec.replace(/\W+/g, '-'));
  mkdirSync(folder, { recursive: true });
  await run('npm', ['install', '--prefix', folder, '--ignore-scripts', '--no-save', spec], folder);
  return join(folder, 'node_modules', spec.replace(/(?<=.)@.*$/, ''));
}

async function attempt(node, manager, tarball) {
  const { program, add, run: execute, files = {}, folder } = manager;
  const app = mkdtempSync(join(work, 'app-'));
  writeFileSync(join(app, 'package.json'), '{ "name": "consumer", "private": true }\n');
  for (const [path, text] of Object.entries(files)) writeFileSync(join(app, path), text);
  const home = join(app, 'home');
  const env = {
    ...process.env,
    PATH: `${dirname(node)}${delimiter}${process.env.PATH}`,
    VTS_HOME: home,
    // Nothing of the user's own settings, and none of what this script was started with.
    HOME: join(work, 'home'),
    ONNXRUNTIME_NODE_INSTALL: undefined,
    COREPACK_ENABLE_PROJECT_SPEC: '0',
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
    YARN_ENABLE_TELEMETRY: '0',
  };
  for (const name of Object.keys(env)) if (/^npm_/i.test(name)) delete env[name];
  const tool = (args) => run(node, [join(folder, program), ...args], app, env);
  const packages = values.packages
    .split(',')
    .map((name) => (name === own.name ? `${name}@file:${tarball}` : name));
  const start = performance.now();
  await tool([...add, ...packages]);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const version = (await tool([...execute, 'vts', '--version'])).trim();
  if (version !== own.version) throw new Error(`It says that it is ${version}.`);
  await tool([...execute, 'vts', 'import', 'reviews', join(learner, 'export.pkl')]);
  const answer = await tool([...execute, 'vts', 'predict', 'reviews', input, '-o', 'json']);
  const [{ probabilities }] = JSON.parse(answer.slice(answer.indexOf('[')));
  if (!probabilities.every((value, i) => Math.abs(value - probs[i]) < 1e-4)) {
    throw new Error(`It predicts ${probabilities}, and fastai ${probs}.`);
  }
  rmSync(app, { recursive: true, force: true });
  return `installed in ${seconds} s`;
}

try {
  mkdirSync(join(work, 'home'));
  const tarball = packed(work);
  const chosen = await Promise.all(
    values.with.split(',').map(async (name) => {
      const manager = MANAGERS[name];
      if (manager === undefined) throw new Error(`Give --with of ${Object.keys(MANAGERS)}.`);
      return { name, ...manager, folder: await tool(manager.package) };
    }),
  );
  for (const major of values.node.split(',')) {
    const spec = `node-${process.platform.replace('win32', 'win')}-${process.arch}@${major}`;
    const node = join(await tool(spec), 'bin', 'node');
    chmodSync(node, 0o755);
    for (const manager of chosen) {
      if (Number(major) < (manager.from ?? 0)) continue;
      const what = `Node ${major}, ${manager.name}`;
      try {
        console.log(`${what}: ${await attempt(node, manager, tarball)}`);
      } catch (error) {
        process.exitCode = 1;
        console.error(`${what}: failed\n${error.message}`);
      }
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
