// Bundles what `nest build` has compiled into dist/lib, in place: entries stay where they were, and
// what they share goes into chunks. Dependencies stay packages; declarations are the compiler's.
//
// A program or an asset needs no line here. What a module names by `new URL('./worker.js',
// import.meta.url)`, written as such, becomes a file at the place that it has in dist, and so does
// what it loads by `import('./commands/serve.js')`.
//
// `vts serve` works where Nest is not installed. STANDALONE, and what it loads of the folders of
// TWINS, are bundled a second time, with the copy of Nest that .ci/nest.mjs makes; all the rest is
// the same modules, as workers and stores are not Nest's.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { bundleForBrowsers } from './browser.mjs';
import { NEST } from './nest.mjs';

/** What package.json names, and what is found by its path in the package; one line an entry. */
const ENTRIES = [
  'index.js',
  'express.js',
  'runnable.js',
  'learner/index.js',
  'client/index.js',
  'serving/index.js',
  'cli/main.js',
  'cli/build/capture-main.js',
];

const lib = resolve(import.meta.dirname, '../dist/lib');
/** The compiler takes no other files along. */
const sources = resolve(import.meta.dirname, '../lib');
const STANDALONE = join(lib, 'cli/serve/standalone.js');
const TWINS = ['cli/serve', 'nest'].map((folder) => join(lib, folder, '/'));
const TWIN = '?standalone';
const pathOf = (id) => id.replace(TWIN, '');
const fileName = (id) =>
  id.endsWith(TWIN) ? join('cli/standalone', relative(lib, pathOf(id))) : relative(lib, id);

/** The second copy of what has Nest. */
const standalone = {
  name: 'standalone',
  resolveId: {
    handler(source, importer) {
      if (importer === undefined) return null;
      const twin = importer === STANDALONE || importer.endsWith(TWIN);
      const copy = NEST[source];
      if (twin && copy !== undefined) return { id: join(lib, copy), external: 'relative' };
      if (/^[^./]/.test(source)) return { id: source, external: true };
      if (!twin || !source.startsWith('.')) return null;
      const id = resolve(dirname(importer), source);
      return TWINS.some((folder) => id.startsWith(folder)) ? id + TWIN : id;
    },
  },
};

/** Gives the bundler the compiler's source maps, so that its own lead to the TypeScript. */
const sourceMaps = {
  name: 'source-maps',
  load: {
    filter: { id: /\.js(?:\?standalone)?$/ },
    handler(id) {
      const path = pathOf(id);
      const code = readFileSync(path, 'utf8').replace(/\/\/# sourceMappingURL=.*\s*$/, '');
      return { code, map: JSON.parse(readFileSync(`${path}.map`, 'utf8')) };
    },
  },
};

/** Files that modules name by their URLs: programs are bundled, all others are copied. */
const namedByUrl = {
  name: 'named-by-url',
  transform: {
    filter: { id: /\.js(?:\?standalone)?$/, code: 'import.meta.url' },
    handler(code, id) {
      const named = /new URL\('(\.{1,2}\/[\w./-]+\.\w+)', import\.meta\.url\)/g;
      const changed = code.replaceAll(named, (_, path) => {
        const target = resolve(dirname(id), path);
        const content = path.endsWith('.js')
          ? { type: 'chunk', id: target }
          : { type: 'asset', source: readFileSync(join(sources, relative(lib, target))) };
        const file = this.emitFile({ ...content, fileName: fileName(target) });
        return `new URL(import.meta.ROLLUP_FILE_URL_${file})`;
      });
      // Lines stay lines, so the compiler's map still holds.
      return { code: changed, map: null };
    },
  },
};

const build = await rolldown({
  input: Object.fromEntries(ENTRIES.map((path) => [path.slice(0, -3), join(lib, path)])),
  platform: 'node',
  // Modules have effects, such as decorators and registries.
  treeshake: false,
  plugins: [standalone, sourceMaps, namedByUrl],
  onLog(level, { code, message }) {
    // The whole of a twin is loaded at once: what is imported later is there before.
    if (code === 'INEFFECTIVE_DYNAMIC_IMPORT' && message.includes(TWIN)) return;
    if (level === 'warn') throw new Error(message);
  },
});
const { output } = await build.generate({
  dir: lib,
  format: 'esm',
  // Nest and the codes of errors go by the names of classes.
  keepNames: true,
  sourcemap: true,
  entryFileNames: '[name].js',
  chunkFileNames: ({ isDynamicEntry, facadeModuleId }) =>
    isDynamicEntry ? fileName(facadeModuleId) : 'chunks/[name]-[hash].js',
});
await build.close();
output.push(...(await bundleForBrowsers(lib, sourceMaps)));

for (const path of readdirSync(lib, { recursive: true })) {
  if (/\.js(\.map)?$/.test(path)) rmSync(join(lib, path));
}
for (const { fileName: path, code, source } of output) {
  mkdirSync(dirname(join(lib, path)), { recursive: true });
  writeFileSync(join(lib, path), code ?? source);
}
