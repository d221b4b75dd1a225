import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph } from '../graph.js';
import { writeModel, type WritableModel } from '../proto/model-writer.js';

/** Below this size, a separate entry for an initializer costs more than it saves. */
export const EXTERNAL_BYTES = 4096;

const unwritable = new Set([
  'EACCES',
  'EDQUOT',
  'EMFILE',
  'ENFILE',
  'ENOENT',
  'ENOSPC',
  'ENOTDIR',
  'EPERM',
  'EROFS',
]);

/**
 * Writes a model and its weights into a private folder, passes the model's path to `use`, and
 * always removes the folder. The weights are streamed: onnxruntime maps them from the file, and
 * keeps the mapping after the file is gone.
 *
 * @returns the result of `use`, or undefined if no folder can be written.
 */
export async function withModelFolder<T>(
  graph: Graph | WritableModel,
  parent: string | undefined,
  use: (modelPath: string) => Promise<T>,
): Promise<T | undefined> {
  let folder: string | undefined;
  try {
    let modelPath: string;
    try {
      // mkdtemp makes the folder with mode 0700.
      folder = await mkdtemp(join(parent ?? tmpdir(), 'vts-model-'));
      modelPath = await writeInto(folder, graph);
    } catch (error) {
      if (isUnwritable(error)) return undefined;
      throw error;
    }
    return await use(modelPath);
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

async function writeInto(folder: string, graph: Graph | WritableModel): Promise<string> {
  const { model, externalData } = writeModel(graph, { externalDataThreshold: EXTERNAL_BYTES });
  const modelPath = join(folder, 'model.onnx');
  await writeFile(modelPath, model, { flag: 'wx', mode: 0o600 });
  if (externalData) await writeChunks(join(folder, externalData.location), externalData.chunks());
  return modelPath;
}

/** Writes a new file. @returns its size. */
export async function writeChunks(path: string, chunks: Iterable<Uint8Array>): Promise<number> {
  const file = await open(path, 'wx', 0o600);
  let size = 0;
  try {
    for (const chunk of chunks) {
      for (let done = 0; done < chunk.byteLength;) {
        const { bytesWritten } = await file.write(chunk, done, chunk.byteLength - done);
        done += bytesWritten;
      }
      size += chunk.byteLength;
    }
  } finally {
    await file.close();
  }
  return size;
}

function isUnwritable(error: unknown): boolean {
  return error instanceof Error && unwritable.has((error as NodeJS.ErrnoException).code ?? '');
}
