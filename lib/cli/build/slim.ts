/**
 * Removes binaries from an image that its platform cannot load. onnxruntime has binaries for all
 * platforms, and npm installs those of sharp for both C libraries of Linux. This runs during the
 * build of the image, because only then the platform is known. It is not in the final image.
 */
export const SLIM_FILE = 'slim.mjs';

/**
 * The program. It receives the folder `node_modules`, and fails if no binary remains that can run.
 */
export const SLIM = `// Removes from node_modules what this platform cannot load.
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';

const { platform, arch } = process;
const root = process.argv[2] ?? 'node_modules';
const libc =
  platform !== 'linux' ? '' : process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
let removed = 0;

function sizeOf(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 0;
  if (!found.isDirectory()) return found.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

function remove(path) {
  removed += sizeOf(path);
  rmSync(path, { recursive: true, force: true });
}

/** Folders of packages, also of those within others. */
function* packages(modules) {
  for (const name of existsSync(modules) ? readdirSync(modules) : []) {
    const folder = join(modules, name);
    if (name.startsWith('.') || !statSync(folder).isDirectory()) continue;
    if (name.startsWith('@')) {
      for (const inner of readdirSync(folder)) yield* nested(join(folder, inner));
    } else yield* nested(folder);
  }
}

function* nested(folder) {
  yield folder;
  yield* packages(join(folder, 'node_modules'));
}

/** bin/napi-v6/linux/x64 */
function slimOnnxruntime(folder) {
  const bin = join(folder, 'bin');
  for (const napi of existsSync(bin) ? readdirSync(bin) : []) {
    for (const os of readdirSync(join(bin, napi))) {
      if (os !== platform) remove(join(bin, napi, os));
      else {
        for (const cpu of readdirSync(join(bin, napi, os))) {
          if (cpu !== arch) remove(join(bin, napi, os, cpu));
        }
      }
    }
    if (!existsSync(join(bin, napi, platform, arch))) {
      console.error(\`onnxruntime has no binary for \${platform} \${arch}.\`);
      process.exitCode = 1;
    }
  }
}

/** @img/sharp-linuxmusl-x64, @img/sharp-libvips-darwin-arm64 */
function isForeignSharp(name) {
  const [, os, musl, cpu] = /^sharp-(?:libvips-)?([a-z0-9]+?)(musl)?-(\\w+)$/.exec(name) ?? [];
  if (os === undefined || os === 'wasm32' || os === 'libvips') return false;
  return os !== platform || cpu !== arch || (libc !== '' && (musl ? 'musl' : 'glibc') !== libc);
}

const NEST = ['@nestjs/common', '@nestjs/core', '@nestjs/platform-express', 'reflect-metadata', 'rxjs'];
for (const folder of [...packages(root)]) {
  const at = folder.split(sep);
  const name = at.at(-1);
  if (name === 'onnxruntime-node') slimOnnxruntime(folder);
  if (at.at(-2) === '@img' && isForeignSharp(name)) remove(folder);
  if (name !== 'nestjs-vts') continue;
  const vendor = join(folder, 'dist', 'lib', 'vendor');
  slimOnnxruntime(join(vendor, 'onnxruntime-node'));
  // Its own copy of Nest is for folders without one.
  if (NEST.every((each) => existsSync(join(root, each)))) remove(join(vendor, 'nest'));
}
console.log(\`Removed \${Math.round(removed / 2 ** 20)} MiB that \${platform} \${arch} does not need.\`);
`;
