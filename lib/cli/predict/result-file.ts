import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { resolve } from 'node:path';
import { writeAside } from '../../serving/store/durable.js';
import { CommandError } from '../errors.js';

/**
 * Writes a file completely, or not at all.
 *
 * @param write Gets the path to write to; the result then replaces the file.
 * @throws CommandError
 */
export async function writeResult(
  path: string,
  overwrite: boolean,
  write: (aside: string) => Promise<void>,
): Promise<void> {
  const target = resolve(path);
  if (!overwrite && existsSync(target)) {
    throw new CommandError(`The file ${target} already exists`, 'Give another, or add --force');
  }
  await writeAside(target, async (aside) => {
    await write(aside);
    await rename(aside, target);
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === undefined || error.syscall === undefined) throw error;
    throw new CommandError(
      `The file ${target} cannot be written (${error.code})`,
      'Check the free space and the permissions there',
    );
  });
}
