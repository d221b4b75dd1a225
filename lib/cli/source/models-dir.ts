import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { listed } from '../../learner/errors/index.js';
import { LATEST, isTagPart } from '../../serving/store/tag.js';
import { MODEL_YAML, parseModelYaml } from '../../serving/store/model-yaml.js';
import { VersionFolders } from '../../serving/store/version-folders.js';
import { Model } from '../../serving/store/index.js';
import { CommandError, unreadable } from '../errors.js';
import type { FileTree } from './file-tree.js';
import { findLearner, hasUsualName } from './find-learner.js';
import { readFolder } from './folder.js';
import { modelName } from './model-name.js';

/** A model in a folder of models. */
export type DirModel =
  | { readonly kind: 'stored'; readonly model: Model }
  /** The model contains its name. */
  | { readonly kind: 'archive'; readonly file: string }
  | {
      readonly kind: 'file';
      readonly file: string;
      readonly name: string;
      readonly versions: Readonly<Record<string, string>>;
      readonly note?: string | undefined;
    };

const MODEL_FILE = /\.(?:pkl|pickle|fastai|pth?|onnx)$/i;
const ARCHIVE = /\.bentomodel$/i;
/** Read only if the folder has nothing else, because a zip beside a learner may be its data. */
const OTHER_ARCHIVE = /\.(?:tar|tgz|txz|zip|tar\.[gx]z)$/i;
/** `models/NAME/VERSION` is the deepest layout. */
const DEEPEST = 2;
const MOST_MODELS = 1000;

/**
 * The models of a folder that KServe mounts at `/mnt/models`. It may be a learner with the files of
 * its library (the Hugging Face Hub, MLflow, AutoGluon), or one version of a model store. It may be
 * a whole store, of which the newest version of each name counts. It may also have archives that
 * `vts models export` or BentoML wrote. Several models are each a file or a folder of their own.
 *
 * @throws CommandError if it has no model; the message lists its contents.
 */
export async function readModelsDir(dir: string): Promise<DirModel[]> {
  const found = await stat(dir).catch(() => undefined);
  if (found === undefined) {
    throw new CommandError(`No folder at ${dir}`, 'Use --models-dir with the folder of the models');
  }
  if (!found.isDirectory()) {
    throw new CommandError(
      `${dir} is a file, but --models-dir takes a folder`,
      `Serve the file with vts serve ${dir}`,
    );
  }
  const root = resolve(dir);
  const newest = await newestVersion(dirname(root), basename(root));
  if (newest !== undefined) return [{ kind: 'stored', model: newest }];
  const models = await new ModelsDir(root).models('', 0);
  if (models.length > 0) return models;
  throw await noModels(dir);
}

class ModelsDir {
  constructor(private readonly root: string) {}

  async models(below: string, depth: number): Promise<DirModel[]> {
    const folder = join(this.root, below);
    const stored = await storedModel(folder);
    if (stored !== undefined) return [{ kind: 'stored', model: stored }];
    const tree = await readFolder(folder);
    const learner = await this.#learner(tree, below);
    if (learner !== undefined) return [learner];
    const files = tree.paths.filter((path) => !/[/]|^\./.test(path));
    const models = files.flatMap((file) => this.#ofFile(join(below, file)));
    for (const name of depth < DEEPEST ? await foldersOf(folder) : []) {
      const newest = await newestVersion(folder, name);
      const inside = newest
        ? [{ kind: 'stored', model: newest } as const]
        : await this.models(join(below, name), depth + 1);
      models.push(...inside);
      if (models.length > MOST_MODELS) {
        throw new CommandError(
          `${this.root} has more than ${MOST_MODELS.toLocaleString('en')} models`,
          'Serve fewer models from one process',
        );
      }
    }
    if (models.length > 0 || depth > 0) return models;
    const archives = files.filter((file) => OTHER_ARCHIVE.test(file));
    return archives.map((file) => ({ kind: 'archive', file: join(folder, file) }));
  }

  /** The learner of a folder whose layout shows that it has one. */
  async #learner(tree: FileTree, below: string): Promise<DirModel | undefined> {
    if (!hasUsualName(tree)) return undefined;
    const { path, versions, note } = await findLearner(tree);
    return { ...this.#file(join(below, path)), versions, note };
  }

  #ofFile(path: string): DirModel[] {
    if (ARCHIVE.test(path)) return [{ kind: 'archive', file: join(this.root, path) }];
    return MODEL_FILE.test(path) ? [this.#file(path)] : [];
  }

  #file(path: string): Extract<DirModel, { kind: 'file' }> {
    // The mount point of the folder does not name the model.
    const name = modelName([basename(this.root), ...path.split(sep)]);
    return { kind: 'file', file: join(this.root, path), name, versions: {} };
  }
}

/** The model of a folder that is one version of a store. @throws CorruptModelError */
async function storedModel(folder: string): Promise<Model | undefined> {
  const text = await readFile(join(folder, MODEL_YAML), 'utf8').catch(() => undefined);
  // Other libraries also write a model.yaml.
  if (text === undefined || !(await readdir(folder)).some(isSavedModel)) return undefined;
  const info = parseModelYaml(text, folder);
  return new Model(info.tag, folder, info);
}

function isSavedModel(name: string): boolean {
  return /^saved_model\.\w+$/.test(name);
}

/**
 * The newest version of a name in the folder `models` of a store; undefined if it is not a store.
 */
async function newestVersion(folder: string, name: string): Promise<Model | undefined> {
  if (!isTagPart(name)) return undefined;
  const folders = new VersionFolders(folder);
  const tags = await folders.tags(name);
  const pointed = await folders.pointed(name);
  const [current] = tags.filter(({ version }) => version === pointed);
  const newest = current?.version ?? (await folders.newest(tags));
  return newest === undefined ? undefined : folders.read(tags[0]!.withVersion(newest));
}

/** The names of its folders, including links to folders, except for hidden ones. */
async function foldersOf(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const name of (await readdir(folder).catch(unreadable(folder))).toSorted()) {
    if (name.startsWith('.') || name === LATEST || name === 'lost+found') continue;
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found?.isDirectory() === true) names.push(name);
  }
  return names;
}

async function noModels(dir: string): Promise<CommandError> {
  const names = (await readdir(dir)).toSorted();
  const has = names.length === 0 ? 'it is empty' : `it has ${listed(names)}`;
  return new CommandError(
    `${dir} has no model: ${has}`,
    'Put an export.pkl or model.pkl there, a .pt or .onnx file, a .bentomodel archive, a model store ' +
      '(models/NAME/VERSION), or a folder with one of them for each model',
  );
}
