import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createHash, randomBytes } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { hasCode, replaceFile, syncPath } from '../../serving/store/durable.js';
import { CommandError } from '../errors.js';
import { FolderLock, LOCK } from './folder-lock.js';
import { outputPath, UPLOAD } from './put-result.js';

/** Everything that the result depends on, as plain data under readable names. */
export type Manifest = Readonly<Record<string, unknown>>;

const MANIFEST = 'manifest.json';
/** The folders in which other processes put chunks. */
const INBOX = /^in-([0-9a-f]{16})$/;
const ROWS = /^(\d{8,12})\.rows$/;

/**
 * The output of the work, and the parent of the work folder; undefined for the output's own folder.
 */
export interface WorkPlace {
  readonly output: string;
  readonly parent?: string | undefined;
}

/**
 * The folder with the finished chunks until the output is in its place. It is beside the output, or
 * in another folder. If the same work starts again, it continues with them.
 */
export class WorkFolder {
  readonly #done = new Set<number>();
  readonly #earlier: string[] = [];

  private constructor(
    readonly path: string,
    private readonly lock: FolderLock,
  ) {}

  /**
   * Takes the folder for this process.
   *
   * @param restart Whether to discard finished chunks.
   * @throws CommandError if another process works on it, or other work has begun there.
   */
  static async take(place: WorkPlace, manifest: Manifest, restart: boolean): Promise<WorkFolder> {
    const { output } = place;
    const path = pathOf({ ...place, output: outputPath(output) });
    await mkdir(path, { recursive: true }).catch(({ code }: NodeJS.ErrnoException) => {
      throw new CommandError(
        `The folder ${path} cannot be created (${code})`,
        'Use --work with a writable folder',
      );
    });
    const folder = new WorkFolder(path, await FolderLock.take(path, output));
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

  /** The numbers of finished chunks. */
  get done(): number {
    return this.#done.size;
  }

  /** Ids of inboxes that were discarded with the finished chunks. */
  get earlier(): readonly string[] {
    return this.#earlier;
  }

  rowsOf(chunk: number): string {
    return join(this.path, rowsName(chunk));
  }

  errorsOf(chunk: number): string {
    return join(this.path, errorsName(chunk));
  }

  /**
   * Puts a chunk in its place: its errors first, because the file of its rows marks it as finished.
   */
  async finish(
    chunk: number,
    errors: string,
    writeRows: (path: string) => Promise<void>,
  ): Promise<void> {
    await this.check();
    await putChunk(this.path, chunk, errors, writeRows);
    this.#done.add(chunk);
  }

  /**
   * The folder in which other processes put chunks under an id: a new one, or that of an earlier
   * run of the same work. Processes of other work do not find their folder, so they do not leave
   * files.
   */
  async openInbox(): Promise<{ readonly id: string; readonly path: string }> {
    const ids = (await readdir(this.path)).flatMap((entry) => INBOX.exec(entry)?.[1] ?? []);
    const id = ids[0] ?? randomBytes(8).toString('hex');
    const path = join(this.path, `in-${id}`);
    await mkdir(path, { recursive: true });
    return { id, path };
  }

  /** Takes the chunks that other processes have put there, and returns their numbers. */
  async takeFrom(inbox: string): Promise<number[]> {
    await this.check();
    const names = await readdir(inbox);
    const chunks = names.flatMap((name) => numberOfRows(name) ?? []);
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

  /** @throws CommandError if another process has taken it over. */
  check(): Promise<void> {
    return this.lock.check();
  }

  /** Releases it for the next process. */
  release(): Promise<void> {
    return this.lock.release();
  }

  async remove(): Promise<void> {
    await this.lock.check();
    await rm(this.path, { recursive: true, force: true });
  }

  async #begin(output: string, manifest: Manifest, restart: boolean): Promise<void> {
    const path = join(this.path, MANIFEST);
    // The value as it is after a round trip through JSON.
    const wanted = JSON.parse(JSON.stringify(manifest)) as Manifest;
    const found = restart ? undefined : await readManifest(path);
    if (found !== undefined) {
      const keys = [...new Set([...Object.keys(wanted), ...Object.keys(found)])];
      const other = keys.find((key) => !isDeepStrictEqual(found[key], wanted[key]));
      if (other !== undefined) {
        throw new CommandError(
          `Work on ${output} has begun with another ${other}`,
          'Use the same as before to resume, or --restart to begin again',
        );
      }
      for (const entry of await readdir(this.path)) {
        if (INBOX.test(entry)) await this.takeFrom(join(this.path, entry));
      }
      for (const entry of await readdir(this.path)) {
        const number = numberOfRows(entry);
        if (number !== undefined) this.#done.add(number);
      }
      return;
    }
    for (const entry of await readdir(this.path)) {
      const [, id] = INBOX.exec(entry) ?? [];
      if (id !== undefined) this.#earlier.push(id);
      // The parts of an upload are elsewhere; the next upload drops them.
      if (!entry.startsWith(LOCK) && entry !== UPLOAD)
        await rm(join(this.path, entry), { recursive: true, force: true });
    }
    await replaceFile(path, JSON.stringify(wanted, null, 2), this.path);
  }
}

function pathOf({ output, parent }: WorkPlace): string {
  // Outputs of other folders may have the same name.
  const digest = createHash('sha256').update(output).digest('hex').slice(0, 12);
  const name = parent === undefined ? basename(output) : `${basename(output)}.${digest}`;
  return join(parent === undefined ? dirname(output) : resolve(parent), `.${name}.vts-batch`);
}

/**
 * Puts the files of a chunk into a folder: its errors first, because the file of its rows marks it
 * as finished. Another process that does so at the same time writes the same files.
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

/** The names of the files of a chunk. */
export function rowsName(chunk: number): string {
  return `${nameOf(chunk)}.rows`;
}

export function errorsName(chunk: number): string {
  return `${nameOf(chunk)}.errors`;
}

/** The chunk whose rows a file has; undefined for other files. */
export function numberOfRows(name: string): number | undefined {
  const [, digits] = ROWS.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

function nameOf(chunk: number): string {
  return String(chunk).padStart(8, '0');
}

async function readManifest(path: string): Promise<Manifest | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Manifest);
}
