import { ATTEMPTS, isFolder } from './durable.js';
import { AmbiguousVersionError, ModelNotFoundError } from './errors.js';
import type { Model } from './model.js';
import type { PendingPointers } from './pending-pointers.js';
import { Tag } from './tag.js';
import type { VersionFolders } from './version-folders.js';

/** Finds the models that tags mean. */
export class ModelLookup {
  constructor(
    private readonly home: string,
    private readonly folders: VersionFolders,
    private readonly pending: PendingPointers,
  ) {}

  async model(tag: Tag): Promise<Model> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = await this.version(tag);
      if (found === undefined) break;
      const model = await this.folders.read(tag.withVersion(found));
      // If it was deleted after the lookup, a new lookup may find another one.
      if (model) return model;
    }
    throw await this.notFound(tag);
  }

  /** The version that a tag means, if it exists. */
  async version(tag: Tag): Promise<string | undefined> {
    if (tag.isLatest) return this.#latest(tag.name);
    const { name, version = '' } = tag;
    const versions = await this.folders.versions(name);
    if (versions.includes(version)) return version;
    const matches = versions.filter((each) => each.startsWith(version));
    if (matches.length > 1) throw new AmbiguousVersionError(tag.toString(), matches);
    return matches[0];
  }

  /** The error lists the tags of the name, or all tags if it has none. */
  async notFound(tag: Tag): Promise<ModelNotFoundError> {
    let available = await this.folders.tags(tag.name);
    if (available.length === 0) {
      const names = await this.folders.names();
      available = (await Promise.all(names.map((name) => this.folders.tags(name)))).flat();
    }
    return new ModelNotFoundError(tag.toString(), this.home, available.map(String));
  }

  async #latest(name: string): Promise<string | undefined> {
    // Reads the notes first. A writer removes its note when the pointer is correct, so a pointer
    // that is read later is correct if no note was seen. In the other order, the newest version
    // could go back by one.
    const ahead = await this.pending.ahead(name);
    const pointed = await this.folders.pointed(name);
    const to = pointed === undefined ? undefined : new Tag(name, pointed);
    if (to && (await isFolder(this.folders.folderOf(to)))) {
      if (ahead.length === 0) return pointed;
      return (await this.folders.newest([to, ...ahead])) ?? pointed;
    }
    const newest = await this.folders.newest(name);
    // If every version is corrupt, reading one reports it.
    return newest ?? (await this.folders.versions(name)).at(-1);
  }
}
