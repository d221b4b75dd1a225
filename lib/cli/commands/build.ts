import { buildBundle } from '../build/build-bundle.js';
import { readVtsfile } from '../build/vtsfile.js';
import { print, type OutputFormat } from '../output/print.js';
import { StepLine } from '../output/step-line.js';
import { openStore, type StoreOptions } from '../store-option.js';

/** `vts build`. */
export async function build(
  folder: string,
  options: StoreOptions & {
    readonly file?: string;
    readonly name?: string;
    readonly version?: string;
    readonly output: OutputFormat;
  },
): Promise<void> {
  const file = await readVtsfile(folder, options.file);
  const store = await openStore(options);
  const { name, version } = options;
  const line = new StepLine();
  let built;
  try {
    built = await buildBundle(store, folder, file, {
      ...(name === undefined ? {} : { name }),
      ...(version === undefined ? {} : { version }),
      onStep: (step) => line.show(step),
    });
  } finally {
    line.end();
  }
  for (const warning of built.warnings) process.stderr.write(`vts: warning: ${warning}\n`);
  const { tag, path, models } = built;
  await print({ tag: String(tag), path, models }, options.output, () =>
    [`${tag} built at ${path}.`, `Models: ${models.join(', ') || 'none'}`].join('\n'),
  );
}
