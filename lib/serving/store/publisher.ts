import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ATTEMPTS, hasCode, isFolder, syncPath } from './durable.js';
import { LatestPointer } from './latest-pointer.js';
import type { PendingPointers } from './pending-pointers.js';
import { DEAD_AFTER_MS, ReplacedModels, type RoomForModel } from './replaced-models.js';
import type { Staging } from './staging.js';
import type { Tag } from './tag.js';
import type { VersionFolders } from './version-folders.js';

/**
 * Moves whole models into a store and out of it. Readers find a complete model or none, and a
 * correct pointer, even after a crash.
 */
export class Publisher {
  readonly #replaced: ReplacedModels;
  readonly #latest: LatestPointer;

  constructor(
    private readonly folders: VersionFolders,
    private readonly staging: Staging,
    private readonly pending: PendingPointers,
  ) {
    this.#replaced = new ReplacedModels(folders, staging);
    this.#latest = new LatestPointer(folders, staging);
  }

  /**
   * Moves a filled folder to the place of a version. Its content must be on the disk.
   *
   * @param replace Whether to replace an existing model.
   * @returns False if the version exists.
   */
  async publish(folder: string, tag: Tag, replace: boolean): Promise<boolean> {
    const forget = await this.pending.add(tag);
    let room: RoomForModel | undefined;
    try {
      if (replace && (await isFolder(this.folders.folderOf(tag)))) {
        room = await this.#replaced.make(tag);
      }
      if (!(await this.#move(folder, tag))) return false;
      await this.#announce(tag);
      await room?.release();
      return true;
    } catch (error) {
      await room?.restore();
      if (room) await this.#latest.settle(tag.name).catch(() => undefined);
      throw error;
    } finally {
      // A remaining note is harmless, because the next writer handles it.
      await forget().catch(() => undefined);
    }
  }

  /** Removes models; returns those that existed. */
  async remove(name: string, tags: readonly Tag[]): Promise<Tag[]> {
    const removed: Tag[] = [];
    for (const tag of tags) {
      if (!(await isFolder(this.folders.folderOf(tag)))) continue;
      const forget = await this.#note(tag);
      if (await this.#remove(this.folders.folderOf(tag))) removed.push(tag);
      await this.#latest.settle(name);
      await forget().catch(() => undefined);
    }
    return removed;
  }

  /** Completes the work of killed writers, and removes their leftovers. */
  async recover(): Promise<void> {
    await this.#replaced.recover();
    for (const { tag, path, placed } of await this.pending.all()) {
      // A note on a missing version may come from a writer that is still running and will complete
      // it.
      if (!placed && !(await isOlderThan(path, DEAD_AFTER_MS))) continue;
      const { name } = tag;
      const pointed = await this.folders.pointed(name);
      const isStray =
        pointed !== undefined && !(await isFolder(this.folders.folderOf(tag.withVersion(pointed))));
      if (isStray || (await this.pending.ahead(name)).length > 0) await this.#latest.settle(name);
      // The pointer is now correct for this version, even if its writer is still running.
      await rm(path, { force: true });
    }
    await this.staging.sweep();
  }

  /** A full disk has no room for a note, and deleting must still work. */
  async #note(tag: Tag): Promise<() => Promise<void>> {
    try {
      return await this.pending.add(tag);
    } catch (error) {
      if (!hasCode(error, 'ENOSPC', 'EDQUOT')) throw error;
      return () => Promise.resolve();
    }
  }

  /** Corrects `latest` after a version was added. If that fails, it removes the version again. */
  async #announce(tag: Tag): Promise<void> {
    try {
      await this.#latest.settle(tag.name);
    } catch (error) {
      await rm(this.folders.folderOf(tag), { recursive: true, force: true });
      await this.#latest.settle(tag.name).catch(() => undefined);
      throw error;
    }
  }

  /** Moves a folder to the place of a version; false if the version exists. */
  async #move(folder: string, tag: Tag): Promise<boolean> {
    const parent = join(this.folders.path, tag.name);
    const target = this.folders.folderOf(tag);
    for (let attempt = 1; ; attempt++) {
      try {
        await mkdir(parent, { recursive: true });
        if (await isFolder(target)) return false;
        await rename(folder, target);
        break;
      } catch (error) {
        if (hasCode(error, 'ENOTEMPTY', 'EEXIST')) return false;
        // Another process has just deleted the last model of the name, and the name's folder.
        if (!hasCode(error, 'ENOENT') || attempt === ATTEMPTS) throw error;
      }
    }
    await syncPath(parent, 'folder');
    await syncPath(this.folders.path, 'folder');
    return true;
  }

  /** Moves a model's folder away in one step, then deletes it; false if it no longer exists. */
  async #remove(path: string): Promise<boolean> {
    let trash: string | undefined;
    try {
      trash = await this.staging.folder('trash');
      await rename(path, join(trash, 'model'));
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false;
      // A full disk has no room to move it aside, and deleting must still work.
      if (!hasCode(error, 'ENOSPC', 'EDQUOT', 'EXDEV')) throw error;
      await rm(path, { recursive: true, force: true });
    } finally {
      if (trash !== undefined) await rm(trash, { recursive: true, force: true });
    }
    return true;
  }
}

async function isOlderThan(path: string, ms: number): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats !== undefined && Date.now() - stats.mtimeMs > ms;
}
