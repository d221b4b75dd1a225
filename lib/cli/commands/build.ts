import { buildBundle } from '../build/build-bundle.js';
import { readVtsfile } from '../build/vtsfile.js';
import { openStore, type StoreOptions } from '../options.js';
import { print, warn, type OutputFormat } from '../output/print.js';
import { withSteps } from '../output/status.js';

export async function build(
  folder: string,
  options: StoreOptions & {
    readonly file?: string;
    readonly name?: string;
    readonly version?: string;
    readonly slim?: boolean;
    readonly kubernetes?: boolean;
    readonly output: OutputFormat;
  },
): Promise<void> {
  const file = await readVtsfile(folder, options.file);
  const store = await openStore(options);
  const { name, version, slim, kubernetes, output } = options;
  const { tag, path, models, warnings } = await withSteps((onStep) =>
    buildBundle(store, folder, file, { name, version, slim, kubernetes, onStep }),
  );
  for (const warning of warnings) warn(warning);
  await print({ tag: String(tag), path, models }, output, () =>
    [`${tag} built at ${path}.`, `Models: ${models.join(', ') || 'none'}`].join('\n'),
  );
}
