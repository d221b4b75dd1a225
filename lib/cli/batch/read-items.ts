import type { Chunk, ReadOptions } from './chunk.js';
import type { BatchFile } from './files.js';

/** The column with the paths of files that are one item each. */
export const PATH = 'path';

/** Files that are one item each. They are opened when they are predicted. */
export function* readItems(files: readonly BatchFile[], options: ReadOptions): Generator<Chunk> {
  let bytes = 0;
  for (let first = 0; first < files.length; first += options.rows) {
    const some = files.slice(first, first + options.rows);
    for (const { size } of some) bytes += size;
    yield {
      file: some[0]!,
      first,
      rows: some.length,
      bytes,
      columns: options.wanted()
        ? new Map([[PATH, { cells: some.map(({ path }) => path) }]])
        : undefined,
      faults: new Map(),
    };
  }
}
