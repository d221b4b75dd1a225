// Bundles Nest on Express, with all that it needs, into dist/lib/vendor/nest: what `vts serve` runs
// on in a folder where nobody has installed Nest. Applications never load it.
import { join } from 'node:path';
import { bundlePackages, root } from './bundled.mjs';

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

function bundle() {
  const modules = join(root, 'node_modules');
  const input = {
    input: Object.fromEntries(
      Object.entries(NEST).map(([name, file]) => [file.slice('vendor/nest/'.length, -3), name]),
    ),
    external: OPTIONAL,
    resolve: {
      // Its CommonJS, which Node takes, has no names that a bundle could export.
      alias: {
        'rxjs/operators': join(modules, 'rxjs/dist/esm/operators/index.js'),
        rxjs: join(modules, 'rxjs/dist/esm/index.js'),
      },
    },
    treeshake: { moduleSideEffects: true },
  };
  return bundlePackages('nest', input, { format: 'esm', chunkFileNames: '[name]-[hash].js' });
}

if (process.argv[1] === import.meta.filename) await bundle();
