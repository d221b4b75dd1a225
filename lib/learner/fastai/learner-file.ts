import {
  Module,
  PyDict,
  PyGlobal,
  PyObject,
  readTorchFile,
  type PyValue,
  type TorchFile,
} from '../torch/index.js';
import type { LearnerKind } from './contract.js';
import { readDataLoaders, type DataLoadersRecord } from './data/data-loaders.js';
import { transformName } from './data/pipeline.js';
import { FastaiVersionError, NotALearnerError } from './errors.js';

/** An export.pkl, read but not yet lowered: inert records and the module tree. */
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

/** Modules of fastai 1, and those that version 2 does not have. */
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
  if (dataset === 'TabularCollab') return 'collab';
  if (dataset.startsWith('Tabular')) return 'tabular';
  const stages = dls.inputs.flatMap(({ transforms }) => transforms.map(transformName));
  if (stages.includes('Numericalize')) {
    return learner === 'LMLearner' || dls.targets.length === 0 ? 'lm' : 'text';
  }
  return readsImages(dls) ? 'vision' : 'custom';
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
  if (value instanceof PyObject) return `an object of class "${value.className}"`;
  if (value === null) return 'None';
  return `a value of another kind (${Array.isArray(value) ? 'a list' : typeof value})`;
}
