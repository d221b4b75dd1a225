import { stat } from 'node:fs/promises';
import { openLearnerFile, type LearnerFile } from '../../learner/fastai/learner-file.js';
import { NotALearnerError } from '../../learner/fastai/errors.js';
import { Learner } from '../../learner/fastai/learner.js';
import { UnsupportedModuleError } from '../../learner/onnx/errors.js';
import type { LearnerDescription } from '../../learner/fastai/contract.js';
import { isOnnx, TorchModel, type ModelInput } from '../../learner/pytorch/index.js';
import {
  asItems,
  qualifiedNameOf,
  readTorchFile,
  type TorchFile,
} from '../../learner/torch/index.js';
import { Module } from '../../learner/torch/module.js';
import { PyDict, PyObject } from '../../learner/torch/python.js';
import type { KeepableOptions } from '../../serving/models/kept/keep-options.js';
import { CommandError } from '../errors.js';
import { architectureOf, type ModuleFacts } from './architecture.js';
import { riskOf, versionsOf, type GlobalRisk } from './globals.js';
import { ownCodeOf, type OwnCode } from './own-code.js';
import { transformsOf, type TransformFacts } from './transforms.js';

const MOST_CLASSES = 100;

export interface ColumnFacts {
  readonly name: string;
  readonly kind: string;
  /** How many categories it has, without `#na#`. */
  readonly categories?: number;
}

/** The contents of a torch file. */
export interface Inspection {
  readonly file: string;
  readonly bytes: number;
  /** The learner's kind (`text`, `tabular`...), or `module`, `weights` or `other`. */
  readonly kind: string;
  readonly class: string;
  readonly format: TorchFile['format'];
  readonly versions: Readonly<Record<string, string>>;
  readonly parameters: number;
  /** For a learner that can be loaded: its input and predictions. */
  readonly description?: LearnerDescription;
  /** For a model without a learner that can be loaded: its input tensors. */
  readonly inputs?: readonly Pick<ModelInput, 'name' | 'dtype' | 'shape'>[];
  readonly loss?: string;
  readonly transforms?: TransformFacts;
  readonly vocabulary?: { readonly sizes: readonly number[]; readonly classes?: readonly string[] };
  /** For learners of rows. */
  readonly columns?: readonly ColumnFacts[];
  readonly architecture: readonly ModuleFacts[];
  readonly servable: boolean;
  readonly reason?: string;
  readonly withoutLowering: readonly { readonly path: string; readonly class: string }[];
  /** The user's own classes and functions with code in the file or in given source. */
  readonly code: readonly OwnCode[];
  readonly globals: readonly { readonly name: string; readonly risk?: GlobalRisk }[];
}

/** Inspects a file that torch wrote, without running any of its code. */
export async function inspectFile(file: string, load: KeepableOptions = {}): Promise<Inspection> {
  if (isOnnx(file)) {
    throw new CommandError(
      `${file} is an ONNX model, which does not contain classes or transforms`,
      'Predict with it, or serve it',
    );
  }
  let learner: LearnerFile;
  try {
    learner = openLearnerFile(file);
  } catch (error) {
    if (!(error instanceof NotALearnerError)) throw error;
    return inspectOther(file, load);
  }
  try {
    const { torchFile, model, dls, loss, kind, className } = learner;
    const architecture = await architectureOf(model, load.code !== undefined);
    return {
      ...(await common(file, torchFile)),
      kind,
      class: className,
      parameters: architecture[0]?.parameters ?? 0,
      loss: loss instanceof PyObject ? (qualifiedNameOf(loss) ?? loss.className) : undefined,
      transforms: transformsOf(dls),
      architecture,
      ...(await tryLearner(file, learner, architecture, load)),
      code: await ownCodeOf(torchFile.root, torchFile.globals, load.code),
      globals: globalsOf(torchFile),
    };
  } finally {
    learner.torchFile.close();
  }
}

async function common(file: string, torchFile: TorchFile) {
  return {
    file,
    bytes: (await stat(file)).size,
    format: torchFile.format,
    versions: versionsOf(torchFile.globals),
  };
}

