import { rename, rm, stat } from 'node:fs/promises';
import { hasCode, isFolder } from './durable.js';
import { REPLACED, type Staging } from './staging.js';
import type { Tag } from './tag.js';
import type { VersionFolders } from './version-folders.js';

/** A writer needs milliseconds between two moves. One that takes this long is dead. */
export const DEAD_AFTER_MS = 60_000;

/** The original place of a model that was moved aside. */
export interface RoomForModel {
  /** Moves the old model back, unless another one exists by now. */
  restore(): Promise<void>;
  /** Deletes the old model. */
  release(): Promise<void>;
}

/**
 * Models that were moved aside for another of the same version. No system call of Node swaps two
 * folders. So the old one is moved aside under a name that shows its place. If the writer is killed
 * before the new one is in place, the next writer moves the old one back.
 */
export class ReplacedModels {
  constructor(
    private readonly folders: VersionFolders,
    private readonly staging: Staging,
  ) {}

  async make(tag: Tag): Promise<RoomForModel> {
    const target = this.folders.folderOf(tag);
    const aside = this.staging.pathFor(REPLACED, tag);
    await rename(target, aside);
    return {
      restore: () => this.#restore(aside, target),
      release: () => rm(aside, { recursive: true, force: true }),
    };
  }

  /** Moves models back that killed writers had moved aside, and removes replaced ones. */
  async recover(): Promise<void> {
    for (const { tag, path } of await this.staging.tagged(REPLACED)) {
      // Renaming changes the ctime, not the mtime.
      const stats = await stat(path).catch(() => undefined);
      if (!stats || Date.now() - stats.ctimeMs < DEAD_AFTER_MS) continue;
      await this.#restore(path, this.folders.folderOf(tag));
    }
  }

  async #restore(aside: string, target: string): Promise<void> {
    if (!(await isFolder(target))) {
      try {
        return await rename(aside, target);
      } catch (error) {
        if (!hasCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) throw error;
      }
    }
    await rm(aside, { recursive: true, force: true });
  }
}
