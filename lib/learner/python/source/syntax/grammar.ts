import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const OWN_COPY = 'dist/lib/vendor/tree-sitter-python/tree-sitter-python.wasm';
const require = createRequire(import.meta.url);

/**
 * The grammar of Python for tree-sitter: the copy in this package or, in a checkout before the
 * build, the file of the original package. That package is not a dependency, because its install
 * script may compile native code, which is not needed here.
 */
export function grammarFile(): string {
  const own = join(dirname(require.resolve('nestjs-vts/package.json')), OWN_COPY);
  if (existsSync(own)) return own;
  const folder = dirname(require.resolve('tree-sitter-python/package.json'));
  return join(folder, 'tree-sitter-python.wasm');
}
