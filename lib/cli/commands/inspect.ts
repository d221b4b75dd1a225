import { inspectFile, type ColumnFacts, type Inspection } from '../inspect/inspection.js';
import type { StoreOptions } from '../options.js';
import { print, type OutputFormat } from '../output/print.js';
import { formatBytes, formatCount, listing, oneLine } from '../output/table.js';
import { resolveTarget } from '../target.js';

export async function inspect(
  target: string,
  options: StoreOptions & { output: OutputFormat },
): Promise<void> {
  const { file, model } = await resolveTarget(target, options);
  const found = await inspectFile(file);
  const inspection: Inspection & { tag?: string } = model
    ? {
        tag: model.tag.toString(),
        ...found,
        versions: { ...found.versions, ...model.info.context.frameworkVersions },
      }
    : found;
  await print(inspection, options.output, () => describe(inspection));
}

function describe(it: Inspection & { tag?: string }): string {
  const versions = Object.entries(it.versions).map(([name, version]) => `${name} ${version}`);
  const facts: [string, string][] = [
    ['File', `${it.file} (${formatBytes(it.bytes)}, ${it.format} format)`],
    ['Kind', it.kind],
    ['Class', it.class],
    ['Versions', versions.join(', ') || 'unknown'],
    ['Parameters', formatCount(it.parameters)],
    ['Loss', it.loss ?? '-'],
    ['Vocabulary', vocabulary(it)],
    ['Servable', it.servable ? 'yes' : `no: ${it.reason}`],
  ];
  if (it.tag !== undefined) facts.unshift(['Tag', it.tag]);
  const parts = [listing(facts)];
  const pipelines = Object.entries(it.transforms ?? {});
  if (pipelines.length > 0) {
    const rows = pipelines.map(([name, transforms]) => [name, transforms.join('\n')] as const);
    parts.push('Transforms', indent(listing(rows)));
  }
  if (it.columns) parts.push('Columns', indent(columns(it.columns)));
  if (it.architecture.length > 0) parts.push('Architecture', indent(tree(it)));
  if (it.withoutLowering.length > 0) {
    const missing = it.withoutLowering.map(
      ({ path, class: name }) => `${path || '(the model)'}  ${name}`,
    );
    parts.push('Without lowering', indent(missing.join('\n')));
  }
  const marked = it.globals.filter(({ risk }) => risk !== undefined).length;
  const lines = it.globals.map(({ name, risk }) =>
    oneLine(risk ? `! ${name}  ${risk}` : `  ${name}`),
  );
  parts.push(`Globals (${it.globals.length}, ${marked} marked)`, indent(lines.join('\n')));
  return parts.join('\n\n').replace(/\n\n( +)/g, '\n$1');
}

function vocabulary({ vocabulary: it }: Inspection): string {
  if (!it || it.sizes.length === 0) return '-';
  const sizes = it.sizes.map(formatCount).join(', ');
  return it.classes ? `${sizes} (${it.classes.join(', ')})` : sizes;
}

function columns(facts: readonly ColumnFacts[]): string {
  return listing(
    facts.map(({ name, kind, categories }) => [
      oneLine(name),
      categories === undefined ? kind : `${kind} (${formatCount(categories)})`,
    ]),
  );
}

function tree({ architecture }: Inspection): string {
  const counts = architecture.map(({ parameters }) => formatCount(parameters));
  const width = Math.max(...counts.map(({ length }) => length));
  return architecture
    .map(({ path, class: name, depth, lowering }, i) => {
      const own = path.slice(path.lastIndexOf('.') + 1);
      const short = name.slice(name.lastIndexOf('.') + 1);
      const label = own === '' ? short : `${own}: ${short}`;
      return oneLine(
        `${counts[i]!.padStart(width)}  ${'  '.repeat(depth)}${label}${lowering ? '' : '  (no lowering)'}`,
      );
    })
    .join('\n');
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
