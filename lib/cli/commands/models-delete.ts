import { createInterface } from 'node:readline/promises';
import { PinnedModelError, Tag, type ModelStore } from '../../serving/store/index.js';
import { pinsOf } from '../../serving/store/pins.js';
import { CommandError } from '../errors/cli.error.js';
import { write } from '../output/print.js';
import { openStore, type StoreOptions } from '../store-option.js';

/** `vts models delete`. */
export async function deleteModels(
  given: readonly string[],
  options: StoreOptions & { yes?: boolean; force?: boolean },
): Promise<void> {
  const store = await openStore(options);
  const tags = given.flatMap((text) => text.split(',')).filter((text) => text !== '');
  // What is wrong with any of them shows before the first one goes.
  for (const tag of tags) await check(store, tag, options.force === true);
  if (!options.yes) await ask(tags);
  for (const tag of tags) {
    const deleted = await store.delete(tag, { force: options.force === true });
    for (const each of deleted) write(`${each} deleted.`);
  }
}

/** @throws ModelNotFoundError, PinnedModelError */
async function check(store: ModelStore, given: string, force: boolean): Promise<void> {
  const tag = Tag.parse(given);
  const found = await store.get(tag).then(
    (model) => model.tag,
    (error: Error) => {
      // One that cannot be read may be deleted all the same.
      if (error.name !== 'CorruptModelError') throw error;
      return tag;
    },
  );
  if (!tag.isLatest && found.version !== tag.version) {
    throw new CommandError(
      `"${given}" is the beginning of ${found} only`,
      'Give the version in full to delete it',
    );
  }
  if (force) return;
  const models = tag.version === undefined ? await store.list(tag.name) : [{ tag: found }];
  const pins = await pinsOf(
    store.home,
    models.map((model) => model.tag),
  );
  for (const pinned of pins) throw new PinnedModelError(...pinned);
}

async function ask(tags: readonly string[]): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new CommandError(
      `Nobody is there to confirm that ${tags.join(', ')} may be deleted`,
      'Add --yes to delete without a question',
    );
  }
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await reader.question(`delete ${tags.join(', ')}? [y/N] `);
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    reader.close();
  }
  throw new CommandError('Nothing was deleted', 'Answer y to delete');
}
