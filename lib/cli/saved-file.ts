import { filesOf } from '../serving/store/archive/files-of.js';
import type { Model } from '../serving/store/index.js';
import { CommandError } from './errors/cli.error.js';

/**
 * The file of a model that its framework saved.
 *
 * @throws CommandError where it has none.
 */
export async function resolveSaved(model: Model): Promise<string> {
  const saved = (await filesOf(model.path)).find(({ name }) => /^saved_model\.\w+$/.test(name));
  if (saved) return saved.path;
  throw new CommandError(
    `The model "${model.tag}" has no file saved_model.*`,
    'Save it with a framework, such as fastai.saveModel()',
  );
}
