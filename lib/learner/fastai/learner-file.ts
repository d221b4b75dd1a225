import {
  asItems,
  describeValue,
  Module,
  PyDict,
  PyGlobal,
  PyObject,
  readTorchFile,
  type PyValue,
  type TorchFile,
} from '../torch/index.js';
import { isArrayClass, isOwnTensor } from './arrays/own-class.js';
import type { LearnerKind } from './contract.js';
import { readDataLoaders, type DataLoadersRecord } from './data/data-loaders.js';
import { transformName } from './data/pipeline.js';
import { takesSeveral } from './data/several-inputs.js';
import { FastaiVersionError, NotALearnerError } from './errors.js';

/** An export.pkl before lowering: inert records and the module tree. */
export interface LearnerFile {
  /** The path of the file, or its bytes. */
  readonly source: string | Uint8Array;
  readonly kind: LearnerKind;
  readonly className: string;
  readonly record: PyObject;
  readonly dls: DataLoadersRecord;
  readonly model: Module;
  readonly loss: PyValue | undefined;
  readonly torchFile: TorchFile;
}

/** @throws FastaiVersionError, NotALearnerError, and the errors of `readTorchFile`. */
export function openLearnerFile(source: string | Uint8Array): LearnerFile {
  const torchFile = readTorchFile(source);
  try {
    return readLearner(torchFile, source);
  } catch (error) {
    torchFile.close();
    throw error;
  }
}

function readLearner(torchFile: TorchFile, source: string | Uint8Array): LearnerFile {
  refuseVersionOne(torchFile);
  const record = torchFile.root;
  if (!(record instanceof PyObject)) throw new NotALearnerError(describe(record));
  const dls = readDataLoaders(record.attr('dls'));
  const model = Module.from(record.attr('model'));
  if (dls === undefined || model === undefined) throw new NotALearnerError(describe(record));
  return {
    source,
    kind: kindOf(record, dls),
    className: record.className,
    record,
    dls,
    model,
    loss: record.attr('loss_func'),
    torchFile,
  };
}

/** Modules of fastai 1 that version 2 does not have. */
const VERSION_ONE =
  /^fastai\.(basic_train|basic_data|data_block|torch_core|core|layers|train|callback|text\.(transform|data|learner|models)|vision\.(image|data|learner|transform)|tabular\.(transform|data|models))$/;
const VERSION_ONE_ONLY =
  /^fastai\.(basic_train|basic_data|data_block|text\.transform|vision\.image)$/;

function refuseVersionOne({ root, globals }: TorchFile): void {
  const telling = globals.find(({ module }) => VERSION_ONE_ONLY.test(module));
  if (telling) throw new FastaiVersionError(telling.qualifiedName);
  // Version 1 exported a dictionary with the learner's class under "cls".
  const cls = root instanceof PyDict ? root.get('cls') : undefined;
  if (cls instanceof PyGlobal && VERSION_ONE.test(cls.module)) {
    throw new FastaiVersionError(cls.qualifiedName);
  }
}

function kindOf(record: PyObject, dls: DataLoadersRecord): LearnerKind {
  const learner = transformName(record);
  const dataset = dls.dataset ? transformName(dls.dataset) : '';
  // Two models that train each other, without a target.
  if (learner === 'GANLearner') return 'custom';
  if (dataset === 'TabularCollab') return 'collab';
  if (dataset.startsWith('Tabular')) return 'tabular';
  if (takesSeveral(dls)) return 'mixed';
  const stages = dls.inputs.flatMap(({ transforms }) => transforms.map(transformName));
  if (stages.includes('Numericalize')) {
    return learner === 'LMLearner' || dls.targets.length === 0 ? 'lm' : 'text';
  }
  // Not an image that PIL opens, whatever changes it later.
  if (isOwnTensor(asItems(dls.inputs[0]?.types)?.at(-1))) return 'array';
  if (readsImages(dls)) return 'vision';
  return readsArrays(dls) ? 'array' : 'custom';
}

/**
 * One input of arrays or tensors, by the class of the transformed input, or by a dataset without
 * transforms.
 */
function readsArrays({ dataset, inputs, loader }: DataLoadersRecord): boolean {
  // tsai's loader of several loaders gives a tuple of their outputs.
  if (inputs.length > 1 || transformName(loader) === 'MixedDataLoader') return false;
  const [input] = inputs;
  if (!input) return dataset !== undefined && asItems(dataset.attr('tls')) === undefined;
  if (input.transforms.length === 0 && !Array.isArray(input.types)) return true;
  return isArrayClass(asItems(input.types)?.at(-1));
}

function readsImages(dls: DataLoadersRecord): boolean {
  const telling = ['IntToFloatTensor', 'Resize', 'RandomResizedCrop', 'CropPad'];
  return [...dls.afterItem, ...dls.afterBatch].some((transform) =>
    telling.includes(transformName(transform)),
  );
}

function describe(value: PyValue): string {
  if (value instanceof PyDict) return 'a dictionary (weights saved with learner.save(), perhaps)';
  const module = Module.from(value);
  if (module) return `a bare model of class "${module.className}"`;
  return describeValue(value);
}
