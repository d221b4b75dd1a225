import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { isFolder } from './durable.js';
import { PENDING, type Staging } from './staging.js';
import type { Tag } from './tag.js';
import type { VersionFolders } from './version-folders.js';

/**
 * Notes in the folder `tmp` of a store, each an empty file whose name tells a version: its writer
 * is about to move it to its place or away from it, and to write the pointer `latest` after that. A
 * writer that is killed between the two leaves the note, from which readers see that the pointer is
 * behind, and the next writer puts it right.
 */
export class PendingPointers {
  constructor(
    private readonly folders: VersionFolders,
    private readonly staging: Staging,
  ) {}

  /** Makes a note; the result removes it. */
  async add(tag: Tag): Promise<() => Promise<void>> {
    await mkdir(this.staging.path, { recursive: true });
    const path = this.staging.pathFor(PENDING, tag);
    await writeFile(path, '', { flush: true });
    return () => rm(path, { force: true });
  }

  /** All notes; `placed` where the version is in its place. */
  async all(): Promise<{ tag: Tag; path: string; placed: boolean }[]> {
    const notes = await this.staging.tagged(PENDING);
    return Promise.all(
      notes.map(async (note) => ({
        ...note,
        placed: await isFolder(this.folders.folderOf(note.tag)),
      })),
    );
  }

  /** Versions noted after the pointer was written: a later pointer has seen them. */
  async ahead(name: string): Promise<Tag[]> {
    const placed = (await this.all()).filter((note) => note.placed && note.tag.name === name);
    if (placed.length === 0) return [];
    const pointer = await stat(this.folders.pointerOf(name)).catch(() => undefined);
    const ahead: Tag[] = [];
    for (const { tag } of placed) {
      // Moving a folder sets its ctime.
      const came = await stat(this.folders.folderOf(tag)).catch(() => undefined);
      if (came && (pointer === undefined || came.ctimeMs >= pointer.mtimeMs)) ahead.push(tag);
    }
    return ahead;
  }
}
