import { stat } from 'node:fs/promises';
import { ProgressBar } from '../output/progress.js';
import { write } from '../output/print.js';
import { formatBytes } from '../output/units.js';
import { openStore, type StoreOptions } from '../store-option.js';

/** `vts models import`. */
export async function importModel(
  archive: string,
  options: StoreOptions & { force?: boolean },
): Promise<void> {
  const store = await openStore(options);
  const packed = (await stat(archive).catch(() => undefined))?.size;
  const bar = new ProgressBar(`import ${packed ? formatBytes(packed) : ''}`, formatBytes);
  try {
    const model = await store.import(archive, {
      force: options.force === true,
      onProgress: (bytes) => bar.update(bytes),
    });
    bar.end();
    write(`${model.tag} imported.`);
  } finally {
    bar.end();
  }
}
