import { stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { keptOptions, loadedOptions } from '../../serving/models/kept/kept-options.js';
import { filesOf } from '../../serving/store/archive/files-of.js';
import { ModelNotFoundError, Tag } from '../../serving/store/index.js';
import { isTagPart } from '../../serving/store/tag.js';
import { CommandError } from '../errors.js';
import { openStore, type StoreOptions } from '../options.js';
import { warn } from '../output/print.js';
import { findLearner } from './find-learner.js';
import { readFolder } from './folder.js';
import { modelName } from './model-name.js';
import { nothingToClean, type Source } from './source.js';

/**
 * Finds the file that a command works on.
 *
 * @param target The path of a file; of a folder with a learner in it (a clone from the Hugging Face
 * Hub, a model of MLflow or AutoGluon, an application); the tag of a model in the store; or a URL:
 * `https://…`, `hf://owner/name[@revision][/file]`, `s3://bucket/key`. A tag goes before a folder of
 * the same name: write `./name` for the folder.
 * @throws CommandError if it is none of these, or cannot be fetched.
 */
export async function resolveSource(target: string, options: StoreOptions): Promise<Source> {
  const source = await find(target, options);
  if (source.note !== undefined) warn(source.note);
  return source;
}

async function find(target: string, options: StoreOptions): Promise<Source> {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(target) ?? [];
  if (scheme !== undefined) {
    const { fetchSource } = await import('./remote/fetch-source.js');
    return fetchSource(scheme.toLowerCase(), target, options.home);
  }
  const found = await stat(target).catch(() => undefined);
  if (found?.isFile()) return ofFile(target);
  const isFolder = found?.isDirectory() === true;
  if (isFolder && !isTagText(target)) return ofFolder(target);
  if (/[\\/]|\.(?:pkl|pickle|pth?|fastai|bin|zip)$/.test(target)) {
    throw new CommandError(`No file at ${target}`, 'Give the path of a file or folder, or a tag');
  }
  return ofTag(target, options).catch((error: unknown) => {
    if (isFolder && error instanceof ModelNotFoundError) return ofFolder(target);
    throw error;
  });
}

function isTagText(text: string): boolean {
  const parts = text.split(':');
  return parts.length <= 2 && parts.every(isTagPart);
}

function ofFile(path: string): Source {
  return {
    file: path,
    name: modelName(resolve(path).split(sep)),
    from: path,
    versions: {},
    cleanup: nothingToClean,
  };
}

async function ofFolder(folder: string): Promise<Source> {
  const { path, ...facts } = await findLearner(await readFolder(folder));
  return { ...ofFile(join(folder, path)), ...facts };
}

async function ofTag(target: string, options: StoreOptions): Promise<Source> {
  const model = await (await openStore(options)).get(Tag.parse(target));
  const saved = (await filesOf(model.path)).find(({ name }) => /^saved_model\.\w+$/.test(name));
  if (!saved) {
    throw new CommandError(
      `The model "${model.tag}" has no file saved_model.*`,
      'Save it with a framework, such as fastai.saveModel()',
    );
  }
  return {
    file: saved.path,
    name: model.tag.name,
    from: String(model.tag),
    model,
    load: await loadedOptions(keptOptions(model)),
    versions: model.info.context.frameworkVersions,
    cleanup: nothingToClean,
  };
}
