// Bundles Nest on Express, with all that it needs, into dist/lib/vendor/nest: what `vts serve` runs
// on in a folder where nobody has installed Nest. Applications never load it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';

/** Packages that our own modules import, and their files in dist/lib. */
export const NEST = {
  '@nestjs/common': 'vendor/nest/common.js',
  '@nestjs/core': 'vendor/nest/core.js',
  '@nestjs/platform-express': 'vendor/nest/platform-express.js',
  'reflect-metadata': 'vendor/nest/reflect-metadata.js',
  rxjs: 'vendor/nest/rxjs.js',
};

/** Nest asks for them at run time and goes without them; so it does here. */
const OPTIONAL = /^(?:@nestjs\/(?:microservices|websockets)(?:\/.*)?|class-[\w-]+|file-type)$/;
/** They ask for no more than their text. */
const LICENCES = ['MIT', 'ISC', '0BSD', 'Apache-2.0', 'BSD-3-Clause'];

const root = resolve(import.meta.dirname, '..');
const target = join(root, 'dist/lib/vendor/nest');

async function bundle() {
  const modules = join(root, 'node_modules');
  const build = await rolldown({
    cwd: root,
    input: Object.fromEntries(
      Object.entries(NEST).map(([name, file]) => [file.slice('vendor/nest/'.length, -3), name]),
    ),
    platform: 'node',
    external: OPTIONAL,
    resolve: {
      // Its CommonJS, which Node takes, has no names that a bundle could export.
      alias: {
        'rxjs/operators': join(modules, 'rxjs/dist/esm/operators/index.js'),
        rxjs: join(modules, 'rxjs/dist/esm/index.js'),
      },
    },
    treeshake: { moduleSideEffects: true },
  });
  const { output } = await build.write({
    dir: target,
    format: 'esm',
    keepNames: true,
    minify: true,
    cleanDir: true,
    chunkFileNames: '[name]-[hash].js',
  });
  await build.close();
  return new Set(
    output
      .flatMap(({ moduleIds = [] }) => moduleIds)
      .map(packageOf)
      .filter(Boolean),
  );
}

/** The folder of the package that a module is of; undefined for what the bundler makes. */
function packageOf(id) {
  return /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id)?.[0];
}

/** The terms of what was bundled, as they ask for. */
function writeLicences(folders) {
  const texts = [...folders].sort().map((folder) => {
    const {
      name,
      version,
      licenses,
      license = licenses?.[0].type,
    } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    if (file === undefined || !LICENCES.includes(license)) {
      throw new Error(`${name} is under ${license}, with ${file}: check .ci/nest.mjs.`);
    }
    const text = readFileSync(join(folder, file), 'utf8').trim();
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  writeFileSync(join(target, 'LICENSES.txt'), texts.join(`\n${'-'.repeat(72)}\n\n`));
}

if (process.argv[1] === import.meta.filename) writeLicences(await bundle());
