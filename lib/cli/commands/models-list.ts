import { filesOf } from '../../serving/store/archive/files-of.js';
import type { Model } from '../../serving/store/index.js';
import { print, type OutputFormat } from '../output/print.js';
import { table } from '../output/table.js';
import { formatBytes, formatTime } from '../output/units.js';
import { pairs } from '../pairs.js';
import { openStore, type StoreOptions } from '../store-option.js';

/** `vts models list`. */
export async function listModels(
  name: string | undefined,
  options: StoreOptions & { output: OutputFormat; label?: string[] },
): Promise<void> {
  const store = await openStore(options);
  const labels = Object.fromEntries(pairs(options.label, '--label'));
  const models = await store.list({ ...(name === undefined ? {} : { name }), labels });
  models.sort((a, b) => b.info.creationMicros - a.info.creationMicros);
  const rows = await Promise.all(models.map(rowOf));
  await print(rows, options.output, () =>
    table(
      ['Tag', 'Module', 'Size', 'Creation Time'],
      rows.map(({ tag, module, size, creation_time }) => [tag, module, size, creation_time]),
    ),
  );
}

/** Under BentoML's keys. */
async function rowOf(model: Model): Promise<{
  tag: string;
  module: string;
  size: string;
  creation_time: string;
}> {
  const files = await filesOf(model.path).catch(() => []);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return {
    tag: model.tag.toString(),
    module: model.info.module,
    size: formatBytes(bytes),
    creation_time: formatTime(model.info.creationTime),
  };
}
