import { createWriteStream } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { addressOf } from '../../s3/address.js';
import { ObjectNotFoundError } from '../../s3/errors.js';
import { listObjects, type S3Object } from '../../s3/list.js';
import { headObject, readObject } from '../../s3/read.js';
import { sendForHeaders } from '../../s3/request.js';
import { putFile, putObject } from '../../s3/write.js';
import { Limit } from '../limit.js';
import { errorsName, numberOfRows } from '../work-folder.js';
import { chunkKeys, markOf } from './chunk-folder.js';
import { MARK } from './names.js';
import { unpackedPath, type Unpacked } from '../places/unpack.js';

const LIST_MS = 1000;
/**
 * The coordinator has a few hundred chunks on the queue. Some of an earlier run may be present too.
 */
const MOST_KEYS = 100_000;
const AT_ONCE = 8;

/** The place beside an output on S3 where workers put chunks, for the coordinator. */
export class S3Inbox {
  /** The prefixes of all batches of the output, and of this one. */
  readonly #all: string;
  readonly path: string;
  #listed = -Infinity;
  #taken: S3Object[] = [];

  /** @param folder The local folder into which chunks are fetched. */
  constructor(
    output: string,
    private readonly id: string,
    private readonly folder: string,
  ) {
    this.#all = `${output}.vts-batch/`;
    this.path = `${this.#all}in-${id}`;
  }

  /**
   * Writes the marker of the batch for workers.
   * @param restart Whether to remove earlier batches.
   */
  async begin(restart: boolean): Promise<void> {
    if (restart) await this.#removeAll(this.#all);
    await putObject(addressOf(`${this.path}/${MARK}`), Buffer.from(markOf(this.id)));
  }

  /**
   * Fetches the chunks that workers have put there into the folder.
   *
   * @param now Whether to look at once; otherwise it asks S3 once a second.
   */
  async fetch(now: boolean): Promise<void> {
    if (!now && performance.now() - this.#listed < LIST_MS) return;
    const isRows = (key: string): boolean => numberOfRows(basename(key)) !== undefined;
    const keys = addressOf(chunkKeys(this.path));
    this.#taken = await listObjects(keys, isRows, MOST_KEYS);
    this.#listed = performance.now();
    await atOnce(this.#taken, async (object) => {
      const name = basename(object.key);
      // Requested by name, because a list may be older than they are.
      await this.#download(errorsName(numberOfRows(name)!)).catch((error: unknown) => {
        // No row of it failed.
        if (!(error instanceof ObjectNotFoundError)) throw error;
      });
      await this.#download(name);
    });
  }

  /** Removes the objects of the last fetch, because the folder's owner has them. */
  async forget(): Promise<void> {
    const { bucket } = addressOf(this.path);
    await atOnce(this.#taken.splice(0), async ({ key }) => {
      const errors = key.slice(0, -basename(key).length) + errorsName(numberOfRows(basename(key))!);
      await remove(bucket, key);
      await remove(bucket, errors);
    });
  }

  /** Makes a decompressed file available to workers. */
  async share(unpacked: Unpacked): Promise<Unpacked> {
    const address = addressOf(unpackedPath(this.path, unpacked));
    const known = await headObject(address).catch((error: unknown) => {
      if (error instanceof ObjectNotFoundError) return undefined;
      throw error;
    });
    // The file of an earlier run is complete, because objects appear as a whole.
    if (known?.size === unpacked.size) return { ...unpacked, etag: known.etag };
    const file = unpackedPath(this.folder, unpacked);
    const note = `${file}.upload`;
    await putFile(address, file, {
      read: () => readFile(note, 'utf8').catch(() => undefined),
      write: (id) => (id === undefined ? rm(note, { force: true }) : writeFile(note, id)),
    });
    return { ...unpacked, etag: (await headObject(address)).etag };
  }

  /** Removes everything there. The marker goes first, so that late workers do not find it. */
  async remove(): Promise<void> {
    const { bucket, key } = addressOf(this.path);
    await remove(bucket, `${key}/${MARK}`);
    await this.#removeAll(`${this.path}/`);
  }

  async #removeAll(prefix: string): Promise<void> {
    const address = addressOf(prefix);
    const objects = await listObjects(address, () => true, MOST_KEYS);
    await atOnce(objects, ({ key }) => remove(address.bucket, key));
  }

  async #download(name: string): Promise<void> {
    const path = chunkKeys(this.path) + name;
    const to = join(this.folder, name);
    const aside = `${to}.new`;
    try {
      await pipeline(readObject({ path }), createWriteStream(aside, { flush: true }));
      await rename(aside, to);
    } catch (error) {
      await rm(aside, { force: true });
      throw error;
    }
  }
}

async function remove(bucket: string, key: string): Promise<void> {
  await sendForHeaders({ method: 'DELETE', bucket, key }).catch((error: unknown) => {
    if (!(error instanceof ObjectNotFoundError)) throw error;
  });
}

async function atOnce<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const limit = new Limit(AT_ONCE);
  await Promise.all(items.map((item) => limit.run(() => work(item))));
}
