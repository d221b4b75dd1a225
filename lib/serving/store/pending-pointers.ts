import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { isFolder } from './durable.js';
import { PENDING, type Staging } from './staging.js';
import type { Tag } from './tag.js';
import type { VersionFolders } from './version-folders.js';

/**
 * Notes in the folder `tmp` of a store. Each is an empty file with a version in its name. The
 * note's writer is about to move that version into or out of its place, and then to write the
 * pointer `latest`. If the writer is killed between the two, its note remains. It shows readers
 * that the pointer is out of date, and the next writer corrects it.
 */
export class PendingPointers {
  constructor(
    private readonly folders: VersionFolders,
    private readonly staging: Staging,
  ) {}

  /** Makes a note. Returns a function that removes it. */
  async add(tag: Tag): Promise<() => Promise<void>> {
    await mkdir(this.staging.path, { recursive: true });
    const path = this.staging.pathFor(PENDING, tag);
    await writeFile(path, '', { flush: true });
    return () => rm(path, { force: true });
  }

  /** All notes; `placed` if the version is in its place. */
  async all(): Promise<{ tag: Tag; path: string; placed: boolean }[]> {
    const notes = await this.staging.tagged(PENDING);
    return Promise.all(
      notes.map(async (note) => ({
        ...note,
        placed: await isFolder(this.folders.folderOf(note.tag)),
      })),
    );
  }

  /**
   * Versions with a note that arrived after the pointer was written. A later pointer already takes
   * them into account.
   */
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
