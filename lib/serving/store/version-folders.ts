import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, hasCode, isFolder } from './durable.js';
import { CorruptModelError } from './errors.js';
import { MODEL_YAML, parseModelYaml } from './model-yaml.js';
import { Model } from './model.js';
import { isTagPart, LATEST, Tag } from './tag.js';

/** Reads the folders of a store: `<name>/<version>/model.yaml`, and `<name>/latest`. */
export class VersionFolders {
  constructor(
    /** The folder `models` of the store. */
    readonly path: string,
  ) {}

  folderOf(tag: Tag): string {
    return join(this.path, tag.name, tag.version ?? '');
  }

  pointerOf(name: string): string {
    return join(this.path, name, LATEST);
  }

  /** Names that can be models', in order. */
  names(): Promise<string[]> {
    return folders(this.path);
  }

  /** The versions of a name, in order; empty if the name does not exist. Some may not be models. */
  async versions(name: string): Promise<string[]> {
    const found = await folders(join(this.path, name));
    // BentoML can save a version "latest", which is a folder in the pointer's place.
    return found.filter((version) => version !== LATEST);
  }

  /**
   * The version that the pointer of a name contains, if the pointer exists. The version itself may
   * be missing.
   */
  async pointed(name: string): Promise<string | undefined> {
    try {
      const version = (await readFile(this.pointerOf(name), 'utf8')).trim();
      return isTagPart(version) ? version : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Reads a model; undefined if its folder does not exist.
   *
   * @throws CorruptModelError if the folder has no readable model.yaml.
   */
  async read(tag: Tag): Promise<Model | undefined> {
    const path = this.folderOf(tag);
    let text: string;
    try {
      text = await readFile(join(path, MODEL_YAML), 'utf8');
    } catch (cause) {
      const isMissing = hasCode(cause, 'ENOENT', 'ENOTDIR');
      if (isMissing && !(await isFolder(path))) return undefined;
      const problem = isMissing
        ? 'it has no model.yaml'
        : `its model.yaml cannot be opened (${codeOf(cause) ?? String(cause)})`;
      throw new CorruptModelError(path, [problem], { cause });
    }
    // The folder's name gives the tag, even if someone copied or renamed the folder, because tags
    // find folders.
    return new Model(tag, path, parseModelYaml(text, path));
  }

  /** The models with these tags. Unreadable ones go to `onCorrupt`. */
  async readAll(
    tags: readonly Tag[],
    onCorrupt: (error: CorruptModelError) => void = () => undefined,
  ): Promise<Model[]> {
    const models: Model[] = [];
    for (const tag of tags) {
      try {
        const model = await this.read(tag);
        if (model) models.push(model);
      } catch (error) {
        if (!(error instanceof CorruptModelError)) throw error;
        onCorrupt(error);
      }
    }
    return models;
  }

  async tags(name: string): Promise<Tag[]> {
    return (await this.versions(name)).map((version) => new Tag(name, version));
  }

  /** The newest readable version of a name, or of some tags. */
  async newest(of: string | readonly Tag[]): Promise<string | undefined> {
    const models = await this.readAll(typeof of === 'string' ? await this.tags(of) : of);
    return models.sort(newestFirst)[0]?.tag.version;
  }
}

/** By time of creation, and for equal times by version. */
export function newestFirst(a: Model, b: Model): number {
  const time = b.info.creationMicros - a.info.creationMicros;
  return time !== 0 ? time : (b.tag.version ?? '') < (a.tag.version ?? '') ? -1 : 1;
}

/** The folders in a folder, and links to folders, which mounted volumes have. */
async function folders(path: string): Promise<string[]> {
  const entries = await readdir(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  });
  const found: string[] = [];
  for (const entry of entries.sort()) {
    if (isTagPart(entry) && (await isFolder(join(path, entry)))) found.push(entry);
  }
  return found;
}
