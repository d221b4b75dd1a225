import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from './durable.js';
import { REPLACED, type Staging } from './staging.js';
import { isTagPart, Tag } from './tag.js';
import { isFolder, type VersionFolders } from './version-folders.js';

const SEPARATOR = '@';
/** A writer needs milliseconds between two moves; one that takes so long is dead. */
export const DEAD_AFTER_MS = 60_000;

/** The place of a model that was moved aside. */
export interface RoomForModel {
  /** Moves the old model back, unless there is another now. */
  restore(): Promise<void>;
  /** Deletes the old model. */
  release(): Promise<void>;
}

/**
 * Models that make room for another of the same version. No system call of Node swaps two folders,
 * so the old one is moved aside under a name that tells its place: where the writer is killed
 * before the new one has come, the next writer moves the old one back.
 */
export class ReplacedModels {
  readonly #folders: VersionFolders;
  readonly #staging: Staging;

  constructor(folders: VersionFolders, staging: Staging) {
    this.#folders = folders;
    this.#staging = staging;
  }

  /** Moves a model aside, if it is there. */
  async make(tag: Tag): Promise<RoomForModel> {
    const target = this.#folders.folderOf(tag);
    const aside = this.#staging.pathOf(
      `${REPLACED}${tag.name}${SEPARATOR}${tag.version ?? ''}${SEPARATOR}`,
    );
    await rename(target, aside);
    return {
      restore: () => this.#restore(aside, target),
      release: () => rm(aside, { recursive: true, force: true }),
    };
  }

  /**
   * Moves back what writers that were killed had moved aside, and removes what has been replaced.
   */
  async recover(): Promise<void> {
    const entries = await readdir(this.#staging.path).catch(() => []);
    for (const entry of entries) {
      const tag = tagOf(entry);
      if (tag === undefined) continue;
      const path = join(this.#staging.path, entry);
      // Renaming changes the ctime, not the mtime.
      const stats = await stat(path).catch(() => undefined);
      if (!stats || Date.now() - stats.ctimeMs < DEAD_AFTER_MS) continue;
      await this.#restore(path, this.#folders.folderOf(tag));
    }
  }

  async #restore(aside: string, target: string): Promise<void> {
    if (!(await isFolder(target))) {
      try {
        return await rename(aside, target);
      } catch (error) {
        const code = codeOf(error) ?? '';
        if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(code)) throw error;
      }
    }
    await rm(aside, { recursive: true, force: true });
  }
}

function tagOf(entry: string): Tag | undefined {
  if (!entry.startsWith(REPLACED)) return undefined;
  const [name = '', version = ''] = entry.slice(REPLACED.length).split(SEPARATOR);
  return isTagPart(name) && isTagPart(version) ? new Tag(name, version) : undefined;
}
