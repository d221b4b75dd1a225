import { CommandError } from '../errors.js';
import type { Inspection } from '../inspect/inspection.js';
import type { StoreOptions } from '../options.js';
import { print, type OutputFormat } from '../output/print.js';
import { withWait } from '../output/status.js';
import { withSource } from '../source/with-source.js';

export async function inspect(
  target: string,
  options: StoreOptions & { output: OutputFormat; globals?: boolean; modules?: boolean },
): Promise<void> {
  const { output, globals = false, modules = false } = options;
  if (output !== 'table' && (globals || modules)) {
    const option = globals ? '--globals' : '--modules';
    throw new CommandError(`${option} is for the table; ${output} always has them`, 'Omit it');
  }
  await withSource(target, options, async ({ file, model, versions }) => {
    const [{ inspectFile }, { viewOf }] = await Promise.all([
      import('../inspect/inspection.js'),
      import('../inspect/view.js'),
    ]);
    const found = await withWait(`reading ${target}`, () => inspectFile(file));
    const inspection = {
      ...(model ? { tag: model.tag.toString() } : {}),
      ...found,
      versions: { ...found.versions, ...versions },
    };
    await print(plain(inspection), output, (screen) =>
      viewOf(inspection, { target, globals, modules }, screen),
    );
  });
}

/** Columns stand beside the description, without their categories: there may be very many. */
function plain<T extends Inspection>(inspection: T): T {
  const { description } = inspection;
  return description
    ? { ...inspection, description: { ...description, columns: undefined } }
    : inspection;
}