function globalsOf(torchFile: TorchFile): Inspection['globals'] {
  return torchFile.globals
    .map((global) => ({ name: global.qualifiedName, risk: riskOf(global) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

type Outcome = Pick<
  Inspection,
  'servable' | 'reason' | 'withoutLowering' | 'vocabulary' | 'columns' | 'description' | 'inputs'
>;

/** Loading is the only sure test: whether a module can be lowered depends on its attributes too. */
async function tryLearner(
  file: string,
  record: LearnerFile,
  architecture: readonly ModuleFacts[],
  load: KeepableOptions,
): Promise<Outcome> {
  try {
    const learner = await Learner.load(file, load);
    const outcome = { servable: true, withoutLowering: [], ...loadedFacts(learner) };
    await learner.release();
    return outcome;
  } catch (error) {
    const sizes = vocabularySizes(record);
    return {
      ...failure(error, architecture),
      vocabulary: sizes.length > 0 ? { sizes } : undefined,
    };
  }
}

function loadedFacts(learner: Learner): Pick<Inspection, 'vocabulary' | 'columns' | 'description'> {
  const { vocab, kind, description } = learner;
  const single = vocab.every((entry) => typeof entry === 'string');
  const lists = (single ? [vocab] : vocab) as readonly (readonly string[])[];
  // The vocabulary of texts comes first; a language model has no other.
  const ofTokens = kind === 'lm' || (kind === 'text' && lists.length === 1);
  const classes = ofTokens ? undefined : lists.at(-1);
  const vocabulary = {
    sizes: lists.map(({ length }) => length).filter((length) => length > 0),
    ...(classes && classes.length > 0 && classes.length <= MOST_CLASSES ? { classes } : {}),
  };
  if (kind !== 'tabular' && kind !== 'collab') return { description, vocabulary };
  const columns = learner.schema.columns.map(({ name, kind: type, categories }) => ({
    name,
    kind: type,
    categories: categories?.length,
  }));
  return { description, vocabulary, columns };
}

function failure(error: unknown, architecture: readonly ModuleFacts[]): Outcome {
  const missing = new Map(
    architecture.filter(({ lowering }) => !lowering).map((module) => [module.path, module.class]),
  );
  if (error instanceof UnsupportedModuleError) missing.set(error.path, error.className);
  return {
    servable: false,
    reason: (error as Error).message,
    withoutLowering: [...missing].map(([path, name]) => ({ path, class: name })),
  };
}

/** Sizes of the vocabularies that transforms keep. */
function vocabularySizes({ dls }: LearnerFile): number[] {
  return [...dls.inputs, ...dls.targets].flatMap(({ transforms }) =>
    transforms.flatMap((transform) => {
      const size = transform instanceof PyObject ? asItems(transform.attr('vocab'))?.length : 0;
      return size ? [size] : [];
    }),
  );
}

/** A model without a learner, or no model at all. */
async function inspectOther(file: string, load: KeepableOptions): Promise<Inspection> {
  const torchFile = readTorchFile(file);
  try {
    const { root } = torchFile;
    const model = Module.from(root);
    const architecture = model ? await architectureOf(model, load.code !== undefined) : [];
    const kind = model ? 'module' : root instanceof PyDict ? 'weights' : 'other';
    return {
      ...(await common(file, torchFile)),
      kind,
      class: root instanceof PyObject ? root.className : typeof root,
      parameters: architecture[0]?.parameters ?? 0,
      architecture,
      ...(model ? await tryModule(file, architecture, load) : NO_MODEL),
      code: await ownCodeOf(root, torchFile.globals, load.code),
      globals: globalsOf(torchFile),
    };
  } finally {
    torchFile.close();
  }
}

const NO_MODEL: Outcome = {
  servable: false,
  reason:
    'The file does not contain a model, at most weights: export the learner with learner.export().',
  withoutLowering: [],
};

async function tryModule(
  file: string,
  architecture: readonly ModuleFacts[],
  { code }: KeepableOptions,
): Promise<Outcome> {
  try {
    const model = await TorchModel.load(file, code === undefined ? {} : { code });
    await model.release();
    return { servable: true, withoutLowering: [], inputs: model.inputs };
  } catch (error) {
    return failure(error, architecture);
  }
}
