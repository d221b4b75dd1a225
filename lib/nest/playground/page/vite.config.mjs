// Builds the page that `vts serve` and `setupVtsPlayground` show, into dist beside the server's part.
import { resolve } from 'node:path';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  // Relative URLs: the page works under any prefix.
  base: './',
  publicDir: false,
  logLevel: 'warn',
  build: {
    outDir: resolve(import.meta.dirname, '../../../../dist/lib/nest/playground/page'),
    emptyOutDir: true,
    target: 'es2022',
    // The policy of the page takes neither inline scripts nor fonts and styles as data.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'assets/licenses.md' },
  },
});
