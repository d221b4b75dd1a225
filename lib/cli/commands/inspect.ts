import { CommandError } from '../errors.js';
import type { Inspection } from '../inspect/inspection.js';
import { learnerOptionsOf, type LearnerFlags } from '../learner-options.js';
import type { StoreOptions } from '../options.js';
import { print, type OutputFormat } from '../output/print.js';
import { withWait } from '../output/status.js';
import { withSource } from '../source/with-source.js';

export async function inspect(
  target: string,
  options: StoreOptions &
    LearnerFlags & {
      output: OutputFormat;
      globals?: boolean;
      modules?: boolean;
      showCode?: boolean;
    },
): Promise<void> {
  const { output, globals = false, modules = false, showCode = false } = options;
  const [listed] = [
    globals && '--globals',
    modules && '--modules',
    showCode && '--show-code',
  ].filter((option) => option !== false);
  if (output !== 'table' && listed !== undefined) {
    throw new CommandError(`${listed} is for the table; ${output} always includes them`, 'Omit it');
  }
  await withSource(target, options, async ({ file, model, versions, load }) => {
    const [{ inspectFile }, { viewOf }] = await Promise.all([
      import('../inspect/inspection.js'),
      import('../inspect/view.js'),
    ]);
    const found = await withWait(`reading ${target}`, () =>
      inspectFile(file, { ...load, ...learnerOptionsOf(options) }),
    );
    const inspection = {
      ...(model ? { tag: model.tag.toString() } : {}),
      ...found,
      versions: { ...found.versions, ...versions },
    };
    await print(plain(inspection), output, (screen) =>
      viewOf(inspection, { target, globals, modules, code: showCode }, screen),
    );
  });
}

/** Columns are next to the description, without their categories, which may be very many. */
function plain<T extends Inspection>(inspection: T): T {
  const { description } = inspection;
  return description
    ? { ...inspection, description: { ...description, columns: undefined } }
    : inspection;
}
