import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { VtsError } from '../../learner/errors/index.js';
import { archiveTarget, checkReadable, readModelYaml } from './archive/archive-files.js';
import { filesOf, sizeOf } from './archive/files-of.js';
import { ATTEMPTS, codeOf, isFolder, syncTree } from './durable.js';
import {
  ArchiveExistsError,
  ArchiveFileError,
  InvalidTagError,
  ModelExistsError,
  PinnedModelError,
} from './errors.js';
import { defaultHome, resolveHome } from './home.js';
import { ModelInfo, type ModelInfoFields } from './model-info.js';
import {
  fieldsOf,
  type CreateModelOptions,
  type ExportModelOptions,
  type ImportModelOptions,
  type ModelFilter,
} from './model-store-options.js';
import { ModelLookup } from './model-lookup.js';
import { MODEL_YAML } from './model-yaml.js';
import { Model } from './model.js';
import { PendingPointers } from './pending-pointers.js';
import { pinsOf } from './pins.js';
import { Publisher } from './publisher.js';
import { Staging } from './staging.js';
import { LATEST, Tag } from './tag.js';
import { newVersion, nowMicros } from './version.js';
import { newestFirst, VersionFolders } from './version-folders.js';
import { warn } from './warn.js';
import { LatestWatcher, type ModelWatcher, type WatchOptions } from './watcher.js';
import { naming } from './write-errors.js';

/**
 * Models by name and version in a folder with BentoML's layout:
 * `<home>/models/<name>/<version>/model.yaml` with the model's files next to it, and
 * `<home>/models/<name>/latest`, which contains the newest version. BentoML (`BENTOML_HOME`) and
 * this class share a store.
 *
 * Reading never writes. A model is built in `<home>/tmp` and moved to its place when it is complete
 * and synced to the disk. Readers find a complete model or none, even after a crash. Any number of
 * processes may write at once.
 *
 * @publicApi
 */
export class ModelStore {
  /** The store's folder, absolute. */
  readonly home: string;
  /** The folder of the models, `<home>/models`. */
  readonly path: string;
  readonly #folders: VersionFolders;
  readonly #staging: Staging;
  readonly #lookup: ModelLookup;
  readonly #publisher: Publisher;

  /**
   * @param home Default: the environment's `VTS_HOME`, else `~/vtsserving`. The first save creates
   * the folder.
   */
  constructor(home?: string) {
    this.home = home === undefined ? defaultHome() : resolveHome(home);
    this.path = join(this.home, 'models');
    this.#folders = new VersionFolders(this.path);
    this.#staging = new Staging(this.home);
    const pending = new PendingPointers(this.#folders, this.#staging);
    this.#lookup = new ModelLookup(this.home, this.#folders, pending);
    this.#publisher = new Publisher(this.#folders, this.#staging, pending);
  }

  /**
   * Finds a model by `name:version`, by `name:` with a prefix that only one version has, or the
   * newest one by `name` or `name:latest`.
   *
   * The file `latest` names the newest version. If that file is missing, or names a deleted
   * version, the newest version is the one created last.
   *
   * @throws InvalidTagError if the tag is not valid.
   * @throws ModelNotFoundError if no model matches; the message lists the models of the store.
   * @throws AmbiguousVersionError if several versions have the prefix.
   * @throws CorruptModelError if the model's model.yaml is missing or wrong.
   */
  async get(tag: string | Tag): Promise<Model> {
    return this.#lookup.model(Tag.parse(tag));
  }

  /**
   * Lists models by name, newest first: all of them, those of one name, or those with some labels.
   *
   * A model with an unreadable model.yaml is left out, with a process warning
   * (`VTS_CORRUPT_MODEL`).
   *
   * @throws InvalidTagError if the name is not valid.
   */
  async list(filter: string | ModelFilter = {}): Promise<Model[]> {
    const { name, labels = {} } = typeof filter === 'string' ? { name: filter } : filter;
    const names = name === undefined ? await this.#folders.names() : [Tag.parse(name).name];
    const listed: Model[] = [];
    for (const each of names) {
      const models = await this.#folders.readAll(await this.#folders.tags(each), ({ message }) =>
        warn('VTS_CORRUPT_MODEL', message),
      );
      listed.push(...models.sort(newestFirst));
    }
    return listed.filter(({ info }) =>
      Object.entries(labels).every(([key, value]) => info.labels[key] === value),
    );
  }

