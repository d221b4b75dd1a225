import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Only what begins so is ever swept: BentoML keeps files of its own in the same folder. */
const PREFIX = 'vts-';
/** Models that were moved aside for others; they may be the only copy, and are not swept. */
export const REPLACED = `${PREFIX}replaced-`;
const DAY_MS = 24 * 3600 * 1000;

/**
 * The folder `tmp` of a store, where models are built before they are moved to their place, and
 * where those that are deleted are moved first. What a killed process left there is swept a day
 * later.
 *
 * It is BentoML's own folder for the like: one inside `models` BentoML would take for a model.
 */
export class Staging {
  readonly path: string;

  constructor(home: string) {
    this.path = join(home, 'tmp');
  }

  /** A new, empty folder. */
  async folder(purpose: 'model' | 'trash' | 'bundle'): Promise<string> {
    await mkdir(this.path, { recursive: true });
    // Not mkdtemp, whose folders nobody but their owner reads: who serves a model is often not who
    // saved it.
    const folder = this.pathOf(`${PREFIX}${purpose}`);
    await mkdir(folder);
    return folder;
  }

  /** A path of which nothing is there yet. */
  pathOf(beginning: string): string {
    return join(this.path, `${beginning}-${randomBytes(8).toString('hex')}`);
  }

  /**
   * Removes leftovers that nobody has touched for a day. Failures are let be: the next sweep tries
   * again.
   */
  async sweep(olderThanMs = DAY_MS): Promise<void> {
    const entries = await readdir(this.path).catch(() => []);
    for (const entry of entries) {
      if (!entry.startsWith(PREFIX) || entry.startsWith(REPLACED)) continue;
      const path = join(this.path, entry);
      try {
        if (Date.now() - (await lastTouched(path)) > olderThanMs) {
          await rm(path, { recursive: true, force: true });
        }
      } catch {
        continue;
      }
    }
  }
}

/**
 * When the entry, or something right inside it, was last written: a long download touches only its
 * file.
 */
async function lastTouched(path: string): Promise<number> {
  const own = await stat(path);
  if (!own.isDirectory()) return own.mtimeMs;
  const inside = await Promise.all(
    (await readdir(path)).map(async (entry) => (await stat(join(path, entry))).mtimeMs),
  );
  return Math.max(own.mtimeMs, ...inside);
}
