import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { parse } from 'yaml';
import { filesOf, sizeOf } from '../../serving/store/archive/files-of.js';
import {
  CorruptModelError,
  PinnedModelError,
  Tag,
  type Model,
  type ModelStore,
} from '../../serving/store/index.js';
import { pinsOf } from '../../serving/store/pins.js';
import { CommandError } from '../errors.js';
import { openStore, pairs, type StoreOptions } from '../options.js';
import { print, write, type OutputFormat } from '../output/print.js';
import { withProgress } from '../output/status.js';
import { formatBytes, formatTime, listing, table } from '../output/table.js';

export async function listModels(
  name: string | undefined,
  options: StoreOptions & { output: OutputFormat; label?: string[] },
): Promise<void> {
  const store = await openStore(options);
  const labels = Object.fromEntries(pairs(options.label, '--label'));
  const models = await store.list({ name, labels });
  models.sort((a, b) => b.info.creationMicros - a.info.creationMicros);
  const rows = await Promise.all(models.map(rowOf));
  await print(rows, options.output, (screen) =>
    rows.length === 0 && screen.isTerminal
      ? screen.look('quiet', `No models at ${store.home}; add one with vts import NAME export.pkl`)
      : table(
          ['Tag', 'Module', 'Size', 'Creation Time'],
          rows.map(({ tag, module, size, creation_time }) => [
            [tag, 'strong'],
            module,
            size,
            creation_time,
          ]),
          screen,
          [2],
        ),
  );
}

/** Under BentoML's keys. */
async function rowOf({ tag, path, info }: Model) {
  return {
    tag: tag.toString(),
    module: info.module,
    size: formatBytes(sizeOf(await filesOf(path).catch(() => []))),
    creation_time: formatTime(info.creationTime),
  };
}

export async function getModel(
  tag: string,
  options: StoreOptions & { output: OutputFormat | 'path' },
): Promise<void> {
  const { path, info } = await (await openStore(options)).get(tag);
  const { output } = options;
  if (output === 'path') return write(path);
  // Unchanged from the file, including unknown keys.
  const text = info.toYaml();
  if (output === 'yaml') return write(text);
  const facts = parse(text) as Record<string, unknown>;
  await print(facts, output, (screen) =>
    listing(
      [...Object.entries(facts), ['path', path] as const].map(([key, value]) => [
        key,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
      screen,
    ),
  );
}

export async function importModel(
  archive: string,
  options: StoreOptions & { force?: boolean },
): Promise<void> {
  const store = await openStore(options);
  const packed = (await stat(archive).catch(() => undefined))?.size;
  const { tag } = await withProgress(`import ${packed ? formatBytes(packed) : ''}`, (onProgress) =>
    store.import(archive, { force: options.force, onProgress }),
  );
  write(`${tag} imported.`);
}

export async function exportModel(
  tag: string,
  out: string | undefined,
  options: StoreOptions & { force?: boolean },
): Promise<void> {
  const store = await openStore(options);
  const path = await withProgress('export', (onProgress) =>
    store.export(tag, out, { force: options.force, onProgress }),
  );
  write(`${tag} exported to ${path}.`);
}

export async function deleteModels(
  given: readonly string[],
  options: StoreOptions & { yes?: boolean; force?: boolean },
): Promise<void> {
  const store = await openStore(options);
  const { yes = false, force = false } = options;
  const tags = given.flatMap((text) => text.split(',')).filter((text) => text !== '');
  // Errors for any of them are reported before the first one is deleted.
  for (const tag of tags) await checkDeletable(store, tag, force);
  if (!yes) await confirm(tags);
  for (const tag of tags) {
    for (const deleted of await store.delete(tag, { force })) write(`${deleted} deleted.`);
  }
}

/** @throws ModelNotFoundError, PinnedModelError */
async function checkDeletable(store: ModelStore, given: string, force: boolean): Promise<void> {
  const tag = Tag.parse(given);
  const found = await store.get(tag).then(
    (model) => model.tag,
    (error: unknown) => {
      // An unreadable model may still be deleted.
      if (!(error instanceof CorruptModelError)) throw error;
      return tag;
    },
  );
  if (!tag.isLatest && found.version !== tag.version) {
    throw new CommandError(
      `"${given}" is only the start of ${found}`,
      'Give the whole version to delete it',
    );
  }
  if (force) return;
  const tags =
    tag.version === undefined ? (await store.list(tag.name)).map((model) => model.tag) : [found];
  for (const pinned of await pinsOf(store.home, tags)) throw new PinnedModelError(...pinned);
}

async function confirm(tags: readonly string[]): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new CommandError(
      `The deletion of ${tags.join(', ')} cannot be confirmed: stdin is not a terminal`,
      'Add --yes to delete without confirmation',
    );
  }
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await reader.question(`Delete ${tags.join(', ')}? [y/N] `);
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    reader.close();
  }
  throw new CommandError('Nothing was deleted', 'Answer y to delete');
}
