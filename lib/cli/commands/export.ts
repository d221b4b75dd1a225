import { NotALearnerError } from '../../learner/fastai/errors.js';
import type { Exportable } from '../../learner/export/export-onnx.js';
import type { ExportedModel, ExportOptions } from '../../learner/export/options.js';
import { CommandError } from '../errors.js';
import { learnerOptionsOf, type LearnerFlags } from '../learner-options.js';
import type { StoreOptions } from '../options.js';
import { print, warn, type OutputFormat } from '../output/print.js';
import { withWait } from '../output/status.js';
import { listing } from '../output/table.js';
import type { Source } from '../source/source.js';
import { withSource } from '../source/with-source.js';

interface ExportFlags extends StoreOptions, LearnerFlags {
  readonly to: 'onnx' | 'triton';
  readonly output: OutputFormat;
  readonly opset?: number;
  readonly normalize: boolean;
  readonly pixels?: 'uint8' | 'float32';
  readonly raw?: boolean;
  readonly check?: string;
  readonly name?: string;
  readonly modelVersion?: number;
  readonly maxBatchSize?: number;
  readonly force?: boolean;
}

export async function exportForServers(
  target: string,
  folder: string,
  flags: ExportFlags,
): Promise<void> {
  refuseTritonOptions(flags);
  await withSource(target, flags, async (source) => {
    const { exportable, kind, versions } = await subjectOf(source, flags);
    refuseUnused(kind, flags);
    const options: ExportOptions = {
      normalize: flags.normalize,
      raw: flags.raw ?? false,
      overwrite: flags.force ?? false,
      versions: { ...versions, ...source.versions },
      ...(flags.opset !== undefined && { opset: flags.opset }),
      ...(flags.pixels !== undefined && { pixels: flags.pixels }),
      ...(flags.check !== undefined && { check: await itemOf(flags.check, kind) }),
    };
    const made = await withWait(`exporting ${target}`, () =>
      written(exportable, folder, source.name, options, flags),
    );
    for (const note of made.notes) warn(note);
    await show(made, flags.output);
  });
}

async function written(
  exportable: Exportable,
  folder: string,
  name: string,
  options: ExportOptions,
  flags: ExportFlags,
): Promise<ExportedModel> {
  if (flags.to === 'onnx') {
    const { exportOnnx } = await import('../../learner/export/export-onnx.js');
    return exportOnnx(exportable, folder, options);
  }
  const { exportTriton } = await import('../../learner/export/triton/export-triton.js');
  const { modelVersion: version, maxBatchSize } = flags;
  return exportTriton(exportable, folder, {
    ...options,
    name: flags.name ?? name,
    ...(version !== undefined && { version }),
    ...(maxBatchSize !== undefined && { maxBatchSize }),
  });
}

function refuseTritonOptions({ to, name, modelVersion, maxBatchSize }: ExportFlags): void {
  const given = {
    '--name': name,
    '--model-version': modelVersion,
    '--max-batch-size': maxBatchSize,
  };
  const [option] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  if (to === 'triton' || option === undefined) return;
  throw new CommandError(`${option} is for a Triton repository`, `Omit it, or give --to triton`);
}

/** No option is ignored. @throws CommandError */
function refuseUnused(kind: Found['kind'], { normalize, pixels, raw }: ExportFlags): void {
  const refuse = (option: string, fact: string): never => {
    throw new CommandError(
      `${option} ${fact}, but this is ${kind === 'module' ? 'a model without a learner' : `a learner of kind "${kind}"`}`,
      `Omit ${option}`,
    );
  };
  if (pixels !== undefined && kind !== 'vision') refuse('--pixels', 'is for learners of images');
  if (pixels !== undefined && !normalize) {
    throw new CommandError(
      '--pixels and --no-normalize cannot be combined: with --no-normalize the inputs are not pixels',
      'Omit one of them',
    );
  }
  if (!normalize && !['vision', 'tabular', 'collab'].includes(kind)) {
    refuse('--no-normalize', 'is for learners of images and rows');
  }
  if (raw && (kind === 'module' || kind === 'lm')) {
    refuse('--raw', 'is for learners whose loss has an activation');
  }
}

interface Found {
  readonly exportable: Exportable;
  readonly kind: Parameters<(typeof import('../predict/items.js'))['itemsOf']>[1];
  /** The packages that wrote the file, judging by the names in it. */
  readonly versions: Readonly<Record<string, string>>;
}

/** A learner, or a model without one. */
async function subjectOf(source: Source, flags: ExportFlags): Promise<Found> {
  const { file, model, load: kept } = source;
  const load = { ...kept, ...learnerOptionsOf(flags) };
  const [{ FASTAI }, { isOnnx }, { openLearnerFile }, { versionsOf }] = await Promise.all([
    import('../../serving/models/fastai/rules.js'),
    import('../../learner/pytorch/index.js'),
    import('../../learner/fastai/learner-file.js'),
    import('../inspect/globals.js'),
  ]);
  if (model ? FASTAI.modules.includes(model.info.module) : !isOnnx(file)) {
    try {
      const { kind, torchFile } = openLearnerFile(file);
      torchFile.close();
      const versions = versionsOf(torchFile.globals);
      return { exportable: { learner: file, options: load }, kind, versions };
    } catch (error) {
      if (model || !(error instanceof NotALearnerError)) throw error;
    }
  }
  const { modelInputsOf } = await import('../../serving/models/pytorch/options.js');
  const inputs = model && modelInputsOf(model);
  const { code } = load;
  const options = { ...(inputs && { inputs }), ...(code !== undefined && { code }) };
  return { exportable: { module: file, options }, kind: 'module', versions: {} };
}

/** One item, as predict takes it. */
async function itemOf(argument: string, kind: Found['kind']): Promise<unknown> {
  const { itemsOf } = await import('../predict/items.js');
  const [item, ...others] = await itemsOf(argument, kind);
  if (item !== undefined && others.length === 0) return item;
  throw new CommandError(
    `--check has ${others.length + (item === undefined ? 0 : 1)} items`,
    'Give one',
  );
}

async function show(made: ExportedModel, output: OutputFormat): Promise<void> {
  // Vocabularies are left out: they are long, and in separate files.
  const { metadata: _, ...facts } = made;
  const tensors = (list: ExportedModel['inputs']): string =>
    list
      .map(
        ({ name, dtype, shape }) =>
          `${name} ${dtype} [${shape.map((size) => size ?? '?').join(', ')}]`,
      )
      .join('; ');
  await print(facts, output, (screen) =>
    listing(
      [
        ['Files', made.files.join(', ')],
        ['Opset', String(made.opset)],
        ['Inputs', tensors(made.inputs)],
        ['Outputs', tensors(made.outputs)],
        ['Batches', made.batched ? 'of any size' : 'one row at a time'],
        ['Difference', made.difference === 0 ? 'none' : made.difference.toExponential(1)],
      ],
      screen,
    ),
  );
}
