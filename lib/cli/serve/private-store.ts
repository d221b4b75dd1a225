import { copyFile, link, mkdir, mkdtemp, realpath, stat, symlink } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { NotALearnerError } from '../../learner/fastai/errors.js';
import { isOnnx, NotAModuleError } from '../../learner/pytorch/index.js';
import { FASTAI } from '../../serving/models/fastai/rules.js';
import { optionsToKeep, type KeepableOptions } from '../../serving/models/kept/keep-options.js';
import { createModel } from '../../serving/models/saved-models.js';
import { pytorch } from '../../serving/index.js';
import { filesOf } from '../../serving/store/archive/files-of.js';
import { ModelStore, Tag, type Model } from '../../serving/store/index.js';

/**
 * A store of one process, for files that are in none. What it has are links, where the file system
 * has them: a file that is replaced while it is served stays what it was. It is gone with the process.
 */
export class PrivateStore {
  readonly store: ModelStore;

  private constructor(home: string) {
    this.store = new ModelStore(home);
    process.once('exit', () => rmSync(home, { recursive: true, force: true }));
  }

  static async create(): Promise<PrivateStore> {
    return new PrivateStore(await mkdtemp(join(tmpdir(), 'vts-serve-')));
  }

  /**
   * A file of a learner or of a PyTorch model.
   *
   * @throws The errors of a file that is neither.
   */
  async addFile(
    name: string | Tag,
    file: string,
    versions: Readonly<Record<string, string>>,
    load: KeepableOptions,
  ): Promise<Model> {
    const { store } = this;
    const notLearner = isOnnx(file) ? undefined : await learnerFault(file);
    if (notLearner === undefined && !isOnnx(file)) {
      const kept = await optionsToKeep(load);
      const description = {
        module: FASTAI.modules[0],
        signatures: FASTAI.defaults,
        options: kept.options,
        context: { frameworkName: FASTAI.name, frameworkVersions: versions },
      };
      const write = async (folder: string): Promise<void> => {
        await place(file, join(folder, FASTAI.file));
        await kept.writeTo(folder);
      };
      return createModel(Tag.parse(name), { store }, description, write);
    }
    const { code } = load;
    const options = { store, ...(code !== undefined && { code }) };
    return pytorch.saveModel(name, file, options).catch((error: unknown) => {
      throw error instanceof NotAModuleError && notLearner !== undefined ? notLearner : error;
    });
  }

  /** The model of an archive. @throws The errors of `ModelStore.import`. */
  addArchive(file: string): Promise<Model> {
    return this.store.import(file);
  }

  /** A model of another store, or of this one under another name. */
  async addModel({ tag: { version = '' }, path }: Model, name: string): Promise<Model> {
    const tag = new Tag(name, version);
    const folder = join(this.store.path, name, version);
    if (folder === path) return this.store.get(tag);
    for (const file of await filesOf(path)) {
      const target = join(folder, file.name);
      await mkdir(dirname(target), { recursive: true });
      await place(file.path, target);
    }
    return this.store.get(tag);
  }
}

/** Why a file is not a learner; undefined where it is one. @throws Other errors of the file. */
async function learnerFault(file: string): Promise<NotALearnerError | undefined> {
  const { openLearnerFile } = await import('../../learner/fastai/learner-file.js');
  try {
    openLearnerFile(file).torchFile.close();
    return undefined;
  } catch (error) {
    if (error instanceof NotALearnerError) return error;
    throw error;
  }
}

/** Other file systems have no hard links to this one, and some systems no links at all. */
async function place(file: string, target: string): Promise<void> {
  const source = await realFile(resolve(file));
  await link(source, target)
    .catch(() => symlink(source, target))
    .catch(() => copyFile(source, target));
}

/**
 * The file behind links, which may be replaced. A model image of KServe (`oci://`) is a link to
 * `/proc/PID/root`, whose path means another file, or none, where it is written out.
 */
async function realFile(path: string): Promise<string> {
  const meant = await stat(path);
  const real = await realpath(path).catch(() => path);
  const found = await stat(real).catch(() => undefined);
  return found?.ino === meant.ino && found.dev === meant.dev ? real : path;
}
