import { ProgressBar } from '../output/progress.js';
import { write } from '../output/print.js';
import { formatBytes } from '../output/units.js';
import { openStore, type StoreOptions } from '../store-option.js';

/** `vts models export`. */
export async function exportModel(
  tag: string,
  out: string | undefined,
  options: StoreOptions & { force?: boolean },
): Promise<void> {
  const store = await openStore(options);
  const bar = new ProgressBar('export', formatBytes);
  try {
    const path = await store.export(tag, out, {
      force: options.force === true,
      onProgress: (bytes, total) => bar.update(bytes, total),
    });
    bar.end();
    write(`${tag} exported to ${path}.`);
  } finally {
    bar.end();
  }
}
