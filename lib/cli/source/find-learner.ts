import { CommandError } from '../errors.js';
import { findInAutogluon } from './autogluon.js';
import type { FileTree, FoundLearner } from './file-tree.js';
import { findInMlflow } from './mlflow.js';
import { listed } from '../../learner/errors/index.js';
import { pinnedVersions } from './named-facts.js';

/** The file names that libraries use for a learner, the likeliest first. */
const NAMES = ['export.pkl', 'model.pkl', 'learner.pkl', 'model.fastai', 'saved_model.pkl'];
/** The folders in which repositories of applications keep it. */
const FOLDERS = ['', 'model/', 'models/', 'app/'];
/** Tried one after the other, if no file has a usual name. */
const EXTENSIONS = [/^[^/]+\.(?:pkl|pickle|fastai)$/i, /^[^/]+\.pth?$/i];

/**
 * Finds the learner in a folder: one of MLflow or AutoGluon, a file with a usual name, or the only
 * file of a usual kind. It looks in the folder itself, then in `model`, `models` and `app`.
 *
 * @throws CommandError if the folder has none, or several without a usual name.
 */
export async function findLearner(tree: FileTree): Promise<FoundLearner> {
  const found = (await findInMlflow(tree)) ?? (await findInAutogluon(tree));
  if (found) return found;
  // The file that fastai's push_to_hub_fastai writes beside a model.pkl.
  const project = 'pyproject.toml';
  const versions = tree.paths.includes(project) ? pinnedVersions(await tree.read(project)) : {};
  return { path: byName(tree), versions };
}

/** Whether the layout of a folder identifies its learner. A single file is not enough. */
export function hasUsualName({ paths }: FileTree): boolean {
  return (
    usualName(paths) !== undefined ||
    paths.some((path) => /(?:^|\/)(?:MLmodel|model-internals\.pkl)$|^predictor\.pkl$/.test(path))
  );
}

function usualName(paths: readonly string[]): string | undefined {
  const known = new Set(paths);
  const usual = FOLDERS.flatMap((folder) => NAMES.map((name) => folder + name));
  return usual.find((path) => known.has(path));
}

function byName({ from, paths }: FileTree): string {
  const named = usualName(paths);
  if (named !== undefined) return named;
  for (const extension of EXTENSIONS) {
    for (const folder of FOLDERS) {
      const files = paths.filter(
        (path) => path.startsWith(folder) && extension.test(path.slice(folder.length)),
      );
      if (files.length === 1) return files[0]!;
      if (files.length > 1) {
        throw new CommandError(
          `${from} has several files that may be a learner: ${listed(files)}`,
          'Give the path of one of them',
        );
      }
    }
  }
  throw new CommandError(
    `${from} has no learner: no export.pkl, model.pkl or other .pkl in it or in its folders model, models and app`,
    'Give the path of the file that learner.export() wrote',
  );
}
