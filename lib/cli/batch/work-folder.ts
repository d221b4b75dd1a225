import {
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { hasCode, replaceFile, syncPath } from '../../serving/store/durable.js';
import { CommandError } from '../errors.js';

/** Everything that the result depends on, as plain data by what people call it. */
export type Manifest = Readonly<Record<string, unknown>>;

const MANIFEST = 'manifest.json';
const LOCK = 'lock';
/** Folders in which other processes put chunks. */
const INBOX = /^in-([0-9a-f]{16})$/;
const ROWS = /^(\d{8,})\.rows$/;

/**
 * The folder beside an output that has the chunks that are done, until the output is in its place.
 * The same work begun again goes on with them.
 */
export class WorkFolder {
  readonly path: string;
  readonly #done = new Set<number>();

  private constructor(output: string) {
    this.path = join(dirname(output), `.${basename(output)}.vts-batch`);
  }

  /**
   * Takes the folder for this process.
   *
   * @param restart Whether to forget what was done.
   * @throws CommandError where another process works on it, or other work has begun there.
   */
  static async take(output: string, manifest: Manifest, restart: boolean): Promise<WorkFolder> {
    const folder = new WorkFolder(resolve(output));
    await mkdir(folder.path, { recursive: true });
    await folder.#lock(output);
    try {
      await folder.#begin(output, manifest, restart);
    } catch (error) {
      await folder.release();
      throw error;
    }
    return folder;
  }

  isDone(chunk: number): boolean {
    return this.#done.has(chunk);
  }

  /** Chunks that are done. */
  get done(): number {
    return this.#done.size;
  }

  rowsOf(chunk: number): string {
    return join(this.path, rowsName(chunk));
  }

  errorsOf(chunk: number): string {
    return join(this.path, errorsName(chunk));
  }

  /** Puts a chunk in its place: its errors first, as its rows say that it is done. */
  async finish(
    chunk: number,
    errors: string,
    writeRows: (path: string) => Promise<void>,
  ): Promise<void> {
    await putChunk(this.path, chunk, errors, writeRows);
    this.#done.add(chunk);
  }

  /**
   * The folder in which other processes put chunks under an id; a new one, or that of an earlier run
   * of the same work. Processes of other work find no folder of theirs, so that they leave nothing.
   */
  async openInbox(): Promise<{ readonly id: string; readonly path: string }> {
    const ids = (await readdir(this.path)).flatMap((entry) => INBOX.exec(entry)?.[1] ?? []);
    const id = ids[0] ?? randomBytes(8).toString('hex');
    const path = join(this.path, `in-${id}`);
    await mkdir(path, { recursive: true });
    return { id, path };
  }

  /** Takes the chunks that other processes have put there; gives their numbers. */
  async takeFrom(inbox: string): Promise<number[]> {
    const names = await readdir(inbox);
    const chunks = names.flatMap((name) => ROWS.exec(name)?.[1] ?? []).map(Number);
    for (const chunk of chunks) {
      await rename(join(inbox, errorsName(chunk)), this.errorsOf(chunk)).catch((error: unknown) => {
        // No row of it failed, or they were moved before this process began.
        if (!hasCode(error, 'ENOENT')) throw error;
      });
      await rename(join(inbox, rowsName(chunk)), this.rowsOf(chunk));
      this.#done.add(chunk);
    }
    if (chunks.length > 0) await syncPath(this.path, 'folder');
    return chunks;
  }

  /** Lets the next process have it. */
  async release(): Promise<void> {
    await rm(join(this.path, LOCK), { force: true });
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }

  async #begin(output: string, manifest: Manifest, restart: boolean): Promise<void> {
    const path = join(this.path, MANIFEST);
    // As JSON would give it back.
    const wanted = JSON.parse(JSON.stringify(manifest)) as Manifest;
    const found = restart ? undefined : await readManifest(path);
    if (found !== undefined) {
      const keys = [...new Set([...Object.keys(wanted), ...Object.keys(found)])];
      const other = keys.find((key) => !isDeepStrictEqual(found[key], wanted[key]));
      if (other !== undefined) {
        throw new CommandError(
          `Work on ${output} has begun with another ${other}`,
          'Give the same as before to go on, or --restart to begin again',
        );
      }
      for (const entry of await readdir(this.path)) {
        if (INBOX.test(entry)) await this.takeFrom(join(this.path, entry));
      }
      for (const entry of await readdir(this.path)) {
        const [, number] = ROWS.exec(entry) ?? [];
        if (number !== undefined) this.#done.add(Number(number));
      }
      return;
    }
    for (const entry of await readdir(this.path)) {
      if (entry !== LOCK) await rm(join(this.path, entry), { recursive: true, force: true });
    }
    await replaceFile(path, JSON.stringify(wanted, null, 2), this.path);
  }

  /** A lock is a link to a file with the process's number: whoever makes it has it. */
  async #lock(output: string): Promise<void> {
    const lock = join(this.path, LOCK);
    const own = `${lock}-${process.pid}-${randomBytes(6).toString('hex')}`;
    await writeFile(own, String(process.pid));
    try {
      for (let attempt = 0; attempt < 3; attempt++) {
        const isOwn = await link(own, lock).then(
          () => true,
          (error: unknown) => {
            if (hasCode(error, 'EEXIST')) return false;
            throw error;
          },
        );
        if (isOwn) return;
        const holder = await holderOf(lock);
        if (holder !== undefined && isAlive(holder.pid)) break;
        if (holder !== undefined) await removeStale(lock, holder.inode);
      }
    } finally {
      await rm(own, { force: true });
    }
    throw new CommandError(
      `Another process works on ${output}`,
      'Wait for it, or end it; the same command goes on where it stopped',
    );
  }
}

/**
 * Puts the files of a chunk into a folder: its errors first, as its rows say that it is done. Whoever
 * does the same at the same time puts the same.
 */
export async function putChunk(
  folder: string,
  chunk: number,
  errors: string,
  writeRows: (path: string) => Promise<void>,
): Promise<void> {
  const aside = join(folder, `${nameOf(chunk)}-${randomBytes(6).toString('hex')}.new`);
  try {
    if (errors !== '') {
      await writeFile(aside, errors, { flush: true });
      await rename(aside, join(folder, errorsName(chunk)));
    }
    await writeRows(aside);
    await rename(aside, join(folder, rowsName(chunk)));
    await syncPath(folder, 'folder');
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}

function rowsName(chunk: number): string {
  return `${nameOf(chunk)}.rows`;
}

function errorsName(chunk: number): string {
  return `${nameOf(chunk)}.errors`;
}

function nameOf(chunk: number): string {
  return String(chunk).padStart(8, '0');
}

async function readManifest(path: string): Promise<Manifest | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Manifest);
}

async function holderOf(lock: string): Promise<{ pid: number; inode: number } | undefined> {
  try {
    const [pid, { ino }] = await Promise.all([readFile(lock, 'utf8'), stat(lock)]);
    return { pid: Number(pid), inode: ino };
  } catch {
    return undefined;
  }
}

/** Moved away first: of two that find it stale, one moves it, and sees whether it was that one. */
async function removeStale(lock: string, inode: number): Promise<void> {
  const aside = `${lock}-stale-${randomBytes(6).toString('hex')}`;
  try {
    await rename(lock, aside);
    if ((await stat(aside)).ino !== inode) await link(aside, lock).catch(() => undefined);
  } catch {
    return;
  }
  await unlink(aside).catch(() => undefined);
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}
