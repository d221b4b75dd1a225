import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join, sep } from 'node:path';
import { PlaygroundMissingError } from './errors.js';

/** A file that the page's routes serve. */
export interface ServedFile {
  /** Under the page's own path, such as `assets/index-1a2b.js`; '' for the page. */
  readonly path: string;
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly etag: string;
  /** Its name contains a digest of its content. */
  readonly immutable: boolean;
}

/** Keyed by extension; other files of a build are not served. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.md': 'text/plain; charset=utf-8',
};

const HASHED = /-[\w-]{8}\.\w+$/;

/**
 * The files of the page, read when the application starts: no request reaches the file system.
 *
 * @param folder The folder where the build puts them.
 * @throws PlaygroundMissingError
 */
export function readPage(folder = pageFolder()): ServedFile[] {
  const names = statSync(join(folder, 'index.html'), { throwIfNoEntry: false })?.isFile()
    ? readdirSync(folder, { recursive: true }).map(String)
    : [];
  if (names.length === 0) throw new PlaygroundMissingError(folder);
  return names.flatMap((name) => {
    const type = TYPES[extname(name)];
    if (type === undefined || !statSync(join(folder, name)).isFile()) return [];
    const path = name === 'index.html' ? '' : name.split(sep).join('/');
    return [servedFile(path, type, readFileSync(join(folder, name)), HASHED.test(name))];
  });
}

export function servedFile(
  path: string,
  type: string,
  bytes: Uint8Array,
  immutable = false,
): ServedFile {
  const digest = createHash('sha256').update(bytes).digest('base64url').slice(0, 27);
  return { path, type, bytes, etag: `"${digest}"`, immutable };
}

/** Found through the package, because bundling moves this module. */
function pageFolder(): string {
  try {
    const root = dirname(createRequire(import.meta.url).resolve('nestjs-vts/package.json'));
    return join(root, 'dist/lib/nest/playground/page');
  } catch {
    throw new PlaygroundMissingError('the package');
  }
}
