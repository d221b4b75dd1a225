// Installs the packed tarball into an empty ESM app and an empty CommonJS app, compiles the same source in each
// against the published declarations, and serves a request.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const work = mkdtempSync(join(tmpdir(), 'nestjs-vts-smoke-'));
const run = (command, args, options) =>
  execFileSync(command, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    ...options,
  });

try {
  const packed = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', work], { cwd: root }),
  );
  const tarball = join(work, packed[0].filename);

  for (const type of ['module', 'commonjs']) {
    const app = join(work, type);
    mkdirSync(app);
    const dependencies = { [own.name]: `file:${tarball}` };
    for (const name of Object.keys(own.peerDependencies)) {
      dependencies[name] = own.devDependencies[name];
    }
    writeFileSync(
      join(app, 'package.json'),
      JSON.stringify({
        name: `consumer-${type}`,
        private: true,
        type,
        dependencies,
        overrides: own.overrides,
        allowScripts: own.allowScripts,
      }),
    );
    writeFileSync(
      join(app, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          module: 'nodenext',
          target: 'es2023',
          lib: ['es2023', 'dom'],
          types: ['node'],
          typeRoots: [join(root, 'node_modules', '@types')],
          strict: true,
          experimentalDecorators: true,
          emitDecoratorMetadata: true,
          isolatedModules: true,
          skipLibCheck: false,
          rootDir: '.',
          outDir: 'dist',
        },
        files: ['app.ts'],
      }),
    );
    cpSync(join(root, 'test/consumers/app.ts'), join(app, 'app.ts'));
    run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: app,
      env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
    });
    run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], { cwd: app });
    const output = run(process.execPath, ['dist/app.js'], {
      cwd: app,
      timeout: 60_000,
      env: { ...process.env, VTS_HOME: join(root, 'sample/01-fastai-sentiment/models-home') },
    });
    const { status, body } = JSON.parse(output.trim().split('\n').at(-1));
    const total = Array.isArray(body) ? body.reduce((sum, value) => sum + value, 0) : NaN;
    if (status !== 200 || Math.abs(total - 1) > 1e-3 || !(body[1] > 0.5)) {
      throw new Error(`The ${type} app answered ${status} ${JSON.stringify(body)}.`);
    }
    console.log(`smoke test, ${type} app: ${status} ${JSON.stringify(body)}`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
