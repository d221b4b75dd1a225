import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Staging } from './staging.js';
import { isTagPart, Tag } from './tag.js';
import { isFolder, type VersionFolders } from './version-folders.js';

const PREFIX = 'vts-latest-';
/** Not in the grammar of tags. */
const SEPARATOR = '@';

/** A version whose writer has not said that the pointer is right. */
export interface PendingPointer {
  readonly tag: Tag;
  /** The note. */
  readonly path: string;
  /** Whether the version is in its place. */
  readonly placed: boolean;
}

/**
 * Notes in the folder `tmp` of a store, each an empty file whose name tells a version: its writer
 * is about to move it to its place or away from it, and to write the pointer `latest` after that. A
 * writer that is killed between the two leaves the note, from which readers see that the pointer is
 * behind, and the next writer puts it right.
 */
export class PendingPointers {
  readonly #folders: VersionFolders;
  readonly #staging: Staging;

  constructor(folders: VersionFolders, staging: Staging) {
    this.#folders = folders;
    this.#staging = staging;
  }

  /** Makes a note; the result removes it. */
  async add({ name, version = '' }: Tag): Promise<() => Promise<void>> {
    await mkdir(this.#staging.path, { recursive: true });
    const path = this.#staging.pathOf(`${PREFIX}${name}${SEPARATOR}${version}${SEPARATOR}`);
    await writeFile(path, '', { flush: true });
    return () => rm(path, { force: true });
  }

  /** The notes that are there, of all names. */
  async all(): Promise<PendingPointer[]> {
    const entries = await readdir(this.#staging.path).catch(() => []);
    const found: PendingPointer[] = [];
    for (const entry of entries) {
      const tag = tagOf(entry);
      if (tag === undefined) continue;
      const placed = await isFolder(this.#folders.folderOf(tag));
      found.push({ tag, path: join(this.#staging.path, entry), placed });
    }
    return found;
  }

  /**
   * Versions with notes that came after the pointer was written. One that was written later has
   * seen them, or was set by hand.
   */
  async ahead(name: string): Promise<Tag[]> {
    const placed = (await this.all()).filter((note) => note.placed && note.tag.name === name);
    if (placed.length === 0) return [];
    const pointer = await stat(this.#folders.pointerOf(name)).catch(() => undefined);
    const ahead: Tag[] = [];
    for (const { tag } of placed) {
      // Moving a folder sets its ctime.
      const came = await stat(this.#folders.folderOf(tag)).catch(() => undefined);
      if (came && (pointer === undefined || came.ctimeMs >= pointer.mtimeMs)) ahead.push(tag);
    }
    return ahead;
  }
}

function tagOf(entry: string): Tag | undefined {
  if (!entry.startsWith(PREFIX)) return undefined;
  const [name = '', version = ''] = entry.slice(PREFIX.length).split(SEPARATOR);
  return isTagPart(name) && isTagPart(version) ? new Tag(name, version) : undefined;
}
