import { constants } from 'node:fs';
import { copyFile, mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { externalFiles, pathInside } from '../../../learner/onnx/index.js';

/** Creates the error for a file that cannot be copied, from a fact and a remedy. */
type Refuse = (fact: string, remedy: string) => Error;

/**
 * Copies an ONNX file under a new name, and its external tensor files under their relative paths.
 *
 * @throws What `error` creates, if a file is missing or outside the folder of the ONNX file.
 */
export async function copyOnnx(
  path: string,
  folder: string,
  name: string,
  error: Refuse,
): Promise<void> {
  const refuse = (fact: string, remedy: string): never => {
    throw error(`the file "${path}", ${fact}`, remedy);
  };
  /** Names that data files must not overwrite. */
  const taken = [name, 'model.yaml'];
  const files = externalFiles(await readFile(path));
  if (!files) return refuse('which is not an ONNX model', 'Export it with torch.onnx.export().');
  for (const file of files) {
    const source = pathInside(dirname(path), file);
    if (source === undefined || taken.includes(normalize(file))) {
      return refuse(
        `whose data file is "${file}"`,
        'Rename its data files, and put them into the folder of the .onnx file.',
      );
    }
    const found = await stat(source).catch(() => undefined);
    if (!found?.isFile()) {
      refuse(`whose data file "${file}" is missing`, 'Put it into the folder of the .onnx file.');
    }
    const target = join(folder, normalize(file));
    await mkdir(dirname(target), { recursive: true });
    await copyFile(source, target, constants.COPYFILE_FICLONE);
  }
  await copyFile(path, join(folder, name), constants.COPYFILE_FICLONE);
}
