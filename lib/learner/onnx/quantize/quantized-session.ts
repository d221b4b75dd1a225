import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Graph } from '../graph.js';
import { writeModel, type WritableModel } from '../proto/model-writer.js';
import { createSession, openSession, type SessionOptions } from '../session/create-session.js';
import { writeChunks } from '../session/model-folder.js';
import type { OnnxSession } from '../session/onnx-session.js';

/** To be raised when the same graph and weights come to be quantized otherwise. */
const VERSION = 1;
const MODEL = 'model.onnx';
/** Written last: the sizes of the other files. */
const SIZES = 'sizes.json';
const EXTERNAL_BYTES = 4096;
/** What is older was left by a process that was killed. */
const LEFTOVER_MS = 3_600_000;

/**
 * A session of a quantized model, whose weights are computed once and kept in a folder for the next
 * session.
 *
 * A folder is complete when it is there: it is written aside and renamed. Where it cannot be
 * written, or read, the weights are computed for this session alone.
 *
 * @param sources The files or bytes that the model comes from; their content is the key, with the
 * graph.
 */
export async function quantizedSession(
  model: Graph | WritableModel,
  sources: readonly (string | Uint8Array)[],
  cache: string | undefined,
  options: SessionOptions,
): Promise<OnnxSession> {
  if (cache === undefined) return createSession(model, options);
  const folder = join(cache, `int8-${await keyOf(model, sources)}`);
  const path = join(folder, MODEL);
  if ((await isWhole(folder)) || (await write(model, cache, folder))) {
    // Another process may take the folder away with its model.
    const session = await openSession(path, options).catch(() => undefined);
    if (session) return session;
  }
  return createSession(model, options);
}

async function keyOf(
  model: Graph | WritableModel,
  sources: readonly (string | Uint8Array)[],
): Promise<string> {
  const hash = createHash('sha256');
  for (const source of sources) {
    if (typeof source === 'string') await pipeline(createReadStream(source), hash, { end: false });
    else hash.update(source);
  }
  hash.update(JSON.stringify([VERSION, 'write' in model ? 'file' : outline(model)]));
  return hash.digest('hex').slice(0, 32);
}

/** All of a graph but its weights. */
function outline({ nodes, inputs, outputs, initializers }: Graph): unknown {
  const weights = initializers.map(({ name, data }) => [name, data.dtype, data.dims]);
  const operations = nodes.map(({ attributes, ...node }) => [node, [...attributes]]);
  return [inputs, outputs, operations, weights];
}

async function isWhole(folder: string): Promise<boolean> {
  try {
    const sizes = JSON.parse(await readFile(join(folder, SIZES), 'utf8')) as [string, number][];
    for (const [name, size] of sizes) {
      if ((await stat(join(folder, name))).size !== size) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/** False where the folder cannot be written. */
async function write(
  quantized: Graph | WritableModel,
  cache: string,
  folder: string,
): Promise<boolean> {
  const aside = join(cache, `tmp-${randomBytes(8).toString('hex')}`);
  const { model, externalData } = writeModel(quantized, {
    externalDataThreshold: EXTERNAL_BYTES,
  });
  try {
    await mkdir(cache, { recursive: true, mode: 0o700 });
    await removeLeftovers(cache);
    await mkdir(aside, { mode: 0o700 });
    // All is on the disk before the folder's name is: what is there is whole.
    const sizes: [string, number][] = [
      [MODEL, await writeChunks(join(aside, MODEL), [model], true)],
    ];
    if (externalData) {
      const { location } = externalData;
      sizes.push([location, await writeChunks(join(aside, location), externalData.chunks(), true)]);
    }
    await writeChunks(join(aside, SIZES), [Buffer.from(JSON.stringify(sizes))], true);
    // One that is there and not whole is damaged.
    await rename(aside, folder).catch(async () => {
      if (await isWhole(folder)) return;
      await rm(folder, { recursive: true, force: true });
      await rename(aside, folder);
    });
    return await isWhole(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return false;
  } finally {
    await rm(aside, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function removeLeftovers(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith('tmp-')) continue;
    const path = join(cache, name);
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > LEFTOVER_MS) {
      await rm(path, { recursive: true, force: true });
    }
  }
}
