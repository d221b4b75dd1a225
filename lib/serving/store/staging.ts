import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isTagPart, Tag } from './tag.js';

/**
 * Only names with this prefix are ever removed, because BentoML keeps its own files in the same
 * folder.
 */
const PREFIX = 'vts-';
/** Models that were moved aside for others. They may be the only copy, so they are not removed. */
export const REPLACED = `${PREFIX}replaced-`;
/** Notes on versions whose pointer may be out of date. */
export const PENDING = `${PREFIX}latest-`;
/** A character that tags cannot contain. */
const SEPARATOR = '@';
const DAY_MS = 24 * 3600 * 1000;

/**
 * The folder `tmp` of a store. Models are built there before they are moved to their place, and
 * deleted ones are moved there first. Leftovers of a killed process are removed a day later.
 * BentoML also uses this folder. It would treat a folder inside `models` as a model.
 */
export class Staging {
  readonly path: string;

  constructor(home: string) {
    this.path = join(home, 'tmp');
  }

  /** A new, empty folder. */
  async folder(purpose: 'model' | 'trash' | 'bundle'): Promise<string> {
    await mkdir(this.path, { recursive: true });
    // Not mkdtemp, because only their owner can read its folders: the user who serves a model is
    // often not the one who saved it.
    const folder = this.#unused(`${PREFIX}${purpose}`);
    await mkdir(folder);
    return folder;
  }

  /** An unused path with a version in its name, for {@link tagged}. */
  pathFor(prefix: string, { name, version = '' }: Tag): string {
    return this.#unused(`${prefix}${name}${SEPARATOR}${version}${SEPARATOR}`);
  }

  /** The paths of {@link pathFor} that exist. */
  async tagged(prefix: string): Promise<{ tag: Tag; path: string }[]> {
    return (await this.#entries()).flatMap((entry) => {
      if (!entry.startsWith(prefix)) return [];
      const [name = '', version = ''] = entry.slice(prefix.length).split(SEPARATOR);
      if (!isTagPart(name) || !isTagPart(version)) return [];
      return [{ tag: new Tag(name, version), path: join(this.path, entry) }];
    });
  }

  /**
   * Removes leftovers that nobody has touched for a day. The next sweep tries failed removals
   * again.
   */
  async sweep(): Promise<void> {
    for (const entry of await this.#entries()) {
      if (!entry.startsWith(PREFIX) || entry.startsWith(REPLACED)) continue;
      const path = join(this.path, entry);
      try {
        if (Date.now() - (await lastTouched(path)) > DAY_MS) {
          await rm(path, { recursive: true, force: true });
        }
      } catch {
        continue;
      }
    }
  }

  #unused(beginning: string): string {
    return join(this.path, `${beginning}-${randomBytes(8).toString('hex')}`);
  }

  #entries(): Promise<string[]> {
    return readdir(this.path).catch(() => []);
  }
}

/**
 * When the entry, or something directly inside it, was last written, because a download touches
 * only its file.
 */
async function lastTouched(path: string): Promise<number> {
  const own = await stat(path);
  if (!own.isDirectory()) return own.mtimeMs;
  const inside = await Promise.all(
    (await readdir(path)).map(async (entry) => (await stat(join(path, entry))).mtimeMs),
  );
  return Math.max(own.mtimeMs, ...inside);
}
