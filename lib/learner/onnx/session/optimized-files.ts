import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openSession, type SessionOptions } from './create-session.js';
import { EXTERNAL_BYTES } from './model-folder.js';
import { processor } from './processor.js';

/**
 * Whether onnxruntime optimizes a model in the same way for every such session on this processor:
 * on the CPU it lays out weights by the processor's instructions, which must be known.
 */
export function isForOneProcessor(options: SessionOptions): boolean {
  const { executionProviders = ['cpu'], graphOptimizationLevel } = options;
  const onCpu = executionProviders.every((provider) => provider === 'cpu');
  return onCpu && graphOptimizationLevel === undefined && processor() !== undefined;
}

/**
 * Replaces a model by onnxruntime's optimized graph: optimizing takes nine tenths of the time to
 * open a convolutional model. Sessions of the new graph compute the same bits, with optimizations
 * disabled.
 *
 * @param folder Contains only the model and its weights.
 * @returns false if onnxruntime does not write it; the model is then unchanged.
 */
export async function optimizeFiles(
  folder: string,
  model: string,
  options: SessionOptions,
): Promise<boolean> {
  const inside = join(folder, 'optimized');
  await mkdir(inside, { mode: 0o700 });
  try {
    const saveTo = { path: join(inside, model), weights: `${model}.data`, from: EXTERNAL_BYTES };
    const session = await openSession(join(folder, model), options, saveTo);
    await session.release();
    const made = await readdir(inside);
    for (const name of await readdir(folder)) {
      if (join(folder, name) !== inside) await rm(join(folder, name));
    }
    for (const name of made) {
      await chmod(join(inside, name), 0o600);
      await rename(join(inside, name), join(folder, name));
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error;
    return false;
  } finally {
    await rm(inside, { recursive: true, force: true });
  }
}
