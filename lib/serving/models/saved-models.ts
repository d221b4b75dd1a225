import { constants } from 'node:fs';
import { access, copyFile, stat, writeFile } from 'node:fs/promises';
import {
  ModelStore,
  Tag,
  type CreateModelOptions,
  type Model,
  type ModelMetadata,
} from '../store/index.js';
import { FrameworkMismatchError, ModelFileMissingError } from './errors.js';
import type { ModelRules } from './rules.js';

/** Options of every saved model. */
export interface SaveOptions {
  /** Strings to find the model by. */
  labels?: Readonly<Record<string, string>>;
  /** Facts to save with the model. */
  metadata?: Readonly<Record<string, ModelMetadata>>;
  /** Default: the store at `VTS_HOME`, else `~/vtsserving`. */
  store?: ModelStore;
}

export function createModel(
  tag: Tag,
  { labels, metadata, store = new ModelStore() }: SaveOptions,
  description: CreateModelOptions,
  write: (folder: string) => Promise<void>,
): Promise<Model> {
  return store.create(tag, { ...description, labels, metadata }, write);
}

/** @throws FrameworkMismatchError, and the errors of `ModelStore.get`. */
export async function findModel(
  rules: ModelRules,
  model: string | Tag | Model,
  { store = new ModelStore() }: { store?: ModelStore | undefined },
): Promise<Model> {
  const isTag = typeof model === 'string' || model instanceof Tag;
  const found = isTag ? await store.get(model) : model;
  const { module } = found.info;
  if (rules.modules.includes(module)) return found;
  throw new FrameworkMismatchError(found.tag.toString(), module, rules.name);
}

/** @throws ModelFileMissingError */
export async function demandFile(model: Model, file: string): Promise<void> {
  await access(file).catch(() => {
    throw new ModelFileMissingError(model.tag.toString(), file);
  });
}

export async function writeSource(source: string | Uint8Array, file: string): Promise<void> {
  if (typeof source === 'string') await copyFile(source, file, constants.COPYFILE_FICLONE);
  else await writeFile(file, source);
}

/** Why a model cannot be saved from a path; undefined if the path is a file. */
export async function pathFault(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return undefined;
  return `the path "${path}", ${found ? 'which is not a file' : 'which does not exist'}`;
}
