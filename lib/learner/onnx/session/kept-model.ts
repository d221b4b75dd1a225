import { createHash, randomBytes, type Hash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Graph } from '../graph.js';
import { packageVersion } from '../../runtime/package-version.js';
import { writeModel, type WritableModel } from '../proto/model-writer.js';
import { createSession, openSession, type SessionOptions } from './create-session.js';
import { EXTERNAL_BYTES, writeChunks } from './model-folder.js';
import type { OnnxSession } from './onnx-session.js';

/** To be raised when the same content comes to be lowered or quantized otherwise. */
const VERSION = 2;
const MODEL = 'model.onnx';
/** Written last. */
const INDEX = 'kept.json';
/** Models in one folder; those that were written first go. */
const MOST_KEPT = 4;
/** What is older was left by a process that was killed. */
const LEFTOVER_MS = 3_600_000;
const CHUNK_BYTES = 2 ** 20;

/** A model, and what its caller must know of it to run it: plain data. */
export interface Made<Facts> {
  readonly model: Graph | WritableModel;
  readonly facts: Facts;
}

export interface KeptPlace {
  readonly folder: string;
  /** By {@link keptName}: all that decides on the model's bytes must be in it. */
  readonly name: string;
}

interface Index<Facts> {
  readonly facts: Facts;
  readonly files: readonly [name: string, size: number][];
  /** Of the name, the facts, and the bytes of the files. */
  readonly digest: string;
}

/**
 * A session of a model that is made once and kept in a folder for the next session.
 *
 * What is kept is written aside and renamed, and never written again: onnxruntime maps the weights,
 * and a file that becomes shorter under it would end the process. It is read only where its digest
 * holds; a damaged one is made again. Where the folder cannot be written, the model is made for this
 * session alone.
 *
 * @param place Where it is kept; false for nowhere.
 */
export async function keptSession<Facts>(
  place: KeptPlace | false,
  make: () => Made<Facts> | Promise<Made<Facts>>,
  options: SessionOptions,
): Promise<{ session: OnnxSession; facts: Facts }> {
  // Another process may take the folder away with its model.
  const openKept = (path: string): Promise<OnnxSession | undefined> =>
    openSession(join(path, MODEL), options).catch(() => undefined);
  if (!place) {
    const { model, facts } = await make();
    return { session: await createSession(model, options), facts };
  }
  const path = join(place.folder, place.name);
  const kept = await readKept<Facts>(path, place.name);
  const known = kept && (await openKept(path));
  if (known) return { session: known, facts: kept.facts };
  const { model, facts } = await make();
  const session = (await keep(place, { model, facts })) ? await openKept(path) : undefined;
  return { session: session ?? (await createSession(model, options)), facts };
}

/**
 * The name of a model that is made of the given content in the given way, by this version of the
 * package and the onnxruntime that it is pinned to.
 */
export function keptName(kind: string, ...content: readonly unknown[]): string {
  const key = JSON.stringify([VERSION, packageVersion(), ...content]);
  return `${kind}-${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;
}

async function readKept<Facts>(path: string, name: string): Promise<Index<Facts> | undefined> {
  try {
    const index = JSON.parse(await readFile(join(path, INDEX), 'utf8')) as Index<Facts>;
    const hash = begin(name, index.facts);
    for (const [file, size] of index.files) await update(hash, join(path, file), size);
    return hash.digest('hex') === index.digest ? index : undefined;
  } catch {
    return undefined;
  }
}

function begin(name: string, facts: unknown): Hash {
  return createHash('sha256').update(JSON.stringify([name, facts ?? null]));
}

/** Adds so many bytes of a file, which must not have more. */
async function update(hash: Hash, path: string, size: number): Promise<void> {
  const file = await open(path);
  try {
    if ((await file.stat()).size !== size) throw new RangeError('Another size.');
    const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, size));
    for (let done = 0; done < size;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, done);
      if (bytesRead === 0) throw new RangeError('It became shorter.');
      hash.update(buffer.subarray(0, bytesRead));
      done += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** False where the folder cannot be written. */
async function keep<Facts>(
  { folder, name }: KeptPlace,
  { model, facts }: Made<Facts>,
): Promise<boolean> {
  const path = join(folder, name);
  const aside = join(folder, `tmp-${randomBytes(8).toString('hex')}`);
  const written = writeModel(model, { externalDataThreshold: EXTERNAL_BYTES });
  const { externalData } = written;
  const hash = begin(name, facts);
  function* hashed(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
    for (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  }
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await mkdir(aside, { mode: 0o700 });
    const files: [string, number][] = [
      [MODEL, await writeChunks(join(aside, MODEL), hashed([written.model]))],
    ];
    if (externalData) {
      const { location } = externalData;
      files.push([
        location,
        await writeChunks(join(aside, location), hashed(externalData.chunks())),
      ]);
    }
    const index: Index<Facts> = { facts, files, digest: hash.digest('hex') };
    await writeChunks(join(aside, INDEX), [Buffer.from(JSON.stringify(index))]);
    // One that is there and does not hold is damaged.
    await rename(aside, path).catch(async () => {
      if (await readKept(path, name)) return;
      await rm(path, { recursive: true, force: true });
      await rename(aside, path);
    });
    await removeOthers(folder, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return false;
  } finally {
    await rm(aside, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Models beyond the number that is kept, and what a killed process left half written. */
async function removeOthers(folder: string, name: string): Promise<void> {
  const others: { path: string; changed: number; half: boolean }[] = [];
  for (const entry of await readdir(folder)) {
    const path = join(folder, entry);
    const found = entry === name ? undefined : await stat(path).catch(() => undefined);
    if (found) others.push({ path, changed: found.mtimeMs, half: entry.startsWith('tmp-') });
  }
  const whole = others.filter(({ half }) => !half).sort((a, b) => b.changed - a.changed);
  const left = others.filter(({ half, changed }) => half && Date.now() - changed > LEFTOVER_MS);
  for (const { path } of [...whole.slice(MOST_KEPT - 1), ...left]) {
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}
