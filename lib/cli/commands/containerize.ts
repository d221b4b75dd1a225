import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { LATEST, Tag } from '../../serving/store/tag.js';
import { BUNDLE_YAML, BUNDLES } from '../build/build-bundle.js';
import { findTool, runTool } from '../build/run-tool.js';
import { CommandError } from '../errors.js';
import { openStore, type StoreOptions } from '../options.js';
import { write } from '../output/print.js';

const TOOLS = ['docker', 'podman', 'buildah'] as const;

export async function containerize(
  given: string,
  options: StoreOptions & { imageTag?: string[]; backend?: string; opt?: string[] },
): Promise<void> {
  const folder = await bundleFolder(given, options);
  const tool = toolFor(options.backend);
  const facts = parse(await readFile(join(folder, BUNDLE_YAML), 'utf8')) as {
    name: string;
    version: string;
  };
  const tags = options.imageTag ?? [`${facts.name}:${facts.version}`];
  const { code } = await runTool(
    tool,
    ['build', ...tags.flatMap((tag) => ['-t', tag]), ...(options.opt ?? []), folder],
    { cwd: folder, inherit: true },
  );
  if (code !== 0) {
    throw new CommandError(
      `${tool} could not build the image (exit code ${code})`,
      'See its messages above',
    );
  }
  write(`${tags.join(', ')} built from ${folder}.`);
}

/** @throws CommandError if no tool builds images. */
function toolFor(wanted: string | undefined): string {
  const names = wanted === undefined ? TOOLS : [wanted];
  const found = names.map(findTool).find((path) => path !== undefined);
  if (found !== undefined) return found;
  const missing =
    wanted === undefined
      ? `None of ${TOOLS.join(', ')} is on the PATH`
      : `${wanted} is not on the PATH`;
  throw new CommandError(missing, 'Install one, or build the Dockerfile of the bundle elsewhere');
}

/** The folder of a bundle: given itself, or by a tag of the store. */
async function bundleFolder(given: string, options: StoreOptions): Promise<string> {
  if (existsSync(join(given, BUNDLE_YAML))) return resolve(given);
  if (/[\\/]|^\./.test(given)) {
    throw new CommandError(`No bundle in ${resolve(given)}`, 'Build one with vts build');
  }
  const { home } = await openStore(options);
  const { name, version = LATEST } = Tag.parse(given);
  const versions = join(home, BUNDLES, name);
  const all = (await readdir(versions).catch(() => [])).filter((entry) => entry !== LATEST);
  const newest = (): string => all.sort().at(-1) ?? '';
  const wanted =
    version === LATEST
      ? (await readFile(join(versions, LATEST), 'utf8').catch(newest)).trim()
      : version;
  const matches = all.includes(wanted) ? [wanted] : all.filter((entry) => entry.startsWith(wanted));
  if (wanted !== '' && matches.length === 1) return join(versions, matches[0]!);
  if (matches.length > 1) {
    throw new CommandError(
      `The tag "${given}" matches the bundles ${matches.join(', ')}`,
      'Give more characters of the version',
    );
  }
  throw new CommandError(
    `The store has no bundle "${given}" in ${join(home, BUNDLES)}`,
    'Build one with vts build',
  );
}
