import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { BUNDLE_YAML, BUNDLES } from '../build/build-bundle.js';
import { findTool, runTool } from '../build/run-tool.js';
import { Tag } from '../../serving/store/index.js';
import { CommandError } from '../errors/cli.error.js';
import { write } from '../output/print.js';
import { openStore, type StoreOptions } from '../store-option.js';

const TOOLS = ['docker', 'podman', 'buildah'] as const;

/** `vts containerize`. */
export async function containerize(
  given: string,
  options: StoreOptions & { imageTag?: string[]; backend?: string; opt?: string[] },
): Promise<void> {
  const folder = await bundleFolder(given, options);
  const tool = toolFor(options.backend);
  const facts = parse(await readFile(join(folder, BUNDLE_YAML), 'utf8')) as {
    name: string;
    version: string;
    envs?: { name: string; stage: string }[];
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
      'Its own messages above say why',
    );
  }
  write(`${tags.join(', ')} built from ${folder}.`);
}

/** The tool that builds images. @throws CommandError where there is none. */
function toolFor(wanted: string | undefined): string {
  const names = wanted === undefined ? TOOLS : [wanted];
  const found = names.map(findTool).find((path) => path !== undefined);
  if (found !== undefined) return found;
  const which = wanted ?? `None of ${TOOLS.join(', ')}`;
  throw new CommandError(
    `${which} is ${wanted === undefined ? '' : 'not '}on the PATH, and one is needed to build an image`,
    'Install one, or build the Dockerfile of the bundle elsewhere',
  );
}

/** The folder of a bundle: given itself, or by a tag of the store. */
async function bundleFolder(given: string, options: StoreOptions): Promise<string> {
  if (existsSync(join(given, BUNDLE_YAML))) return resolve(given);
  if (/[\\/]|^\./.test(given)) {
    throw new CommandError(`There is no bundle in ${resolve(given)}`, 'Build one with vts build');
  }
  const { home } = await openStore(options);
  const { name, version = 'latest' } = Tag.parse(given);
  const versions = join(home, BUNDLES, name);
  const all = (await readdir(versions).catch(() => [])).filter((entry) => entry !== 'latest');
  const wanted =
    version === 'latest'
      ? (
          await readFile(join(versions, 'latest'), 'utf8').catch(() => all.sort().at(-1) ?? '')
        ).trim()
      : version;
  const matches = all.includes(wanted) ? [wanted] : all.filter((entry) => entry.startsWith(wanted));
  if (wanted !== '' && matches.length === 1) return join(versions, matches[0]!);
  throw new CommandError(
    matches.length > 1
      ? `The tag "${given}" fits the bundles ${matches.join(', ')}`
      : `There is no bundle "${given}" in ${join(home, BUNDLES)}`,
    matches.length > 1 ? 'Give more of the version' : 'Build one with vts build',
  );
}
