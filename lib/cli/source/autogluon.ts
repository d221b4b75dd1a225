import { CommandError } from '../errors.js';
import type { FileTree, FoundLearner } from './file-tree.js';
import { listed } from '../../learner/errors/index.js';
import { trainersOf } from './named-facts.js';

const INSIDE = /(?:^|\/)model-internals\.pkl$/;
const NOTE =
  "the learner inside AutoGluon's NeuralNetFastAI expects columns that AutoGluon has prepared (missing numbers filled, numbers standardized, categories encoded) and answers with class numbers, so it predicts like AutoGluon only for such rows";

/**
 * The learner of AutoGluon's `NeuralNetFastAI`, in the folder of a `TabularPredictor` or of the
 * model itself. AutoGluon exports the learner alone. Filling, standardizing and ensembles are code
 * of AutoGluon.
 *
 * @returns Undefined if the folder is not AutoGluon's.
 * @throws CommandError if a predictor has no such model, or several.
 */
export async function findInAutogluon(tree: FileTree): Promise<FoundLearner | undefined> {
  const found = tree.paths.filter((path) => INSIDE.test(path));
  const [path] = found;
  if (path === undefined) {
    if (!tree.paths.includes('predictor.pkl')) return undefined;
    throw new CommandError(
      `${tree.from} is an AutoGluon predictor without a fastai learner (models/NeuralNetFastAI/model-internals.pkl)`,
      "Train it with hyperparameters={'FASTAI': {}}",
    );
  }
  if (found.length > 1) {
    throw new CommandError(
      `${tree.from} has ${found.length} fastai learners from AutoGluon: ${listed(found)}`,
      'Give the path of one of them',
    );
  }
  return { path, versions: await versionsOf(tree), note: NOTE };
}

async function versionsOf(tree: FileTree): Promise<Record<string, string>> {
  if (!tree.paths.includes('metadata.json')) return {};
  try {
    const { packages } = JSON.parse(await tree.read('metadata.json')) as { packages?: unknown };
    return trainersOf((typeof packages === 'object' && packages) || {});
  } catch {
    return {};
  }
}
