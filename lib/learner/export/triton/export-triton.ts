import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExportTargetError, UnexportableModelError } from '../errors.js';
import { subjectOf, type Exportable } from '../export-onnx.js';
import type { ExportedModel, ExportOptions } from '../options.js';
import type { WrittenExport } from '../write-export.js';

const CONFIG = 'config.pbtxt';
const LABELS = 'labels.txt';
const LISTS: readonly string[] = [LABELS, 'vocab.txt'];

/** Where a model goes in a repository of Triton. @publicApi */
export interface TritonOptions extends ExportOptions {
  /** The name of the model: letters, digits, `_`, `-` and `.`. */
  readonly name: string;
  /** @default the number after the highest that is there, 1 in a new repository */
  readonly version?: number;
  /**
   * Rows that Triton puts together at most; 0 for none. Ignored where rows do not go together.
   *
   * @default 32
   */
  readonly maxBatchSize?: number;
}

/**
 * Writes a model into a repository of Triton Inference Server, for its onnxruntime backend:
 * `NAME/VERSION/model.onnx`, `NAME/config.pbtxt`, and `labels.txt` and `vocab.txt` beside it. The
 * ONNX file is that of {@link exportOnnx}.
 *
 * @throws ExportTargetError where that version is there, or the model's other versions take and give
 * other tensors, without `overwrite`; and as {@link exportOnnx}.
 *
 * @publicApi
 */
export async function exportTriton(
  model: Exportable,
  repository: string,
  { name, version, maxBatchSize = 32, ...options }: TritonOptions,
): Promise<ExportedModel> {
  checkName(name);
  if (version !== undefined && !(Number.isSafeInteger(version) && version > 0)) {
    throw new UnexportableModelError(
      `The version ${version} is not one of Triton's`,
      'Give a whole number above 0',
    );
  }
  const [{ place, refuseExisting, withExport }, { tritonConfig }] = await Promise.all([
    import('../write-export.js'),
    import('./config.js'),
  ]);
  const folder = join(repository, name);
  const number = version ?? (await nextVersion(folder));
  const target = join(folder, String(number));
  if (!options.overwrite) await refuseExisting(target);
  const subject = await subjectOf(model, options);
  // Triton looks at the folders of a repository: what is not done yet is inside of the model's.
  return withExport(subject, folder, options, async (written) => {
    const { folder: _, names, ...facts } = written;
    const labels = names.includes(LABELS) ? LABELS : undefined;
    const config = tritonConfig(facts, { name, maxBatchSize, labels });
    await refuseOtherConfig(join(folder, CONFIG), config, options);
    const lists = await placeLists(written, folder);
    const models = names.filter((each) => !LISTS.includes(each));
    if (options.overwrite) await rm(target, { recursive: true, force: true });
    const files = await place({ ...written, names: models }, target, options);
    await replaceFile(join(folder, CONFIG), config);
    return { ...facts, path: files[0]!, files: [...files, join(folder, CONFIG), ...lists] };
  });
}

/** Names become folders. */
function checkName(name: string): void {
  if (/^[\w][\w.-]*$/.test(name)) return;
  throw new UnexportableModelError(
    `"${name.slice(0, 100)}" cannot be the name of a model`,
    'Use letters, digits, "_", "-" and ".", and begin with a letter or digit',
  );
}

async function nextVersion(folder: string): Promise<number> {
  const entries = await readdir(folder).catch(() => []);
  const numbers = entries.filter((entry) => /^[1-9]\d{0,8}$/.test(entry)).map(Number);
  return Math.max(0, ...numbers) + 1;
}

/** All versions of a model have one configuration. */
async function refuseOtherConfig(
  path: string,
  config: string,
  { overwrite = false }: ExportOptions,
): Promise<void> {
  const there = await readFile(path, 'utf8').catch(() => undefined);
  if (overwrite || there === undefined || there === config) return;
  throw new ExportTargetError(
    path,
    'says otherwise what the model takes and gives, or was changed by hand',
    'Name another model, or overwrite it',
  );
}

async function placeLists({ folder, names }: WrittenExport, target: string): Promise<string[]> {
  const placed: string[] = [];
  for (const name of names.filter((each) => LISTS.includes(each))) {
    await mkdir(target, { recursive: true });
    await rename(join(folder, name), join(target, name));
    placed.push(join(target, name));
  }
  return placed;
}

async function replaceFile(path: string, text: string): Promise<void> {
  const aside = `${path}.new`;
  await writeFile(aside, text);
  await rename(aside, path);
}
