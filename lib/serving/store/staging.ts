import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isTagPart, Tag } from './tag.js';

/** Only what starts so is ever swept: BentoML keeps files of its own in the same folder. */
const PREFIX = 'vts-';
/** Models that were moved aside for others; they may be the only copy, and are not swept. */
export const REPLACED = `${PREFIX}replaced-`;
/** Notes on versions whose pointer may be behind. */
export const PENDING = `${PREFIX}latest-`;
/** Not in the grammar of tags. */
const SEPARATOR = '@';
const DAY_MS = 24 * 3600 * 1000;

/**
 * The folder `tmp` of a store, where models are built before they are moved to their place, and
 * where deleted ones are moved first. What a killed process left there is swept a day later.
 *
 * BentoML keeps such things there too: a folder inside `models` it would take for a model.
 */
export class Staging {
  readonly path: string;

  constructor(home: string) {
    this.path = join(home, 'tmp');
  }

  /** A new, empty folder. */
  async folder(purpose: 'model' | 'trash' | 'bundle'): Promise<string> {
    await mkdir(this.path, { recursive: true });
    // Not mkdtemp, whose folders only their owner reads: who serves a model is often not who saved
    // it.
    const folder = this.#unused(`${PREFIX}${purpose}`);
    await mkdir(folder);
    return folder;
  }

  /** An unused path whose name tells a version, for {@link tagged}. */
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

  /** Removes leftovers that nobody has touched for a day. The next sweep tries again what fails. */
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

/** When the entry, or something right inside it, was last written: a download touches its file. */
async function lastTouched(path: string): Promise<number> {
  const own = await stat(path);
  if (!own.isDirectory()) return own.mtimeMs;
  const inside = await Promise.all(
    (await readdir(path)).map(async (entry) => (await stat(join(path, entry))).mtimeMs),
  );
  return Math.max(own.mtimeMs, ...inside);
}
