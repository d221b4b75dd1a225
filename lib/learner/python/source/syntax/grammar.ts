import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const OWN_COPY = 'dist/lib/vendor/tree-sitter-python/tree-sitter-python.wasm';
const require = createRequire(import.meta.url);

/**
 * The grammar of Python for tree-sitter: the copy in this package; in its own checkout, before it is
 * built, that of the package it is copied from. That package is no dependency, as its install script
 * may compile native code, which nothing here needs.
 */
export function grammarFile(): string {
  const own = join(dirname(require.resolve('nestjs-vts/package.json')), OWN_COPY);
  if (existsSync(own)) return own;
  const folder = dirname(require.resolve('tree-sitter-python/package.json'));
  return join(folder, 'tree-sitter-python.wasm');
}
