import { statSync } from 'node:fs';
import { filesOf } from '../serving/store/archive/files-of.js';
import { Tag, type Model } from '../serving/store/index.js';
import { CommandError } from './errors.js';
import { openStore, type StoreOptions } from './options.js';

/** What exists as a file is one, even if it looks like a tag. */
export async function resolveTarget(
  target: string,
  options: StoreOptions,
): Promise<{ file: string; model?: Model }> {
  if (statSync(target, { throwIfNoEntry: false })?.isFile()) return { file: target };
  if (/[\\/]|\.(?:pkl|pt|pth|bin|zip)$/.test(target)) {
    throw new CommandError(`There is no file ${target}`, 'Give the path of a file, or a tag');
  }
  const model = await (await openStore(options)).get(Tag.parse(target));
  const saved = (await filesOf(model.path)).find(({ name }) => /^saved_model\.\w+$/.test(name));
  if (saved) return { file: saved.path, model };
  throw new CommandError(
    `The model "${model.tag}" has no file saved_model.*`,
    'Save it with a framework, such as fastai.saveModel()',
  );
}