  /**
   * Saves a model: `fill` writes its files into an empty folder, and the store adds model.yaml.
   *
   * When `fill` throws, or anything else fails, the store is unchanged. The newest model of a name
   * becomes its `latest`.
   *
   * @param tag A name, which gets a new version that sorts by time; or name and version.
   * @throws InvalidTagError if the tag is not valid, or the version is `latest`.
   * @throws ModelExistsError if the version already exists.
   * @throws InvalidModelInfoError if model.yaml cannot hold the labels, metadata or signatures.
   * @throws StoreWriteError if the store cannot be written.
   */
  async create(
    tag: string | Tag,
    options: CreateModelOptions,
    fill: (folder: string) => Promise<void> | void,
  ): Promise<Model> {
    const wanted = Tag.parse(tag);
    refuseLatest(wanted);
    const fields = fieldsOf(options);
    // Errors in the options or the tag must appear before the work of filling.
    ModelInfo.create(wanted, fields, 0);
    if (wanted.version !== undefined && (await isFolder(this.#folders.folderOf(wanted)))) {
      throw new ModelExistsError(wanted.toString(), this.home);
    }
    return this.#build(async (folder) => {
      await fill(folder);
      return this.#place(folder, wanted, fields);
    });
  }

  /**
   * Deletes a version (`name:version`, in full), the newest one (`name:latest`), or, as BentoML
   * does, all versions of a bare name. `latest` then names the newest remaining version.
   *
   * @returns The deleted tags.
   * @throws ModelNotFoundError if no such model exists.
   * @throws PinnedModelError if a bundle of the store pins one of them and `force` is not set. Then
   *   nothing is deleted.
   * @throws StoreWriteError if the store cannot be written.
   */
  async delete(tag: string | Tag, options: { force?: boolean } = {}): Promise<Tag[]> {
    const wanted = Tag.parse(tag);
    const versions =
      wanted.version === undefined
        ? await this.#folders.versions(wanted.name)
        : [wanted.isLatest ? await this.#lookup.version(wanted) : wanted.version];
    const tags = versions
      .filter((version) => version !== undefined)
      .map((version) => wanted.withVersion(version));
    if (!options.force) {
      const [pinned] = await pinsOf(this.home, tags);
      if (pinned) throw new PinnedModelError(...pinned);
    }
    return naming(this.home, async () => {
      const deleted = await this.#publisher.remove(wanted.name, tags);
      if (deleted.length > 0) return deleted;
      throw await this.#lookup.notFound(wanted);
    });
  }

  /**
   * Imports the model of an archive, under the tag in its model.yaml.
   *
   * @param path A `.bentomodel`, `.tar.xz`, `.tar.gz`, `.tar` or `.zip` that {@link export} or
   * BentoML wrote. The content decides the format, not the name.
   * @throws ArchiveFormatError, ArchiveEntryError, CorruptModelArchiveError, ArchiveFileError for
   * the archive.
   * @throws CorruptModelError if its model.yaml is missing or wrong.
   * @throws ModelExistsError if the version already exists and `force` is not set.
   * @throws StoreWriteError if the store cannot be written.
   */
  async import(path: string, options: ImportModelOptions = {}): Promise<Model> {
    const { force = false, onProgress, ...limits } = options;
    const archive = resolve(path);
    await checkReadable(archive);
    // Loaded on demand: few programs need it, and all would wait for its libraries.
    const { unpack } = await import('./archive/unpack.js');
    return this.#build(async (folder) => {
      await unpack(archive, folder, limits, onProgress);
      const info = await readModelYaml(folder, archive);
      refuseLatest(info.tag);
      await syncTree(folder);
      if (!(await this.#publisher.publish(folder, info.tag, force))) {
        throw new ModelExistsError(info.tag.toString(), this.home, 'import');
      }
      return new Model(info.tag, this.#folders.folderOf(info.tag), info);
    });
  }

  /**
   * Exports a model into an archive that {@link import} and BentoML read.
   *
   * @param path The archive, or a folder for it. The extension decides the format, as in BentoML:
   * `.bentomodel` (a tar in xz, not compressed), `.tar.gz`, `.tar` or `.zip`. Other names get
   * `.bentomodel` appended. Default: `<name>-<version>.bentomodel` in the current folder.
   * @returns The absolute path of the archive.
   * @throws The errors of {@link get}.
   * @throws ArchiveExistsError if the file exists and `force` is not set.
   * @throws ArchiveFileError if the archive cannot be written. In that case, no part of it remains.
   */
  async export(
    tag: string | Tag,
    path: string = '.',
    options: ExportModelOptions = {},
  ): Promise<string> {
    const model = await this.get(tag);
    const { force = false, onProgress } = options;
    const { target, format } = await archiveTarget(model.tag, path, options.format);
    if (!force && existsSync(target)) throw new ArchiveExistsError(target);
    const files = await filesOf(model.path);
    const total = sizeOf(files);
    const { pack } = await import('./archive/pack.js');
    try {
      await pack(files, target, format, {
        overwrite: force,
        onProgress: onProgress && ((bytes) => onProgress(bytes, total)),
      });
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined || error instanceof VtsError) throw error;
      throw new ArchiveFileError(target, 'written', code, { cause: error });
    }
    return target;
  }

