// The tarball that npm publishes. NESTJS_VTS_TARBALL names one that is packed already: packing takes
// 20 seconds, and .ci/run has three programs that want it.
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

/** Packs the built package into a folder; the path of its tarball. */
export function packed(folder) {
  const { NESTJS_VTS_TARBALL: made } = process.env;
  if (made) return made;
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  return join(folder, JSON.parse(execFileSync('npm', args, options))[0].filename);
}

if (import.meta.main ?? process.argv[1] === import.meta.filename) {
  console.log(packed(resolve(process.argv[2] ?? '.')));
}
