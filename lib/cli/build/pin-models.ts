import { constants } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { filesOf } from '../../serving/store/archive/files-of.js';
import { Tag, type Model, type ModelStore } from '../../serving/store/index.js';

/** The models of a bundle. They are copies, so that it runs without the store. */
export class PinnedModels {
  readonly #models = new Map<string, Model>();
  /** The version behind `latest` when the bundle was built, by name. */
  readonly #latest = new Map<string, string>();

  constructor(
    private readonly store: ModelStore,
    private readonly bundle: string,
  ) {}

  get models(): Model[] {
    return [...this.#models.values()];
  }

  /** @throws The errors of `ModelStore.get`. */
  async add(tag: string): Promise<Model> {
    const model = await this.store.get(tag);
    const { name, version = '' } = model.tag;
    if (!this.#models.has(String(model))) {
      for (const file of await filesOf(model.path)) {
        const target = join(this.bundle, 'models', name, version, file.name);
        await mkdir(dirname(target), { recursive: true });
        await copyFile(file.path, target, constants.COPYFILE_FICLONE);
      }
      this.#models.set(String(model), model);
    }
    const known = this.#latest.get(name);
    if (known === undefined || Tag.parse(tag).isLatest) {
      this.#latest.set(name, version);
      await writeFile(join(this.bundle, 'models', name, 'latest'), version);
    }
    return model;
  }
}