  /**
   * Watches the newest version of a name.
   *
   * @param tag `name` or `name:latest`.
   * @param listener Called with the newest model each time it changes, and once at the start unless
   * it is `known`, the version that the caller has. Its errors go to `onError`; it is not called
   * again for that version.
   * @throws InvalidTagError if the tag names one version, which never changes.
   */
  watch(
    tag: string | Tag,
    listener: (model: Model) => Promise<void> | void,
    options: WatchOptions & { known?: Tag } = {},
  ): ModelWatcher {
    const wanted = Tag.parse(tag);
    if (!wanted.isLatest) {
      throw new InvalidTagError(
        wanted.toString(),
        'it names one version, but only the newest version of a name changes',
        `Watch "${wanted.name}".`,
      );
    }
    return new LatestWatcher(wanted, (each) => this.get(each), listener, options);
  }

  /** Gives the filled folder its model.yaml, and moves it to its place. */
  async #place(folder: string, wanted: Tag, fields: ModelInfoFields): Promise<Model> {
    for (let attempt = 1; ; attempt++) {
      const micros = nowMicros();
      const tag = wanted.version === undefined ? wanted.withVersion(newVersion(micros)) : wanted;
      const info = ModelInfo.create(tag, fields, micros);
      await writeFile(join(folder, MODEL_YAML), info.toYaml());
      await syncTree(folder);
      if (await this.#publisher.publish(folder, tag, false)) {
        return new Model(tag, this.#folders.folderOf(tag), info);
      }
      if (wanted.version !== undefined || attempt === ATTEMPTS) {
        throw new ModelExistsError(tag.toString(), this.home);
      }
    }
  }

  /** Builds a model in a temporary folder, which is removed afterwards in any case. */
  #build<T>(work: (folder: string) => Promise<T>): Promise<T> {
    return naming(this.home, async () => {
      await this.#publisher.recover();
      const folder = await this.#staging.folder('model');
      try {
        return await work(folder);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  }
}

function refuseLatest(tag: Tag): void {
  if (tag.version !== LATEST) return;
  throw new InvalidTagError(
    tag.toString(),
    `a version cannot be called "${LATEST}", which means the newest one`,
    'Leave out the version to get a generated one, or choose another.',
  );
}
