// Bundles packages into a folder of dist/lib/vendor, with the terms of all that went in.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';

/** They ask for no more than their text. */
const LICENCES = ['MIT', 'ISC', '0BSD', 'Apache-2.0', 'BSD-3-Clause'];

export const root = resolve(import.meta.dirname, '..');

/**
 * @param folder In dist/lib/vendor.
 * @param input Options of rolldown.
 * @param output Others, of its output; its `dir` is within the folder.
 */
export async function bundlePackages(folder, input, { dir = '.', ...output }) {
  const target = join(root, 'dist/lib/vendor', folder);
  const build = await rolldown({ cwd: root, platform: 'node', ...input });
  const { output: files } = await build.write({
    dir: join(target, dir),
    keepNames: true,
    minify: true,
    cleanDir: true,
    ...output,
  });
  await build.close();
  const packages = files.flatMap(({ moduleIds = [] }) => moduleIds).map(packageOf);
  mkdirSync(target, { recursive: true });
  writeLicences(target, new Set(packages.filter(Boolean)));
  return target;
}

/** The folder of the package that a module is of; undefined for what the bundler makes. */
function packageOf(id) {
  return /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id)?.[0];
}

/** The terms of what was bundled, as they ask for. */
function writeLicences(target, folders) {
  const texts = [...folders].sort().map((folder) => {
    const {
      name,
      version,
      licenses,
      license = licenses?.[0].type,
    } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    if (file === undefined || !LICENCES.includes(license)) {
      throw new Error(`${name} is under ${license}, with ${file}: check .ci/bundled.mjs.`);
    }
    const text = readFileSync(join(folder, file), 'utf8').trim();
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  writeFileSync(join(target, 'LICENSES.txt'), texts.join(`\n${'-'.repeat(72)}\n\n`));
}
