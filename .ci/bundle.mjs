// Bundles what `nest build` has compiled into dist/lib, in place: entries stay where they were, and
// what they share goes into chunks. Dependencies stay packages; declarations are the compiler's.
//
// A program or an asset needs no line here. What a module names by `new URL('./worker.js',
// import.meta.url)`, written as such, becomes a file at the place that it has in dist, and so does
// what it loads by `import('./commands/serve.js')`.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { rolldown } from 'rolldown';

/** What package.json names, and what is found by its path in the package; one line an entry. */
const ENTRIES = [
  'index.js',
  'express.js',
  'runnable.js',
  'learner/index.js',
  'serving/index.js',
  'cli/main.js',
  'cli/build/capture-main.js',
];

const lib = resolve(import.meta.dirname, '../dist/lib');
const fileName = (id) => relative(lib, id);

/** Gives the bundler the compiler's source maps, so that its own lead to the TypeScript. */
const sourceMaps = {
  name: 'source-maps',
  load: {
    filter: { id: /\.js$/ },
    handler(id) {
      const code = readFileSync(id, 'utf8').replace(/\/\/# sourceMappingURL=.*\s*$/, '');
      return { code, map: JSON.parse(readFileSync(`${id}.map`, 'utf8')) };
    },
  },
};

/** Files that modules name by their URLs: programs are bundled, all others are copied. */
const namedByUrl = {
  name: 'named-by-url',
  transform: {
    filter: { id: /\.js$/, code: 'import.meta.url' },
    handler(code, id) {
      const named = /new URL\('(\.{1,2}\/[\w./-]+\.\w+)', import\.meta\.url\)/g;
      const changed = code.replaceAll(named, (_, path) => {
        const target = resolve(dirname(id), path);
        const content = path.endsWith('.js')
          ? { type: 'chunk', id: target }
          : { type: 'asset', source: readFileSync(target) };
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
  external: /^[^./]/,
  plugins: [sourceMaps, namedByUrl],
  onLog(level, { message }) {
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

for (const path of readdirSync(lib, { recursive: true })) {
  if (/\.js(\.map)?$/.test(path)) rmSync(join(lib, path));
}
for (const { fileName: path, code, source } of output) {
  mkdirSync(dirname(join(lib, path)), { recursive: true });
  writeFileSync(join(lib, path), code ?? source);
}
