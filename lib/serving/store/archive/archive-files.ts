import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { codeOf, isFolder } from '../durable.js';
import { ArchiveFileError, CorruptModelError } from '../errors.js';
import type { ModelInfo } from '../model-info.js';
import { MODEL_YAML, parseModelYaml } from '../model-yaml.js';
import type { Tag } from '../tag.js';
import { formatOfName, type ArchiveFormat } from './archive-format.js';

/** The path of a model's archive, and its format. */
export async function archiveTarget(
  tag: Tag,
  given: string,
  format?: ArchiveFormat,
): Promise<{ target: string; format: ArchiveFormat }> {
  const path = resolve(given);
  if (/[\\/]$/.test(given) || (await isFolder(path))) {
    const kind = format ?? 'bentomodel';
    return { target: join(path, `${String(tag).replace(':', '-')}.${kind}`), format: kind };
  }
  const named = format ?? formatOfName(path);
  if (named !== undefined) return { target: path, format: named };
  return { target: `${path}.bentomodel`, format: 'bentomodel' };
}

/** @throws ArchiveFileError if the file cannot be read. */
export async function checkReadable(archive: string): Promise<void> {
  try {
    await access(archive, constants.R_OK);
    if ((await stat(archive)).isDirectory()) {
      throw Object.assign(new Error('It is a folder.'), { code: 'EISDIR' });
    }
  } catch (cause) {
    throw new ArchiveFileError(archive, 'read', codeOf(cause) ?? 'EIO', { cause });
  }
}

/** @throws CorruptModelError if an unpacked archive is not a model. */
export async function readModelYaml(folder: string, archive: string): Promise<ModelInfo> {
  let text: string;
  try {
    text = await readFile(join(folder, MODEL_YAML), 'utf8');
  } catch (cause) {
    throw new CorruptModelError(archive, ['it has no model.yaml'], { cause });
  }
  return parseModelYaml(text, archive);
}
