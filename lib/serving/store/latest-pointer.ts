import { rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ATTEMPTS, hasCode, replaceFile, syncPath } from './durable.js';
import type { Staging } from './staging.js';
import type { VersionFolders } from './version-folders.js';

/** Writes the file `latest` of the names of a store. */
export class LatestPointer {
  constructor(
    private readonly folders: VersionFolders,
    private readonly staging: Staging,
  ) {}

  /**
   * Makes `latest` name the newest version, and removes the folder of a name without versions. Each
   * of several concurrent writers ends with a check that finds the pointer correct. The last one
   * checks after all versions of the others have arrived, so its result is correct for all.
   */
  async settle(name: string): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const newest = await this.folders.newest(name);
      if (newest !== undefined) {
        if ((await this.folders.pointed(name)) === newest) return;
        await this.#point(name, newest);
      } else if ((await this.folders.versions(name)).length > 0 || (await this.#clear(name))) {
        return;
      }
    }
  }

  async #point(name: string, version: string): Promise<void> {
    try {
      await replaceFile(this.folders.pointerOf(name), version, this.staging.path);
    } catch (error) {
      // The name's folder was removed after it was read.
      if (!hasCode(error, 'ENOENT')) throw error;
    }
  }

  /** Removes the remains of a name without versions; false if a version has appeared meanwhile. */
  async #clear(name: string): Promise<boolean> {
    try {
      await unlink(this.folders.pointerOf(name));
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
    }
    try {
      await rmdir(join(this.folders.path, name));
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return true;
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
      // A foreign file keeps the folder. A model would need a pointer.
      return (await this.folders.versions(name)).length === 0;
    }
    await syncPath(this.folders.path, 'folder');
    return true;
  }
}
