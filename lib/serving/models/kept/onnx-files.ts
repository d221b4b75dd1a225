import { constants } from 'node:fs';
import { copyFile, mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { externalFiles, pathInside } from '../../../learner/onnx/index.js';

/** Makes the error of a file that cannot be copied: a fact, and what to do. */
type Refuse = (fact: string, remedy: string) => Error;

/**
 * Copies an ONNX file, under a name, and the files in which it keeps tensors, which stay where they
 * are relative to it.
 *
 * @throws What `error` makes, where one of them is missing or lies outside of the file's folder.
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
  /** Files that its data must not take the place of. */
  const taken = [name, 'model.yaml'];
  const files = externalFiles(await readFile(path));
  if (!files) return refuse('which is not an ONNX model', 'Export it with torch.onnx.export().');
  for (const file of files) {
    const source = pathInside(dirname(path), file);
    if (source === undefined || taken.includes(normalize(file))) {
      return refuse(
        `whose data file is "${file}"`,
        'Save it with data files of other names in its own folder.',
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
