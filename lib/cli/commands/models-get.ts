import { parse } from 'yaml';
import { print, write, type OutputFormat } from '../output/print.js';
import { listing } from '../output/table.js';
import { openStore, type StoreOptions } from '../store-option.js';

/** `vts models get`. */
export async function getModel(
  tag: string,
  options: StoreOptions & { output: OutputFormat | 'path' },
): Promise<void> {
  const { path, info } = await (await openStore(options)).get(tag);
  const { output } = options;
  if (output === 'path') return write(path);
  // As it stands in the file, unknown keys included.
  const text = info.toYaml();
  if (output === 'yaml') return write(text);
  const facts = parse(text) as Record<string, unknown>;
  await print(facts, output, () =>
    listing([
      ...Object.entries(facts).map(
        ([key, value]) =>
          [key, typeof value === 'string' ? value : JSON.stringify(value)] as [string, string],
      ),
      ['path', path],
    ]),
  );
}
