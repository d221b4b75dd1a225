import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  access,
  constants,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** The limit on the cache. The most recently used files stay. */
const MAX_BYTES = 10 * 2 ** 30;
const HOUR_MS = 3600 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** The facts about a file in the cache. */
export interface CacheEntry {
  readonly from: string;
  readonly sha256: string;
  readonly bytes: number;
  /** The file's name on the server. */
  readonly name: string;
  /** The server's own validators of this content. */
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /** When it came. */
  readonly time: string;
}

export interface CachedFile {
  readonly path: string;
  readonly entry: CacheEntry;
}

/**
 * A folder of downloads. `files/<sha256>/<name>` is never written twice. `index/<sha256 of the
 * address>.json` records the file of an address. Both are written under another name and renamed.
 * Only their owner can read them, because a file may need somebody's token.
 */
export class DownloadCache {
  private constructor(
    private readonly root: string,
    /** Removes the folder if it is only for this call. */
    readonly cleanup: () => Promise<void>,
  ) {}

  /** If the folder is not writable, downloads go into one that {@link cleanup} removes. */
  static async open(folder: string): Promise<DownloadCache> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await access(folder, constants.W_OK);
      return new DownloadCache(folder, async () => {});
    } catch {
      const temporary = await mkdtemp(join(tmpdir(), 'vts-download-'));
      return new DownloadCache(temporary, () => rm(temporary, { recursive: true, force: true }));
    }
  }

  /** The last download from an address, if the file still exists unchanged. */
  async find(key: string): Promise<CachedFile | undefined> {
    try {
      const index = this.#indexOf(key);
      const entry = JSON.parse(await readFile(index, 'utf8')) as CacheEntry;
      const path = this.#pathOf(entry);
      const found = await stat(path);
      if (found.size !== entry.bytes || (await digestOf(path)) !== entry.sha256) return undefined;
      await touch(path);
      return { path, entry };
    } catch {
      return undefined;
    }
  }

  /**
   * A path for a file in transfer. Files that a killed process left there are removed a day later.
   */
  async part(): Promise<string> {
    const folder = join(this.root, 'tmp');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
      if (Date.now() - mtimeMs > DAY_MS) await rm(path, { force: true });
    }
    return join(folder, `${randomBytes(8).toString('hex')}.part`);
  }

  /** Takes a complete file. @returns Its path. */
  async keep(key: string, part: string, entry: CacheEntry): Promise<string> {
    const path = this.#pathOf(entry);
    await mkdir(join(this.root, 'files', entry.sha256), { recursive: true, mode: 0o700 });
    await rename(part, path);
    const index = this.#indexOf(key);
    await mkdir(join(this.root, 'index'), { recursive: true, mode: 0o700 });
    await writeFile(`${part}.json`, JSON.stringify(entry), { mode: 0o600 });
    await rename(`${part}.json`, index);
    await this.#evict(entry.sha256);
    return path;
  }

  #indexOf(key: string): string {
    return join(this.root, 'index', `${createHash('sha256').update(key).digest('hex')}.json`);
  }

  #pathOf({ sha256, name }: CacheEntry): string {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new TypeError('An index of the cache is damaged.');
    const plain = name.replace(/[^\w.-]+/g, '_').slice(-80);
    return join(this.root, 'files', sha256, /\w/.test(plain) ? plain : 'model.pkl');
  }

  /** Removes the least recently used files, but none that another process may be reading. */
  async #evict(kept: string): Promise<void> {
    const files = join(this.root, 'files');
    const found: { folder: string; bytes: number; used: number }[] = [];
    for (const digest of await readdir(files)) {
      const folder = join(files, digest);
      for (const name of await readdir(folder).catch(() => [])) {
        const { size, mtimeMs } = await stat(join(folder, name)).catch(() => ({
          size: 0,
          mtimeMs: Infinity,
        }));
        found.push({ folder, bytes: size, used: digest === kept ? Infinity : mtimeMs });
      }
    }
    found.sort((a, b) => b.used - a.used);
    let total = 0;
    for (const { folder, bytes, used } of found) {
      total += bytes;
      if (total > MAX_BYTES && Date.now() - used > HOUR_MS) {
        await rm(folder, { recursive: true, force: true });
      }
    }
  }
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => {});
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
