// Bundles nestjs-vts/client for browsers, into one file that imports nothing.
import { join } from 'node:path';
import { rolldown } from 'rolldown';

/** What browsers have no way for, and the module in its place. */
const OWN = { './connect.js': './connect-browser.js' };

/**
 * @param lib What the compiler has made.
 * @returns The files to write there.
 */
export async function bundleForBrowsers(lib, sourceMaps) {
  const build = await rolldown({
    input: { 'client/browser': join(lib, 'client/index.js') },
    platform: 'browser',
    treeshake: { moduleSideEffects: false },
    plugins: [
      {
        name: 'browsers-own',
        resolveId: {
          filter: { id: /^\.\/connect\.js$/ },
          handler: (source, importer) => join(importer, '..', OWN[source]),
        },
      },
      sourceMaps,
    ],
    onLog(level, { message }) {
      if (level === 'warn') throw new Error(message);
    },
  });
  const { output } = await build.generate({
    dir: lib,
    format: 'esm',
    // The codes of errors go by the names of classes.
    keepNames: true,
    sourcemap: true,
    entryFileNames: '[name].js',
  });
  await build.close();
  const [{ imports, dynamicImports }, ...others] = output;
  const more = others.filter(({ type }) => type === 'chunk');
  if (imports.length + dynamicImports.length + more.length > 0) {
    throw new Error(`client/browser.js asks for ${[...imports, ...dynamicImports].join(', ')}.`);
  }
  return output;
}
