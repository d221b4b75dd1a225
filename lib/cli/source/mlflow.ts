import { posix } from 'node:path';
import { CommandError } from '../errors.js';
import type { FileTree, FoundLearner } from './file-tree.js';
import { listed } from '../../learner/errors/index.js';
import { pinnedVersions } from './named-facts.js';

const DESCRIPTION = /(?:^|\/)MLmodel$/;

/**
 * The learner of a model that `mlflow.fastai.save_model` wrote, or of a run's artifacts that
 * contain one. The flavor `fastai` in the folder's MLmodel names the file (`model.fastai`).
 *
 * @returns Undefined if the folder does not have an MLmodel.
 * @throws CommandError if it has another flavor, or is damaged.
 */
export async function findInMlflow(tree: FileTree): Promise<FoundLearner | undefined> {
  const found = tree.paths.filter((path) => DESCRIPTION.test(path));
  const own = found.includes('MLmodel') ? ['MLmodel'] : found;
  const [description] = own;
  if (description === undefined) return undefined;
  if (own.length > 1) {
    throw new CommandError(
      `${tree.from} has several MLflow models: ${listed(own.map((path) => posix.dirname(path)))}`,
      'Give the folder of one of them',
    );
  }
  const { data, version } = await fastaiFlavor(tree, description);
  const folder = posix.dirname(description);
  const path = posix.normalize(posix.join(folder, data));
  if (!tree.paths.includes(path)) {
    throw new CommandError(
      `${tree.from} has no file ${path}, which its ${description} names`,
      'Copy the whole folder of the model',
    );
  }
  const requirements = posix.join(folder, 'requirements.txt');
  const pinned = tree.paths.includes(requirements)
    ? pinnedVersions(await tree.read(requirements))
    : {};
  return { path, versions: version === undefined ? pinned : { ...pinned, fastai: version } };
}

async function fastaiFlavor(
  tree: FileTree,
  description: string,
): Promise<{ data: string; version: string | undefined }> {
  const { parse } = await import('yaml');
  const text = await tree.read(description);
  let flavors: unknown;
  try {
    flavors = (parse(text) as { flavors?: unknown } | null)?.flavors;
  } catch {
    throw new CommandError(`${tree.from}/${description} is not valid YAML`, 'Copy it again');
  }
  const table = (typeof flavors === 'object' && flavors) || {};
  const { data, fastai_version: version } = ((table as Record<string, unknown>)['fastai'] ??
    {}) as Record<string, unknown>;
  if (typeof data === 'string') {
    return { data, version: typeof version === 'string' ? version : undefined };
  }
  throw new CommandError(
    `${tree.from} is an MLflow model, but not a fastai learner: its flavors are ${listed(Object.keys(table)) || 'not given'}`,
    'Give a model that mlflow.fastai.log_model() wrote',
  );
}
