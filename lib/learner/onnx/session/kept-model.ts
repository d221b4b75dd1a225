import { createHash, randomBytes, type Hash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Graph } from '../graph.js';
import { packageVersion } from '../../runtime/package-version.js';
import { writeModel, type WritableModel } from '../proto/model-writer.js';
import { createSession, openSession, type SessionOptions } from './create-session.js';
import { EXTERNAL_BYTES, writeChunks } from './model-folder.js';
import type { OnnxSession } from './onnx-session.js';
import { isForOneProcessor, optimizeFiles } from './optimized-files.js';
import { processor } from './processor.js';

/** Increase this when the same content is lowered or quantized differently. */
const VERSION = 4;
const MODEL = 'model.onnx';
/** Written last. */
const INDEX = 'kept.json';
/** The most models in one folder; the oldest are removed first. */
const MOST_KEPT = 4;
/** Anything older was left by a killed process. */
const LEFTOVER_MS = 3_600_000;
const CHUNK_BYTES = 2 ** 20;

/** A model, and the facts that its caller needs to run it: plain data. */
export interface Made<Facts> {
  readonly model: Graph | WritableModel;
  readonly facts: Facts;
}

export interface KeptPlace {
  readonly folder: string;
  /** By {@link keptName}: everything that affects the model's bytes must be in it. */
  readonly name: string;
}

interface Index<Facts> {
  readonly facts: Facts;
  /** Whether onnxruntime has already optimized the graph. */
  readonly optimized: boolean;
  readonly files: readonly [name: string, size: number][];
  /** The digest of all this, the name, and the bytes of the files. */
  readonly digest: string;
}

/**
 * A session of a model that is made once and cached in a folder for the next session.
 *
 * A cached model is written to a temporary name, renamed, and never changed: onnxruntime maps the
 * weights, and a shrinking file would crash the process. It is used only if its digest matches; a
 * damaged one is made again. If the folder is not writable, the model is made for this session
 * only.
 *
 * @param place The cache folder; false for none.
 */
export async function keptSession<Facts>(
  place: KeptPlace | false,
  make: () => Made<Facts> | Promise<Made<Facts>>,
  options: SessionOptions,
): Promise<{ session: OnnxSession; facts: Facts }> {
  if (!place) {
    const { model, facts } = await make();
    return { session: await createSession(model, options), facts };
  }
  // A graph optimized for the CPU is useless for other providers.
  const optimizes = isForOneProcessor(options);
  const name = optimizes || processor() === undefined ? place.name : `${place.name}-plain`;
  const path = join(place.folder, name);
  const open = async (): Promise<{ session: OnnxSession; facts: Facts } | undefined> => {
    const kept = await readKept<Facts>(path, name);
    if (!kept) return undefined;
    const done = kept.optimized && ({ graphOptimizationLevel: 'disabled' } as const);
    // Another process may remove the folder with its model.
    const session = await openSession(join(path, MODEL), { ...options, ...done }).catch(
      () => undefined,
    );
    return session ? { session, facts: kept.facts } : undefined;
  };
  const known = await open();
  if (known) return known;
  const { model, facts } = await make();
  const kept = await keep({ ...place, name }, { model, facts }, optimizes ? options : undefined);
  return (kept && (await open())) || { session: await createSession(model, options), facts };
}

/**
 * The name of a model made from the given content with the given options, by this version of the
 * package and its pinned onnxruntime, for this kind of processor.
 */
export function keptName(kind: string, ...content: readonly unknown[]): string {
  const key = JSON.stringify([VERSION, packageVersion(), processor() ?? null, ...content]);
  return `${kind}-${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;
}

async function readKept<Facts>(path: string, name: string): Promise<Index<Facts> | undefined> {
  try {
    const index = JSON.parse(await readFile(join(path, INDEX), 'utf8')) as Index<Facts>;
    const hash = begin(name, index);
    for (const [file, size] of index.files) await update(hash, join(path, file), size);
    return hash.digest('hex') === index.digest ? index : undefined;
  } catch {
    return undefined;
  }
}

function begin(
  name: string,
  { facts, optimized }: Pick<Index<unknown>, 'facts' | 'optimized'>,
): Hash {
  return createHash('sha256').update(JSON.stringify([name, facts ?? null, optimized]));
}

/** Hashes exactly that many bytes of a file. */
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

/**
 * Returns false if the folder is not writable.
 *
 * @param optimizeFor Sessions for which onnxruntime optimizes the graph in advance.
 */
async function keep<Facts>(
  { folder, name }: KeptPlace,
  { model, facts }: Made<Facts>,
  optimizeFor: SessionOptions | undefined,
): Promise<boolean> {
  const path = join(folder, name);
  const aside = join(folder, `tmp-${randomBytes(8).toString('hex')}`);
  const { model: bytes, externalData } = writeModel(model, {
    externalDataThreshold: EXTERNAL_BYTES,
  });
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await mkdir(aside, { mode: 0o700 });
    await writeChunks(join(aside, MODEL), [bytes]);
    if (externalData) {
      await writeChunks(join(aside, externalData.location), externalData.chunks());
    }
    const optimized = optimizeFor !== undefined && (await optimizeFiles(aside, MODEL, optimizeFor));
    const hash = begin(name, { facts, optimized });
    const files: [string, number][] = [];
    for (const file of (await readdir(aside)).toSorted()) {
      const { size } = await stat(join(aside, file));
      await update(hash, join(aside, file), size);
      files.push([file, size]);
    }
    const index: Index<Facts> = { facts, optimized, files, digest: hash.digest('hex') };
    await writeChunks(join(aside, INDEX), [Buffer.from(JSON.stringify(index))]);
    // An existing model with a wrong digest is damaged.
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

/** Removes models beyond the limit, and half-written ones of killed processes. */
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
