import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExportTargetError, UnexportableModelError } from '../errors.js';
import { subjectOf, type Exportable } from '../export-onnx.js';
import type { ExportedModel, ExportOptions } from '../options.js';
import type { WrittenExport } from '../write-export.js';

const CONFIG = 'config.pbtxt';
const LABELS = 'labels.txt';
const LISTS: readonly string[] = [LABELS, 'vocab.txt'];

/** The place of a model in a Triton repository. @publicApi */
export interface TritonOptions extends ExportOptions {
  /** The name of the model: letters, digits, `_`, `-` and `.`. */
  readonly name: string;
  /** @default one more than the highest existing version; 1 in a new repository */
  readonly version?: number;
  /**
   * The most rows that Triton batches; 0 turns batching off. Ignored if the model cannot take
   * several rows at once.
   *
   * @default 32
   */
  readonly maxBatchSize?: number;
}

/**
 * Writes a model into a repository of Triton Inference Server, for its onnxruntime backend:
 * `NAME/VERSION/model.onnx`, `NAME/config.pbtxt`, and `labels.txt` and `vocab.txt` beside it.
 * {@link exportOnnx} describes the ONNX file.
 *
 * @throws ExportTargetError if `overwrite` is not set and that version exists, or the model's other
 * versions have different inputs or outputs; and the errors of {@link exportOnnx}.
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
      `${version} is not a version number of Triton`,
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
  // Triton scans the folders of a repository, so unfinished files stay inside the model's folder.
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
    `"${name.slice(0, 100)}" is not a valid name of a model`,
    'Use letters, digits, "_", "-" and ".", and begin with a letter or digit',
  );
}

async function nextVersion(folder: string): Promise<number> {
  const entries = await readdir(folder).catch(() => []);
  const numbers = entries.filter((entry) => /^[1-9]\d{0,8}$/.test(entry)).map(Number);
  return Math.max(0, ...numbers) + 1;
}

/** All versions of a model share one configuration. */
async function refuseOtherConfig(
  path: string,
  config: string,
  { overwrite = false }: ExportOptions,
): Promise<void> {
  const there = await readFile(path, 'utf8').catch(() => undefined);
  if (overwrite || there === undefined || there === config) return;
  throw new ExportTargetError(
    path,
    'describes other inputs or outputs of the model, or was edited by hand',
    'Choose another name, or overwrite it',
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
